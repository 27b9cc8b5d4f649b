"""An article of Figshare, by its number or DOI; without a version the newest one.

Described at https://docs.figshare.com (``/v2/articles/ID``, ``/v2/articles/ID/versions/N``). The
article itself has no more than ten files; all are in its list ``files``, in pages. Each is read
as by the format ``figshare``. Repositories with the same API may have UUIDs in place of numbers.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import dig, each
from datalad_jsdl.manifest.formats.figshare import file_records
from datalad_jsdl.manifest.portals.paging import Closed, all_pages, ask, explained, login_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api
    from datalad_jsdl.manifest.record import Record

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = (
    "figshare:1234567",
    "figshare:1234567/v2",
    "figshare:10.6084/m9.figshare.1234567.v2",
)
BASE: str | None = "https://api.figshare.com"
API = "/v2"

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_REST = re.compile(
    rf"(?:([0-9]+|{_UUID})(?:/v([0-9]+))?"
    r"|(?:doi:)?10\.[0-9]{4,9}/(?!(?:[^/]+\.)?c\.)(?:[^/\s?#]+\.)?([0-9]+)(?:\.v([0-9]+))?)",
    re.IGNORECASE,
)
_SIZE = 1000  # files a page; the API takes no more


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record a file."""
    match = _REST.fullmatch(rest)
    if match is None:
        raise ManifestError(
            f"expected the address of an article, not of a collection, such as "
            f"{' or '.join(EXAMPLES)}"
        )
    number, version = match[1] or match[3], match[2] or match[4]
    article = f"{base}/v2/articles/{number}" + (f"/versions/{version}" if version else "")
    closed = Closed(
        "private and confidential articles require a token",
        login_line(base, " kind=header header=Authorization:token"),
    )
    unknown = (
        f"{base} has no public article with this number and version; "
        "for another repository, use --base-url"
    )
    with explained({401: closed, 403: closed, 404: unknown}):
        found = ask(api, article)
        pages = all_pages(api, partial(_page, article), _SIZE, _file_id)
        files = [item for items in pages for item in items]
    if not files:
        raise ManifestError(_why_empty(found))
    read = partial(file_records, found.get("folder_structure"))
    yield from each(files, "files", read)


def _page(article: str, number: int) -> str:
    return f"{article}/files?page={number}&page_size={_SIZE}"


def _file_id(item: Any) -> Any:
    number = dig(item, "id")
    return dig(item, "uuid") if number is None else number


def _why_empty(article: dict[str, Any]) -> str:
    if article.get("is_embargoed") is True:
        date = article.get("embargo_date")
        until = f" until {date[:10]}" if isinstance(date, str) else ""
        return f"the files are under embargo{until}"
    if article.get("is_confidential") is True:
        return "the files are confidential"
    return "the article has metadata only, no files"
