"""The assets of a release on GitHub: ``OWNER/NAME@TAG``; without a tag those of the latest.

From its REST API (https://docs.github.com/en/rest/releases). Each is read as by the format
``github-release``. The archives of the source code are no assets: they are made anew for each
request. Without a token, GitHub answers sixty questions an hour; assets of private repositories
are not for downloads of this kind.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import dig, each
from datalad_jsdl.manifest.formats.github_release import asset_records
from datalad_jsdl.manifest.portals.paging import Closed, all_pages, ask, explained, login_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api
    from datalad_jsdl.manifest.record import Record

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = ("github:OWNER/NAME@v1.0", "github:OWNER/NAME")
BASE: str | None = "https://api.github.com"
API = ""

_NAME = r"[A-Za-z0-9._-]+"
_REST = re.compile(rf"({_NAME}/{_NAME})(?:@([^\s?#]+))?")
_SIZE = 100  # assets a page; GitHub gives no more


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record an asset."""
    match = _REST.fullmatch(rest)
    if match is None:
        raise ManifestError(f"expected a repository and a tag, as in {EXAMPLES[0]}")
    releases = f"{base}/repos/{match[1]}/releases"
    tag = match[2]
    closed = Closed("GitHub allows more with a token", login_line(base))
    unknown = f"there is no public repository {match[1]} with " + (
        f"a release {tag}" if tag else "a release"
    )
    with explained({401: closed, 403: closed, 404: unknown, 429: closed}):
        release = ask(api, f"{releases}/tags/{quote(tag)}" if tag else f"{releases}/latest")
        number = release.get("id")
        if type(number) is not int:
            raise ManifestError(f"{releases}: the release has no id")
        pages = all_pages(api, partial(_page, f"{releases}/{number}"), _SIZE, _asset_id)
        assets = [asset for page in pages for asset in page]
    if not assets:
        raise ManifestError("the release has no assets; archives of the source code are none")
    yield from each(assets, "assets", partial(asset_records, ""))


def _page(release: str, number: int) -> str:
    return f"{release}/assets?per_page={_SIZE}&page={number}"


def _asset_id(asset: Any) -> Any:
    return dig(asset, "id")
