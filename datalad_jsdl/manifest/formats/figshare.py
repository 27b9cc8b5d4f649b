"""An article of Figshare, or its list of files, from the REST API (JSON).

Described at https://docs.figshare.com (``ArticleComplete`` and ``PublicFile``). Folders are in the
article's ``folder_structure``. ``computed_md5`` is of the content as stored, and goes before
``supplied_md5``. A file with ``is_link_only`` is on somebody else's server: its size (0) and MD5
say nothing of it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import (
    dig,
    each,
    is_array,
    is_list,
    is_object,
    load,
    objects,
    outline,
)
from datalad_jsdl.manifest.formats.fields import stated
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["file_records", "records", "sniff"]

_KEYS = ("name", "download_url")
_TRAITS = frozenset({"is_link_only", "computed_md5", "supplied_md5"})

# https://docs.figshare.com: of an article's own ``files``; the list gives 10, or as it is asked
_MAX_SHOWN = 10
_LISTING = "/v2/articles/ID/files?page_size=1000"


def sniff(head: str) -> bool:
    """Objects with ``name``, ``download_url`` and a field that only Figshare has."""
    if not is_array(head) and not is_object(head):
        return False
    document = outline(head, *_KEYS)
    files = document if is_list(document) else dig(document, "files")
    return any(
        item.keys() >= set(_KEYS) and not _TRAITS.isdisjoint(item) for item in objects(files)
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file.

    Raises:
        ManifestError: the document is not JSON, or has no list of files.
    """
    document = load(text)
    record = partial(file_records, dig(document, "folder_structure"))
    if is_list(document):
        yield from each(document, "", record)
    elif isinstance(document, dict):
        files = document.get("files")
        yield from each(files, "files", record)
        if isinstance(files, list) and len(files) == _MAX_SHOWN:
            number = document.get("id")
            address = f"figshare:{number if isinstance(number, int) else 'ID'}"
            fault = (
                f"an article shows at most {_MAX_SHOWN} files and may have more: use "
                f"{address} as the manifest, or the list at {_LISTING}"
            )
            yield Record(None, None, "files", fault)
    else:
        raise ManifestError("the document is neither an article nor a list of files")


def file_records(folders: Any, item: dict[str, Any], where: str) -> Iterator[Record]:
    """The record of one file, in the folder that the article's ``folder_structure`` has for it."""
    name, number = item.get("name"), item.get("id")
    folder = dig(folders, str(number)) if isinstance(number, int) else None
    if isinstance(name, str) and isinstance(folder, str) and folder.strip("/"):
        name = f"{folder.strip('/')}/{name}"
    value = {"urls": item.get("download_url")}
    if item.get("is_link_only") is not True:
        md5 = stated({"md5": item.get("computed_md5")}) or {"md5": item.get("supplied_md5")}
        value |= {"size": item.get("size"), "digests": stated(md5)}
    yield Record(name, value, where)
