"""An entry → its fields in the project's own form; `record.entry_from_record` is the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.model.data_urls import data_url
from datalad_jsdl.model.times import format_mtime

if TYPE_CHECKING:
    from datalad_jsdl.model.entry import Candidate, Entry

__all__ = ["PERHAPS", "own_form"]

#: What ``twice`` is of an entry whose path another one may have had, in the original manifest.
PERHAPS = "perhaps"


def own_form(entry: Entry, *, signed: bool = False) -> dict[str, Any]:
    """The fields of an entry, all but its path; those that say nothing are left out.

    Args:
        entry: what is to be written.
        signed: with signed URLs, which are secrets; it is to be tried again.
    """
    urls = [_url(candidate) for candidate in entry.candidates if signed or not candidate.signed]
    if entry.inline is not None:
        urls = [data_url(entry.inline.content)]
    fields: dict[str, Any] = {"urls": urls}
    if entry.inline is not None and entry.inline.is_symlink:
        fields["symlink"] = True
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
    if entry.own_mtime:
        fields["own_mtime"] = True
    if entry.executable:
        fields["executable"] = True
    if entry.restriction is not None:
        fields["access"] = entry.restriction.to_json()
    if signed and entry.perhaps_twice:
        fields["twice"] = PERHAPS
    return fields


def _url(candidate: Candidate) -> Any:
    fields = {
        "url": candidate.url,
        "priority": candidate.priority,
        "location": candidate.location,
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    return fields if len(fields) > 1 else candidate.url
