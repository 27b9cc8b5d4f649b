"""What ``ffq`` finds for accessions of sequencing archives (JSON).

Described at https://github.com/pachterlab/ffq. Its files have an ``accession``, a ``urltype`` and a
``url``, in an array, or in the ``files`` of runs that are nested in projects and samples. A file
that several stores have under one name is still one entry each: nobody says that they are equal.
Files of ENCODE have their URL, size and MD5 in ``cloud_metadata``, as in the answers of its API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import (
    dig,
    is_array,
    is_list,
    is_object,
    load,
    outline,
)
from datalad_jsdl.manifest.formats.fields import is_web, stated
from datalad_jsdl.manifest.formats.listing import file_record
from datalad_jsdl.manifest.formats.values import name_in_url
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_KEYS = ("accession", "urltype", "url")
_OF_ENCODE = ("accession", "file_format", "cloud_metadata")
_NOTHING = ("None", "null")  # as some versions write it
_DEEPEST = 20  # a project has studies, samples, experiments, runs, and these files


def sniff(head: str) -> bool:
    """At any depth, a list of objects with ``accession``, ``urltype`` and ``url``, or an object
    with ``accession``, ``file_format`` and ``cloud_metadata``.
    """
    if not is_object(head) and not is_array(head):
        return False
    documents = (outline(head, *keys) for keys in (_KEYS, _OF_ENCODE))
    return any(item["url"] for document in documents for item, _ in _files(document, ""))


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file.

    Raises:
        ManifestError: the document is not JSON, or neither an object nor an array.
    """
    document = load(text)
    if not isinstance(document, dict) and not is_list(document):
        raise ManifestError("the document is neither an object nor an array")
    for item, where in _files(document, ""):
        url = item.get("url")
        if not url and "cloud_metadata" in item:
            # its name is that in its URL: without one, it may be any file
            yield Record(None, None, where, "the file has no web URL in its cloud_metadata")
            continue
        yield file_record(
            item["filename"] if "filename" in item else name_in_url(str(url)),
            url,
            where,
            size=item.get("filesize"),
            digests=stated({"md5": None if item.get("md5") in _NOTHING else item.get("md5")}),
        )


def _files(value: Any, where: str, depth: int = _DEEPEST) -> Iterator[tuple[dict[str, Any], str]]:
    """The files in lists: an object that has a name in another is a run, or no file of ffq's."""
    if not depth:
        return
    if isinstance(value, dict):
        if value.keys() >= set(_OF_ENCODE[:2]):
            url, size, md5 = (
                dig(value, "cloud_metadata", name) for name in ("url", "file_size", "md5sum_base64")
            )
            cloud = {"cloud_metadata": None, "url": url if is_web(url) else None}
            yield {**cloud, "filesize": size, "md5": md5}, where
            return
        for name, inner in value.items():
            yield from _files(inner, f"{where}.{name}" if where else name, depth - 1)
    elif is_list(value):
        for number, inner in enumerate(value):
            place = f"{where}[{number}]"
            if isinstance(inner, dict) and inner.keys() >= set(_KEYS):
                yield inner, place
            else:
                yield from _files(inner, place, depth - 1)
