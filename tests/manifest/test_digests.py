"""Digest algorithms: their names and what their digests look like."""

from __future__ import annotations

import pytest

from datalad_jsdl.model.digests import ALGORITHMS, canonical_name, digest_fault

SPELLINGS = {
    "sha256": ["sha256", "SHA-256", "sha_256", "sha2-256"],
    "sha3-256": ["SHA3_256", "sha-3-256", "sha3256"],
    "blake2b-512": ["blake2b", "BLAKE2b-512"],
    "md5": ["MD5", "md-5"],
    None: ["crc32", "etag", "dandi-etag", "sha512/256", "sha", ""],
}
FAULTS: dict[str, list[object]] = {
    "has 0 characters, not 32": [""],
    "has 31 characters, not 32": ["a" * 31],
    "has 64 characters, not 32": ["a" * 64],
    "is not hexadecimal": ["a" * 31 + end for end in "g\n -\uff11"],
    "is not a string": [None, 12, True, ["a"] * 32],
}


@pytest.mark.parametrize(("given", "name"), [(s, n) for n in SPELLINGS for s in SPELLINGS[n]])
def test_spellings(given: str, name: str | None) -> None:
    assert canonical_name(given) == name


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_real_digest_has_no_fault(name: str) -> None:
    hexdigest = ALGORITHMS[name].new().hexdigest()
    assert canonical_name(name) == name
    assert digest_fault(name, hexdigest) is None
    assert digest_fault(name, hexdigest.upper()) is None


@pytest.mark.parametrize(
    ("value", "fault"), [(v, fault) for fault in FAULTS for v in FAULTS[fault]]
)
def test_faults(value: object, fault: str) -> None:
    assert digest_fault("md5", value) == f"the md5 digest {fault}"


def test_the_strongest_come_first() -> None:
    lengths = [algorithm.hex_length for algorithm in ALGORITHMS.values()]
    assert lengths == sorted(lengths, reverse=True)
