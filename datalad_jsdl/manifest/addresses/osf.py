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
from datalad_jsdl.manifest.addresses.listings import Links, array_of
from datalad_jsdl.manifest.formats.documents import dig, each
from datalad_jsdl.manifest.formats.osf import file_record
from datalad_jsdl.manifest.urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.addresses import Answer, Api
    from datalad_jsdl.manifest.record import Record

__all__ = ["BASE", "EXAMPLES", "records"]

EXAMPLES = ("osf:ezcuj",)
BASE = "https://api.osf.io"

_ID = re.compile(r"[A-Za-z0-9]{4,20}")
_OWN = "osfstorage"
_PAGE = "page[size]=100"  # the most that is given; without it a page has ten


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record a file."""
    if not _ID.fullmatch(rest):
        raise ManifestError(f"expected the id of a project, as in {EXAMPLES[0]}")
    links = Links(base)
    pending = [(_storages(rest.lower(), base, api), "")]
    following: list[tuple[str, str]] = []
    while pending:
        for answer, folder in pending:
            yield from _listed(answer, folder, links, following)
        # level by level, the listings of each several at a time
        folders = [folder for _, folder in following]
        answers = api.get_all([url for url, _ in following])
        pending, following = list(zip(answers, folders, strict=True)), []


def _storages(node: str, base: str, api: Api) -> Answer:
    try:
        return api.get(f"{base}/v2/nodes/{node}/files/?{_PAGE}")
    except StatusError as error:
        if error.status != 404:
            raise
    try:
        return api.get(f"{base}/v2/registrations/{node}/files/?{_PAGE}")
    except StatusError as error:
        if error.status != 404:
            raise
        raise ManifestError(f"OSF has no project, component or registration {node}") from None


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

    yield from each(array_of(answer, "data"), f"{redact(answer.url)} data", read)
    page = dig(answer.document(), "links", "next")
    if page is not None:
        following.append((links.to(page, answer), folder))
