"""Entries → a manifest in the project's own form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.times import format_mtime

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datalad_jsdl.manifest.entry import Candidate, Entry

__all__ = ["write_manifest"]


def write_manifest(entries: Iterable[Entry], limit: int | None = None) -> str | None:
    """A JSON object that reads back as *entries*, free of signed URLs.

    Args:
        entries: those that have signed URLs only are left out.
        limit: characters; a longer document is given up.

    Returns:
        The document, or None if it would be longer than *limit*.
    """
    members: list[str] = []
    length = len("{\n\n}\n") - len(",\n")  # no comma after the last member
    for entry in entries:
        if not entry.registrable:
            continue
        member = f" {_dump(entry.path)}: {_dump(_value(entry))}"
        members.append(member)
        length += len(member) + len(",\n")
        if limit is not None and length > limit:
            return None
    return "{\n" + ",\n".join(members) + "\n}\n"


def _value(entry: Entry) -> Any:
    urls = [_url(candidate) for candidate in entry.candidates if not candidate.signed]
    fields: dict[str, Any] = {"urls": urls}
    if entry.size is not None:
        fields["size"] = entry.size
    if entry.digests:
        fields["digests"] = dict(entry.digests)
    if entry.pieces is not None:
        fields["pieces"] = {
            "algorithm": entry.pieces.algorithm,
            "length": entry.pieces.length,
            "digests": list(entry.pieces.hexdigests),
        }
    if entry.mtime is not None:
        fields["mtime"] = format_mtime(entry.mtime)
    if entry.executable:
        fields["executable"] = True
    return fields if len(fields) > 1 else urls


def _url(candidate: Candidate) -> Any:
    fields = {
        "url": candidate.url,
        "priority": candidate.priority,
        "location": candidate.location,
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    return fields if len(fields) > 1 else candidate.url


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
