"""A dataset of a Dataverse repository, by its persistent identifier; the last published version.

After ``@`` comes another version. The files are asked for as the guide's section "List Files in a
Dataset" has it (https://guides.dataverse.org/en/latest/api/native-api.html), in pages; the
versions that know no pages say no ``totalCount``, and give all files at once.
Each file is read as by the format ``dataverse``. Restricted files are listed like others; who
fetches them needs a login.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.dataverse import file_records
from datalad_jsdl.manifest.formats.documents import dig, each
from datalad_jsdl.manifest.portals.paging import (
    Closed,
    ask,
    counted_pages,
    explained,
    items_of,
    login_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api
    from datalad_jsdl.manifest.record import Record

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = (
    "dataverse:doi:10.7910/DVN/TJCLKP",
    "dataverse:doi:10.7910/DVN/TJCLKP@1.2",
    "dataverse:hdl:1902.1/00875@draft",
)
BASE: str | None = "https://dataverse.harvard.edu"
API = "/api"

_REST = re.compile(
    r"((?:doi|hdl|perma):[!->A-~]+?)(?:@([0-9]+(?:\.[0-9]+)?|draft))?", re.IGNORECASE
)
_SIZE = 1000  # files a page


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record a file."""
    match = _REST.fullmatch(rest)
    if match is None or "@" in match[1]:
        raise ManifestError(f"expected an address such as {' or '.join(EXAMPLES)}")
    version = match[2] or ":latest-published"
    if version.lower() == "draft":
        version = ":draft"
    listing = (
        f"{base}/api/datasets/:persistentId/versions/{version}/files"
        f"?persistentId={quote(match[1], safe=':/')}"
    )
    closed = Closed(
        "to see the dataset, you need an API token with access",
        login_line(base, " kind=header header=X-Dataverse-key"),
    )
    unknown = (
        f"{base} has no such dataset or version, or has not published it; "
        "for another repository, use --base-url, and for an unpublished dataset @draft"
    )
    with explained({401: closed, 403: closed, 404: unknown}):
        for items in _pages(api, listing):
            yield from each(items, "data", file_records)


def _pages(api: Api, listing: str) -> Iterator[list[Any]]:
    def page(number: int) -> str:
        return f"{listing}&limit={_SIZE}&offset={_SIZE * (number - 1)}"

    first = ask(api, page(1))
    if "totalCount" in first:
        yield from counted_pages(api, first, page, "data", "totalCount", _file_id)
        return
    files = items_of(first, listing, "data")
    yield files if len(files) != _SIZE else items_of(ask(api, listing), listing, "data")


def _file_id(item: Any) -> Any:
    return dig(item, "dataFile", "id")
