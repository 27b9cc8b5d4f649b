"""Granules of NASA's Common Metadata Repository, from its search API (UMM-G, or JSON).

Described at https://cmr.earthdata.nasa.gov/search/site/docs/search/api.html. Files are the URLs of
the type ``GET DATA``, or whose ``rel`` ends in ``/data#``: not browse images, services, or what a
granule inherits from its collection. URLs in a granule that end in the same name are mirrors.
``SizeInBytes`` is taken, but no ``Size`` with a unit, which is rounded. The next page is named in
the answer's header only; where ``hits`` says that there are more, a refusal tells of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.documents import dig, load, objects, one_page
from datalad_jsdl.manifest.formats.fields import stated
from datalad_jsdl.manifest.formats.listing import Listing, file_record
from datalad_jsdl.manifest.formats.values import name_in_url, scheme_of
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["granule_records", "records", "sniff"]

_UMM = Listing((("items",),), (("umm",), ("umm", "RelatedUrls")))
_JSON = Listing((("feed", "entry"),), (("links",), ("id",)))
_DATA = "/data#"  # http://esipfed.org/ns/fedsearch/1.1/data#


def sniff(head: str) -> bool:
    """Granules with ``umm.RelatedUrls``, or entries with ``links`` in a feed of the CMR."""
    return _UMM.sniff(head) or ("fedsearch" in head and _JSON.sniff(head))


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file, and a fault if granules are missing.

    Raises:
        ManifestError: the document is not JSON, or has no granules.
    """
    document = load(text)
    if dig(document, "feed") is not None:
        yield from _JSON.document_records(document, granule_records)
        return
    yield from _UMM.document_records(document, granule_records)
    hits, items = dig(document, "hits"), dig(document, "items")
    if isinstance(hits, int) and hits > len(items):
        yield from one_page(hits, "hits")


def granule_records(item: dict[str, Any], where: str) -> Iterator[Record]:
    """The records of one granule."""
    urls = list(_urls(item))
    if not urls:
        return
    described = _described(item)
    mirrors: dict[str, list[str]] = {}
    for url in urls:
        mirrors.setdefault(name_in_url(url) or "", []).append(url)
    for name, found in mirrors.items():
        if not name:
            yield Record(None, None, where, "the URL does not end in a file name")
            continue
        facts = described.get(name, {})
        algorithm = dig(facts, "Checksum", "Algorithm")
        digest = dig(facts, "Checksum", "Value")
        yield file_record(
            name,
            found,
            where,
            size=dig(facts, "SizeInBytes"),
            digests=stated({algorithm: digest} if isinstance(algorithm, str) else {}),
        )


def _urls(item: dict[str, Any]) -> Iterator[str]:
    """Those that lead to files by http, https or ftp; a bucket of NASA's is for its own region."""
    related = objects(dig(item, "umm", "RelatedUrls"))
    found = [link.get("URL") for link in related if link.get("Type") == "GET DATA"]
    found += [
        link.get("href")
        for link in objects(item.get("links"))
        if str(link.get("rel")).endswith(_DATA) and link.get("inherited") is not True
    ]
    for url in dict.fromkeys(url for url in found if isinstance(url, str)):
        if scheme_of(url) != "s3":
            yield url


def _described(item: dict[str, Any]) -> dict[str, Any]:
    """Name to what is said of the file; files of a package are one level deeper."""
    information = objects(dig(item, "umm", "DataGranule", "ArchiveAndDistributionInformation"))
    files = [*information, *(file for part in information for file in objects(part.get("Files")))]
    return {file["Name"]: file for file in files if isinstance(file.get("Name"), str)}
