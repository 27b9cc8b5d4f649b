"""What all URLs of a manifest together tell of secrets in them; see `secrecy`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from datalad_jsdl.model.candidates import Candidate, PlainCandidates, compact_candidates
from datalad_jsdl.model.randomness import is_mixed
from datalad_jsdl.model.secrecy import Secrecy, is_harmless_name, parameters, plain_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.model.entry import Entry

__all__ = ["settle"]

_PARAMETER = re.compile(r"(?<=[?&;])([^=&;#]+)=([^&;#]*)")


def settle(entries: dict[str, Entry], secrecy: Secrecy) -> set[str]:
    """Decide of candidates what a single one does not tell; entries are replaced in place.

    A random value under a name that may be an identifier's is one if another URL of the same
    server has another value. A random value under any name is a secret if all URLs of a
    server have it.

    Returns:
        Names of the parameters that are secret for being shared by all.
    """
    _clear_identifiers(entries, secrecy)
    shared = list(_shared(entries, secrecy))
    for origin, name, value in shared:
        mark = f"{name}={value}"
        for path, entry in entries.items():
            if any(c.url.startswith(origin) and mark in c.url for c in entry.candidates):
                found = [
                    replace(c, signed=c.signed or (c.url.startswith(origin) and mark in c.url))
                    for c in entry.candidates
                ]
                entries[path] = replace(entry, candidates=tuple(found))
    return {name for _, name, _ in shared}


def _clear_identifiers(entries: dict[str, Entry], secrecy: Secrecy) -> None:
    values: dict[tuple[str, str], set[str]] = {}
    unsure: list[str] = []
    for path, entry in entries.items():
        if isinstance(entry.candidates, PlainCandidates):
            continue
        for candidate in entry.candidates:
            if found := _unsure(candidate, secrecy):
                origin, name, value = found
                values.setdefault((origin, name), set()).add(value)
                unsure.append(path)
    for path in dict.fromkeys(unsure):
        entry = entries[path]
        cleared = [
            replace(c, signed=False)
            if (found := _unsure(c, secrecy)) and len(values[found[:2]]) > 1
            else c
            for c in entry.candidates
        ]
        entries[path] = replace(entry, candidates=compact_candidates(cleared))


def _unsure(candidate: Candidate, secrecy: Secrecy) -> tuple[str, str, str] | None:
    """Origin, name and value of what may be an identifier, if the URL has such a thing."""
    if not candidate.signed:
        return None
    finding = secrecy.finding(candidate.url)
    if finding is None or not finding.unsure:
        return None
    value = next(v for n, v in parameters(candidate.url) if n == finding.name)
    return _origin(candidate.url), plain_name(finding.name), value


def _shared(entries: dict[str, Entry], secrecy: Secrecy) -> Iterator[tuple[str, str, str]]:
    """Origin, name and value, as they stand in URLs, of what all of an origin have."""
    first = next((entry for entry in entries.values() if entry.candidates), None)
    for candidate in first.candidates if first is not None else ():
        if candidate.signed or "?" not in candidate.url:
            continue
        origin = _origin(candidate.url)
        for name, value in _PARAMETER.findall(candidate.url):
            known = is_harmless_name(name) or plain_name(name) in secrecy.harmless
            if not known and is_mixed(value) and _all_have(entries, origin, f"{name}={value}"):
                yield origin, name, value


def _all_have(entries: dict[str, Entry], origin: str, mark: str) -> bool:
    number = 0
    for entry in entries.values():
        for candidate in entry.candidates:
            if candidate.url.startswith(origin):
                if mark not in candidate.url:
                    return False
                number += 1
    return number > 1


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])
