"""A file manifest of a Gen3 data commons, such as BioData Catalyst's (JSON).

Described in https://github.com/uc-cdis/gen3sdk-python (docs/howto). It has ids and no URLs: a file
is delivered by the commons that ``commons_url`` names, at ``/user/data/download/ID?redirect``
(https://github.com/uc-cdis/fence), with a login where it is not open. Without ``commons_url`` the
commons is ``--base-url``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from datalad_jsdl.manifest.formats.fields import stated
from datalad_jsdl.manifest.formats.listing import Listing, file_record
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["download_url", "records", "sniff"]

_BY_COMMONS = Listing(((),), (("object_id",), ("commons_url",)))
_BY_NAME = Listing(((),), (("object_id",), ("file_name",)))
_NOTHING = ("None", "null", "")


def sniff(head: str) -> bool:
    """An array of objects with ``object_id``, and ``commons_url`` or ``file_name``."""
    return _BY_COMMONS.sniff(head) or _BY_NAME.sniff(head)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record an object.

    Raises:
        ManifestError: the document is not JSON, or no array.
    """
    base = options.base_url if options.base_is_given else None
    return _BY_NAME.records(text, partial(_record, base))


def download_url(root: str, identifier: str) -> str:
    """What a commons, by its URL without a slash at its end, delivers a file by.

    It redirects to a signed URL, and stays itself.
    """
    return f"{root}/user/data/download/{quote(identifier, safe='/', errors='replace')}?redirect"


def _record(base: str | None, item: dict[str, Any], where: str) -> Iterator[Record]:
    identifier, commons = item.get("object_id"), item.get("commons_url") or base
    name = item.get("file_name")
    name = identifier if name in (None, *_NOTHING) else name
    if not isinstance(identifier, str) or not identifier:
        yield Record(name, None, where, "object_id is missing or not a string")
        return
    if not isinstance(commons, str):
        fault = "the data commons is not named (commons_url); add --base-url with its URL"
        yield Record(name, None, where, fault)
        return
    root = (commons if "://" in commons else f"https://{commons}").rstrip("/")
    md5 = item.get("md5sum")
    yield file_record(
        name,
        download_url(root, identifier),
        where,
        size=item.get("file_size"),
        digests=stated({"md5": None if md5 in _NOTHING else md5}),
    )
