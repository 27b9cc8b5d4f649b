"""A version of a dandiset of the DANDI archive; without a version the newest one, or the draft.

A version's assets are at ``/api/dandisets/ID/versions/VERSION/assets/``
(https://api.dandiarchive.org/api/docs/swagger/). Its pages are asked for by their numbers, at
the base URL: the links to them may have a scheme or host that only the server itself knows. They
are in the order of paths, of which a version has each only once, so that no asset can slip from
one page to another. Each asset is read as by the format ``dandi``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.dandi import asset_records
from datalad_jsdl.manifest.formats.documents import dig, each
from datalad_jsdl.manifest.portals.paging import Closed, ask, counted_pages, explained, login_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api
    from datalad_jsdl.manifest.record import Record

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = ("dandi:000027", "dandi:000027/0.210831.2033", "dandi:000027/draft")
BASE: str | None = "https://api.dandiarchive.org"
API = "/api"

_REST = re.compile(r"(?:DANDI:)?([0-9]{6})(?:/(draft|[0-9]+\.[0-9]+\.[0-9]+))?/?", re.IGNORECASE)
_SIZE = 1000  # assets a page; the archive gives no more


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record an asset."""
    match = _REST.fullmatch(rest)
    if match is None:
        raise ManifestError(f"expected an address such as {' or '.join(EXAMPLES)}")
    dandiset = f"{base}/api/dandisets/{match[1]}/"
    closed = Closed(
        "only owners can see an embargoed dandiset, with their API key",
        login_line(base, " kind=header header=Authorization:token"),
    )
    unknown = (
        f"{base} has no dandiset {match[1]}, or not this version; "
        "for another repository, use --base-url"
    )
    with explained({401: closed, 403: closed, 404: unknown}):
        version = match[2].lower() if match[2] else _newest(api, dandiset)
        assets = f"{dandiset}versions/{version}/assets/"

        def page(number: int) -> str:
            return f"{assets}?metadata=true&order=path&page_size={_SIZE}&page={number}"

        pages = counted_pages(api, ask(api, page(1)), page, "results", "count", _asset_id)
        for number, items in enumerate(pages, 1):
            yield from each(items, f"page {number}: results", asset_records)


def _asset_id(asset: Any) -> Any:
    return dig(asset, "asset_id")


def _newest(api: Api, dandiset: str) -> str:
    found = ask(api, dandiset)
    version = dig(found, "most_recent_published_version", "version")
    if version is None:
        return "draft"
    if not isinstance(version, str) or not re.fullmatch(r"[0-9.]+", version):
        raise ManifestError(
            f"{dandiset}: most_recent_published_version.version is not a version: "
            f"{str(version)[:20]!r}"
        )
    return version
