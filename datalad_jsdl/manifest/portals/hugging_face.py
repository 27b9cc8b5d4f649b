"""A repository of the Hugging Face Hub: ``OWNER/NAME`` of a model, ``datasets/…``, ``spaces/…``.

``@REVISION`` names a branch, tag or commit other than ``main``. From the Hub's API
(https://huggingface.co/docs/hub/en/api.md). The revision becomes a commit before
anything else, and URLs name that commit, so that they stay as they are. Files in
LFS or Xet have their SHA-256; small ones have a size only. One that is private or
gated needs a token (bearer), and a gated one terms to be accepted on its page.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import dig, each
from datalad_jsdl.manifest.formats.hugging_face import file_record
from datalad_jsdl.manifest.portals.links import Links
from datalad_jsdl.manifest.portals.paging import (
    Closed,
    Once,
    ask,
    explained,
    items_of,
    login_line,
)
from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api
    from datalad_jsdl.manifest.record import Record

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = (
    "hf:datasets/OWNER/NAME",
    "hf:OWNER/MODEL@REVISION",
    "hf:spaces/OWNER/NAME",
)
BASE: str | None = "https://huggingface.co"
API = "/api"

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_ADDRESS = re.compile(rf"(?:(datasets|spaces)/)?({_NAME}(?:/{_NAME})?)(?:@(.+))?")
_MOST = 10_000  # pages; each has 1000 files
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

# RFC 8288
_NEXT = re.compile(r'<([^>]*)>[^,<]*;\s*rel="?next"?', re.IGNORECASE)


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record a file."""
    match = _ADDRESS.fullmatch(rest)
    if not match:
        raise ManifestError(f"expected a repository, as in {' or '.join(EXAMPLES)}")
    kind, name, revision = match[1], match[2], match[3] or "main"
    page = f"{base}/{kind}/{name}" if kind else f"{base}/{name}"
    listed = f"{base}/api/{kind or 'models'}/{name}"
    closed = Closed(
        f"{page} does not exist, or is private or gated: accept its terms there, and give a token "
        "that may read it",
        login_line(base),
    )
    unknown = f"{page} does not exist, or has no revision {revision!r}"
    with explained({401: closed, 403: closed, 404: unknown}):
        commit = _commit(api, f"{listed}/revision/{quote(revision, safe='')}")
        read = partial(file_record, resolved=f"{page}/resolve/{commit}/")
        tree = f"{listed}/tree/{commit}"
        for url, items in _pages(api, f"{tree}?recursive=true&expand=false", Links(_MOST)):
            yield from each(items, redact(url), read)


def _pages(api: Api, url: str, links: Links) -> Iterator[tuple[str, list[Any]]]:
    """Each page of a listing, and its URL."""
    once = Once(redact(url), _path)
    for number in count(1):
        answer = api.get(url)
        items = once.checked(number, items_of(answer.document(), url))
        yield url, items
        following = _NEXT.search(answer.headers.get("link", ""))
        if not following:
            return
        if not items:
            raise ManifestError(f"{redact(url)}: page {number} is empty, but links to another")
        url = links.to(following[1], answer)


def _path(item: Any) -> Any:
    """That of a file; a folder may begin on one page and go on on another."""
    return None if dig(item, "type") == "directory" else dig(item, "path")


def _commit(api: Api, url: str) -> str:
    """The commit that a revision is now."""
    commit = ask(api, url).get("sha")
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise ManifestError(f"{redact(url)}: expected a commit as sha")
    return commit
