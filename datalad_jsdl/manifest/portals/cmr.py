"""Granules of a collection in NASA's Common Metadata Repository: all, or what a search selects.

From its search API (https://cmr.earthdata.nasa.gov/search/site/docs/search/api.html): parameters
of a search for granules, such as ``temporal``, stand behind the collection's concept ID. Each
granule is read as by the format ``cmr``. Pages follow each other by a header
(``CMR-Search-After``). Most files need an Earthdata login, which ``~/.netrc`` or git may have for
urs.earthdata.nasa.gov.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.cmr import granule_records
from datalad_jsdl.manifest.formats.documents import dig, each
from datalad_jsdl.manifest.portals.paging import (
    Closed,
    Once,
    explained,
    items_of,
    login_line,
    token_pages,
)
from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api
    from datalad_jsdl.manifest.record import Record

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = (
    "cmr:C1234567890-PROVIDER",
    "cmr:C1234567890-PROVIDER?temporal=2020-01-01,2020-01-31&bounding_box=-10,-5,10,5",
)
BASE: str | None = "https://cmr.earthdata.nasa.gov"
API = "/search"

_VALUE = r"[A-Za-z0-9_.,:*%+-]+"
_REST = re.compile(rf"(C[0-9]+-[A-Za-z0-9_]+)((?:[?&][a-z_]+(?:\[\])?={_VALUE})*)", re.IGNORECASE)
_OWN = re.compile(r"[?&](?:page_size|page_num|offset|scroll|token|collection_concept_id)=")
_SIZE = 2000  # granules a page; CMR gives no more
_AFTER = "CMR-Search-After"


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record a file."""
    match = _REST.fullmatch(rest)
    if match is None or _OWN.search(match[2]):
        raise ManifestError(f"expected a collection's concept ID, as in {' or '.join(EXAMPLES)}")
    search = match[2].replace("?", "&")
    collection = match[1].upper()
    url = (
        f"{base}/search/granules.umm_json?collection_concept_id={collection}"
        f"&page_size={_SIZE}{search}"
    )
    shown = redact(url)

    def ask(token: str) -> tuple[list[Any], str]:
        answer = api.get(url, {_AFTER: token} if token else None)
        items = items_of(answer.document(), shown, "items")
        return items, answer.headers.get(_AFTER.lower(), "") if items else ""

    once = Once(shown, lambda item: dig(item, "meta", "concept-id"))
    closed = Closed("the collection is not public", login_line(base))
    unknown = "CMR does not understand the search, or has no such collection"
    with explained({400: unknown, 401: closed, 403: closed, 404: unknown}):
        for number, items in enumerate(token_pages(ask, once), 1):
            yield from each(items, f"page {number}: items", granule_records)
    if not once.number:
        raise ManifestError(f"CMR has no granules of {collection} for this search")
