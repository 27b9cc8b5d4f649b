"""A dataset of a CKAN portal, from its action API (JSON).

Described at https://docs.ckan.org/en/latest/api (``package_show``, and ``package_search``, whose
datasets get a folder each). A resource is named by what its URL ends in: its ``name`` is a title.
One of the format HTML, or whose URL does not end in a file's name, is a page or a service, and
refused. A ``hash`` tells its algorithm by its length; a ``size`` of 0 says nothing.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.distributions import file_name, is_page
from datalad_jsdl.manifest.formats.documents import (
    dig,
    each,
    is_list,
    is_object,
    load,
    objects,
    one_page,
    outline,
)
from datalad_jsdl.manifest.formats.fields import known_time
from datalad_jsdl.manifest.formats.listing import file_record
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]


def sniff(head: str) -> bool:
    """Resources with a URL, in an answer of the API or with the id of their package."""
    if not is_object(head):
        return False
    document = outline(head, "resources", "url")
    answer = dig(document, "result") is not None and dig(document, "success") is not None
    return any(
        "url" in resource and "path" not in resource and (answer or "package_id" in resource)
        for package in objects(_packages(document)[1])
        for resource in objects(package.get("resources"))
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a resource, and a fault if there are more pages.

    Raises:
        ManifestError: the document is not JSON, or has no list of resources.
    """
    document = load(text)
    place, packages = _packages(document)
    several = is_list(dig(document, "result")) or place == "result.results"

    def package_records(package: dict[str, Any], where: str) -> Iterator[Record]:
        folder = f"{package.get('name')}/" if several else ""
        yield from each(package.get("resources"), f"{where}.resources", partial(_record, folder))

    if several:
        yield from each(packages, place, package_records)
    else:
        read = partial(_record, "")
        yield from each(dig(packages[0], "resources"), f"{place}.resources", read)
    count = dig(document, "result", "count")
    if isinstance(count, int) and count > len(packages):
        yield from one_page(count, "result.count")


def _packages(document: Any) -> tuple[str, Any]:
    """Where the datasets are, and they; of ``result`` and the document itself there is one."""
    result = dig(document, "result")
    if is_list(result):
        return "result", result
    if is_list(found := dig(result, "results")):
        return "result.results", found
    return "result", [document if result is None else result]


def _record(folder: str, item: dict[str, Any], where: str) -> Iterator[Record]:
    url, title = item.get("url"), item.get("name")
    name = file_name(url)
    if name is None or is_page(item.get("format")) or is_page(item.get("mimetype")):
        yield Record(title, None, where, "the resource is a page or service, not a file")
        return
    digest = item.get("hash")
    yield file_record(
        folder + name,
        url,
        where,
        size=item.get("size") or None,
        checksum=digest if isinstance(digest, str) and digest else None,
        mtime=known_time(item.get("last_modified")),
    )
