"""The member ``/`` of a manifest, which names zips of its files; and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.record import Record, candidate_of, given_fields
from datalad_jsdl.model.archives import NamedArchive
from datalad_jsdl.model.candidates import Candidate
from datalad_jsdl.model.entry import Refusal
from datalad_jsdl.model.paths import path_fault
from datalad_jsdl.model.randomness import is_mixed
from datalad_jsdl.model.secrecy import DEFAULT, Secrecy, is_harmless_name, parameters, plain_name

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ARCHIVES", "archives_from_record", "archives_member", "names_archives"]

ARCHIVES = "/"  # the path of the member; no file can have it
_MOST = 100  # archives of a manifest, and URLs of each


def names_archives(record: Record) -> bool:
    """Whether a record has zips of the manifest, and is of no file."""
    return record.path == ARCHIVES and isinstance(record.value, dict) and "archives" in record.value


def archives_from_record(
    record: Record, base_url: str | None = None, secrecy: Secrecy = DEFAULT
) -> tuple[NamedArchive, ...] | Refusal:
    """Check a record that `names_archives`.

    Its ``archives`` is a list of objects of ``urls`` (of candidate URLs as an entry has them) and
    perhaps ``leading_dir`` (a path). Other fields are for other programs, and ignored.
    """
    try:
        items = record.value["archives"]
        if not isinstance(items, list):
            raise ValueError("archives is not a list")
        if len(items) > _MOST:
            raise ValueError(f"there are more than {_MOST} archives")
        return tuple(_archive(item, base_url, secrecy) for item in items)
    except ValueError as error:
        given = given_fields(record.value, None)
        return Refusal(ARCHIVES, f"zips of the manifest: {error}", record.where, given)


def archives_member(archives: Iterable[NamedArchive]) -> dict[str, Any]:
    """The value of the member that names these archives; URLs with a secret are left out."""
    named = []
    for archive in filter(None, (archive.public() for archive in archives)):
        fields: dict[str, Any] = {"urls": [_url(candidate) for candidate in archive.candidates]}
        if archive.leading_dir:
            fields["leading_dir"] = archive.leading_dir
        named.append(fields)
    return {"archives": named}


def _archive(item: Any, base_url: str | None, secrecy: Secrecy) -> NamedArchive:
    if not isinstance(item, dict) or not isinstance(item.get("urls"), list):
        raise ValueError("an archive is not an object with a list of urls")
    urls, leading_dir = item["urls"], item.get("leading_dir") or ""
    if not 1 <= len(urls) <= _MOST:
        raise ValueError(f"an archive has no URL, or more than {_MOST}")
    if not isinstance(leading_dir, str):
        raise ValueError("leading_dir is not a string")
    if leading_dir and (fault := path_fault(leading_dir)):
        raise ValueError(f"leading_dir: {fault}")
    found = {(c := _candidate(url, base_url, secrecy)).url: c for url in urls}
    ordered = sorted(found.values(), key=lambda c: (c.priority is None, c.priority or 0))
    return NamedArchive(tuple(ordered), leading_dir)


def _candidate(item: Any, base_url: str | None, secrecy: Secrecy) -> Candidate:
    """Without others to compare it with, a random value in its query counts as a secret."""
    found = candidate_of(item, base_url, secrecy)
    random = any(
        is_mixed(value) and not is_harmless_name(name) and plain_name(name) not in secrecy.harmless
        for name, value in parameters(found.url)
    )
    return Candidate(found.url, found.priority, found.location, found.signed or random)


def _url(candidate: Candidate) -> Any:
    if candidate.priority is None:
        return candidate.url
    return {"url": candidate.url, "priority": candidate.priority}
