"""The files of a dataset on Dryad, from its API (JSON).

Described at https://datadryad.org/api (``/api/v2/versions/ID/files``). A page has a hundred files:
of one that is not the last, a refusal says so. URLs are relative to Dryad's own.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.documents import dig
from datalad_jsdl.manifest.formats.fields import stated
from datalad_jsdl.manifest.formats.listing import Listing, file_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.record import Record

__all__ = ["records", "sniff"]

_FILES = Listing(
    (("_embedded", "stash:files"),), (("path",), ("_links",)), (("_links", "next", "href"),)
)
_SITE = "https://datadryad.org"
# the older name first
_DOWNLOADS = ("stash:file-download", "stash:download")

sniff = _FILES.sniff


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file, and a fault if there are more pages.

    Raises:
        ManifestError: the document is not JSON, or has no list of files.
    """
    return _FILES.records(text, partial(_record, _SITE if options.base_url is None else ""))


def _record(site: str, item: dict[str, Any], where: str) -> Iterator[Record]:
    if item.get("status") == "deleted":  # in an earlier version
        return
    links = [dig(item, "_links", name, "href") for name in _DOWNLOADS]
    url = next((link for link in links if link is not None), None)
    if isinstance(url, str) and url.startswith("/"):
        url = site + url
    algorithm = item.get("digestType")
    yield file_record(
        item.get("path"),
        url,
        where,
        size=item.get("size"),
        digests=stated({algorithm: item.get("digest")} if isinstance(algorithm, str) else {}),
    )
