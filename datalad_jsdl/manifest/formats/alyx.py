"""Datasets of an Alyx server, such as the International Brain Laboratory's, from its API (JSON).

Described in https://github.com/int-brain-lab/ONE. A dataset's ``data_url`` leads to the file, its
``url`` to the record; in the newer form each of its ``file_records`` has one: they are mirrors. The
path is the ``collection``, the revision between number signs, and the name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.documents import objects
from datalad_jsdl.manifest.formats.fields import stated
from datalad_jsdl.manifest.formats.listing import Listing, file_record
from datalad_jsdl.manifest.formats.values import name_in_url
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_PLACES = ((), ("results",), ("data_dataset_session_related",))
_PLAIN = Listing(_PLACES, (("name",), ("data_url",), ("collection",)), (("next",),))
_STORED = Listing(_PLACES, (("name",), ("file_records",), ("collection",)), (("next",),))


def sniff(head: str) -> bool:
    """Datasets with a collection, and a ``data_url`` or ``file_records``."""
    return _PLAIN.sniff(head) or _STORED.sniff(head)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a dataset, and a fault if there are more pages.

    Raises:
        ManifestError: the document is not JSON, or has no list of datasets.
    """
    return _PLAIN.records(text, _record)


def _record(item: dict[str, Any], where: str) -> Iterator[Record]:
    name, urls = item.get("name"), _urls(item)
    if not isinstance(name, str) or not urls:
        yield Record(name, None, where, "the dataset has no name, or no file that is there")
        return
    revision = item.get("revision")
    folders = [item.get("collection"), f"#{revision}#" if revision else None]
    parts = [str(folder).strip("/") for folder in folders if folder]
    yield file_record(
        "/".join([*parts, name]),
        urls,
        where,
        size=item.get("file_size"),
        digests=stated({"md5": item.get("hash")}),
    )


def _urls(item: dict[str, Any]) -> list[Any]:
    if item.get("data_url"):
        return [item["data_url"]]
    there = [r["data_url"] for r in objects(item.get("file_records")) if _is_there(r)]
    # mirrors only if they are of one name
    return [url for url in there if name_in_url(url) == name_in_url(there[0])]


def _is_there(record: dict[str, Any]) -> bool:
    return record.get("exists") is not False and isinstance(record.get("data_url"), str)
