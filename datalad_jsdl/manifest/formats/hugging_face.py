"""The files of a repository on the Hugging Face Hub, from its API (JSON).

Described in the Hub's API (https://huggingface.co/docs/hub/api): the tree of a repository,
``/api/datasets/NAME/tree/main``, or its ``siblings`` in ``/api/datasets/NAME?blobs=true``.
``lfs.oid``, there ``lfs.sha256``, is the SHA-256 of the content; ``oid`` and ``blobId`` are git's
name of the blob, made of a header and the content, and say nothing of the content alone. There is
no URL: it is ``resolve/REVISION/PATH``, relative to the repository's page, which is told by the
listing's own URL, or has to be given as base URL (``https://huggingface.co/datasets/NAME/``, with
the slash; then the revision is ``main``). Directories are passed over, so the tree has to be asked
for with ``recursive=true``; above 1,000 entries it comes in pages, which shows in the answer's
header only.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import (
    dig,
    each,
    is_array,
    is_object,
    load,
    objects,
    outline,
)
from datalad_jsdl.manifest.formats.fields import quoted, stated
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["file_record", "records", "sniff"]

_KEYS = ("type", "path", "oid")


# https://huggingface.co/api/datasets/NAME/tree/REVISION/FOLDER?recursive=true; a model's page
# has no word before its name
_API = re.compile(
    r"(https?://[^/]+/)api/(?:models/|((?:datasets|spaces)/))"
    r"([^/?#]+(?:/(?!tree/|revision/)[^/?#]+)?)(?:/(?:tree|revision)/([^/?#]+))?(?:[/?#].*)?"
)


def sniff(head: str) -> bool:
    """A list of objects with ``path``, ``oid`` and a ``type``, or ``siblings`` with names."""
    if is_object(head):
        siblings = dig(outline(head, "siblings", "rfilename"), "siblings")
        return any("rfilename" in item for item in objects(siblings))
    return is_array(head) and any(
        item.keys() >= set(_KEYS) and item["type"] in ("file", "directory")
        for item in objects(outline(head, *_KEYS))
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file.

    Raises:
        ManifestError: the document is not JSON or has no list, or the repository is not told.
    """
    document = load(text)
    read = partial(file_record, resolved=_resolve(options.base_url))
    if isinstance(document, dict):
        yield from each(document.get("siblings"), "siblings", read)
    else:
        yield from each(document, "", read)


def _resolve(base: str | None) -> str:
    """What stands before the paths in URLs."""
    if base and (listing := _API.fullmatch(base)):
        host, kind, name, revision = listing.groups()
        return f"{host}{kind or ''}{name}/resolve/{revision or 'main'}/"
    if base and base.endswith("/"):
        return f"{base}resolve/main/"
    raise ManifestError(
        "this is a Hugging Face Hub listing, which has no URLs: name its repository "
        "with --base-url https://huggingface.co/datasets/NAME/ (for a model without datasets/; "
        "the final slash is required)"
    )


def file_record(item: dict[str, Any], where: str, resolved: str) -> Iterator[Record]:
    """The record of one file, which has its path behind *resolved* as URL; none of a directory."""
    if item.get("type") == "directory":
        return
    path, lfs = item.get("path", item.get("rfilename")), item.get("lfs")
    value = {
        "urls": f"{resolved}{quoted(path)}" if isinstance(path, str) else None,
        # without LFS both are of the blob, which is the content
        "size": dig(lfs, "size") if isinstance(lfs, dict) else item.get("size"),
        "digests": stated({"sha256": dig(lfs, "oid") or dig(lfs, "sha256")}),
    }
    yield Record(path, value, where)
