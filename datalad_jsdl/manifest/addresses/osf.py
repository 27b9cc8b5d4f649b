"""A project, component or registration of the Open Science Framework, by its five-letter id.

From its API (https://developer.osf.io). Files of OSF's own storage keep their paths; those of
another storage that is connected to the project lie in a folder of its name (``github``,
``dropbox``, …) and have no digests. Components of a project are not part of it: each has an id
of its own. A private project needs a personal access token (a bearer token).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.manifest.addresses.asking import explained, items_of, login_line
from datalad_jsdl.manifest.addresses.links import Links
from datalad_jsdl.manifest.formats.documents import dig, each
from datalad_jsdl.manifest.formats.osf import file_record
from datalad_jsdl.manifest.urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.addresses import Answer, Api
    from datalad_jsdl.manifest.record import Record

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = ("osf:ezcuj",)
BASE: str | None = "https://api.osf.io"
API = "/v2"

_ID = re.compile(r"[A-Za-z0-9]{4,20}")
_OWN = "osfstorage"
_PAGE = "page%5Bsize%5D=100"  # the most that is given; without it a page has ten


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record a file."""
    if not _ID.fullmatch(rest):
        raise ManifestError(f"expected the id of a project, as in {EXAMPLES[0]}")
    links = Links(base)
    closed = "a private project is for those who have a token for it: " + login_line(base)
    unknown = (
        f"{base} has no project, component or registration {rest}; "
        "--base-url names another repository"
    )
    with explained({401: closed, 403: closed}):
        with explained({404: unknown}):
            pending = [(_storages(rest.lower(), base, api), "")]
        while pending:
            following: list[tuple[str, str]] = []
            for answer, folder in pending:
                yield from _listed(answer, folder, links, following)
            # level by level, the listings of each several at a time
            answers = api.get_all([url for url, _ in following])
            pending = [(a, folder) for a, (_, folder) in zip(answers, following, strict=True)]


def _storages(node: str, base: str, api: Api) -> Answer:
    try:
        return api.get(f"{base}/v2/nodes/{node}/files/?{_PAGE}")
    except StatusError as error:
        if error.status != 404:
            raise
    return api.get(f"{base}/v2/registrations/{node}/files/?{_PAGE}")


def _listed(
    answer: Answer, folder: str, links: Links, following: list[tuple[str, str]]
) -> Iterator[Record]:
    """The files of a page; what is to be listed next goes into *following*."""

    def read(item: dict[str, Any], where: str) -> Iterator[Record]:
        attributes = item.get("attributes")
        if dig(attributes, "kind") != "folder":
            for record in file_record(item, where):
                path = f"{folder}{record.path}" if isinstance(record.path, str) else record.path
                yield replace(record, path=path)
            return
        inside = folder
        if dig(attributes, "path") == "/" and not folder:  # a storage
            provider = dig(attributes, "provider")
            if not isinstance(provider, str):
                raise ManifestError(f"{redact(answer.url)}: a storage has no provider")
            inside = "" if provider == _OWN else f"{provider}/"
        link = dig(item, "relationships", "files", "links", "related", "href")
        if isinstance(link, str):
            link += ("&" if "?" in link else "?") + _PAGE
        following.append((links.to(link, answer), inside))

    document = answer.document()
    where = redact(answer.url)
    yield from each(items_of(document, where, "data"), f"{where} data", read)
    page = dig(document, "links", "next")
    if page is not None:
        following.append((links.to(page, answer), folder))
