"""A project, component or registration of the Open Science Framework, by its five-letter id.

From its API (https://developer.osf.io). Files of OSF's own storage keep their paths; those of
another storage that is connected to the project lie in a folder of its name (``github``,
``dropbox``, …) and have no digests. Components of a project are not part of it: each has an id
of its own. A private project needs a personal access token (a bearer token).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.manifest.formats.documents import dig, each
from datalad_jsdl.manifest.formats.osf import file_record
from datalad_jsdl.manifest.portals.links import Links
from datalad_jsdl.manifest.portals.paging import Closed, Once, explained, items_of, login_line
from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api, ApiAnswer
    from datalad_jsdl.manifest.record import Record

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = ("osf:ezcuj",)
BASE: str | None = "https://api.osf.io"
API = "/v2"

_ID = re.compile(r"[A-Za-z0-9]{4,20}")
_OWN = "osfstorage"
_PAGE = "page%5Bsize%5D=100"  # the most that is given; without it a page has ten
_MAX_DEPTH = 100  # folders in each other: nobody has so many


@dataclass(frozen=True, slots=True)
class _Listing:
    """What is to be listed: its URL, the folder that its paths lie in, and how deep it is."""

    url: str
    folder: str
    depth: int


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record a file."""
    if not _ID.fullmatch(rest):
        raise ManifestError(f"expected the id of a project, as in {EXAMPLES[0]}")
    closed = Closed("a private project requires a token with access", login_line(base))
    unknown = (
        f"{base} has no project, component or registration {rest}; "
        "for another repository, use --base-url"
    )
    with explained({401: closed, 403: closed}):
        with explained({404: unknown}):
            root = _storages(rest.lower(), base, api)
        links, once, numbers = Links(), Once(redact(root.url), _id), count(1)
        pending = [(root, _Listing(root.url, "", 0))]
        while pending:
            following: list[_Listing] = []
            for answer, listing in pending:
                document = answer.document()
                once.checked(next(numbers), items_of(document, redact(answer.url), "data"))
                yield from _listed(answer, document, listing, links, following)
            # level by level, the listings of each several at a time
            answers = api.get_all([listing.url for listing in following])
            pending = list(zip(answers, following, strict=True))


def _storages(node: str, base: str, api: Api) -> ApiAnswer:
    try:
        return api.get(f"{base}/v2/nodes/{node}/files/?{_PAGE}")
    except StatusError as error:
        if error.status != 404:
            raise
    return api.get(f"{base}/v2/registrations/{node}/files/?{_PAGE}")


def _id(item: Any) -> Any:
    return dig(item, "id")


def _listed(
    answer: ApiAnswer, document: Any, listing: _Listing, links: Links, following: list[_Listing]
) -> Iterator[Record]:
    """The files of a page; what is to be listed next goes into *following*."""
    folder, depth = listing.folder, listing.depth
    where = redact(answer.url)

    def read(item: dict[str, Any], place: str) -> Iterator[Record]:
        attributes = item.get("attributes")
        if dig(attributes, "kind") != "folder":
            for record in file_record(item, place):
                path = f"{folder}{record.path}" if isinstance(record.path, str) else record.path
                yield record._replace(path=path)
            return
        inside = folder
        if dig(attributes, "path") == "/" and not folder:  # a storage
            provider = dig(attributes, "provider")
            if not isinstance(provider, str):
                raise ManifestError(f"{where}: a storage has no provider")
            inside = "" if provider == _OWN else f"{provider}/"
        link = dig(item, "relationships", "files", "links", "related", "href")
        if isinstance(link, str):
            link += ("&" if "?" in link else "?") + _PAGE
        if depth == _MAX_DEPTH:
            raise ManifestError(f"{where}: more than {_MAX_DEPTH} nested folders")
        following.append(_Listing(links.to(link, answer), inside, depth + 1))

    items = document["data"]
    yield from each(items, f"{where} data", read)
    page = dig(document, "links", "next")
    if page is not None:
        following.append(_Listing(links.to(page, answer), folder, depth))
        if not items:
            raise ManifestError(f"{where}: the page is empty, but links to another")
