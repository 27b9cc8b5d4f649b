"""Digests in all places where people write them."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.manifest.selection import select_entries
from datalad_jsdl.manifest.stated_digests import stated_digests

MD5, SHA256 = "0" * 32, "a" * 64


@pytest.mark.parametrize(
    "value",
    [
        {"digests": {"sha256": SHA256}},
        {"sha256": SHA256},
        {"SHA-256": SHA256.upper()},
        {"checksum": f"sha256:{SHA256}"},
        {"checksum": f"SHA2-256: {SHA256}"},
        {"checksum": SHA256},
        {"sha256": SHA256, "digests": {"sha256": SHA256.upper(), "md5": None}, "checksum": ""},
        {"sha256": SHA256, "md5": None, "sha1": "", "checksum": None},
    ],
)
def test_ways_to_say_one(value: dict[str, Any]) -> None:
    found = stated_digests(value)
    assert (found.digests, found.unknown, found.impossible) == ({"sha256": SHA256}, (), ())
    assert found.fields == value.keys() - {"digests"}


@pytest.mark.parametrize(
    "value",
    [
        {"checksum": "crc32:00000000"},
        {"checksum": "00"},
        {"checksum": {"algorithm": "md5", "value": MD5}},
        {"md5": [MD5]},
        {"sha256": 3},
        {"other": SHA256},
    ],
)
def test_what_is_another_programs(value: dict[str, Any]) -> None:
    found = stated_digests(value)
    assert (found.digests, found.fields) == ({}, frozenset())


@pytest.mark.parametrize(
    "value",
    [
        {"digests": {"sha256": SHA256, "md5": MD5[1:]}},
        {"digests": {"md5": MD5}, "sha1": MD5},
        {"md5": MD5, "checksum": f"sha256:{MD5}"},
        {"md5": MD5, "sha256": "unknown"},
    ],
)
def test_one_of_impossible_length_beside_a_good_one(value: dict[str, Any]) -> None:
    found = stated_digests(value)
    assert len(found.digests) == len(found.impossible) == 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"sha256": MD5}, "the sha256 digest has 32 characters, not 64"),
        ({"digests": {"md5": ""}}, "0 characters"),
        ({"checksum": f"sha256:{MD5}"}, "32 characters"),
        ({"md5": MD5, "sha256": "x" * 64}, "not hexadecimal"),
        ({"md5": MD5, "digests": {"sha256": 3}}, "not a string"),
        ({"md5": MD5, "digests": {"md5": "1" * 32}}, "two different md5 digests"),
        ({"md5": MD5, "checksum": f"md5:{'1' * 32}"}, "two different md5 digests"),
        ({"digests": [MD5]}, "not an object"),
    ],
)
def test_what_refuses_an_entry(value: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        stated_digests(value)


def test_it_is_told_of() -> None:
    url = "https://h.example/a"
    members = {
        "a": {"url": url, "sha256": SHA256},
        "b": {"url": url, "digests": {"md5": MD5, "sha256": MD5}},
        "c": {"url": url, "md5": MD5, "sha256": MD5, "crc32": "00"},
        "d": {"url": url, "sha256": MD5},
        "e": {"urls": ["https://h.example/with a space.nii"], "checksum": f"md5:{MD5}"},
    }
    selection = select_entries(read_manifest(io.BytesIO(json.dumps(members).encode())))
    assert [refusal.path for refusal in selection.refusals] == ["d"]
    assert selection.warnings == [
        "ignored unknown field 'crc32' (1 entry)",
        "ignored digests of impossible length, as there are others: 'digests.sha256' (1 entry), "
        "'sha256' (1 entry)",
    ]
    last = selection.entries["e"]
    assert last.registrable == ("https://h.example/with%20a%20space.nii",)
    assert dict(last.digests) == {"md5": MD5}


def test_a_hash_of_a_data_package_without_a_name_is_known_by_its_length() -> None:
    hashes = {"a": "1" * 40, "b": SHA256, "c": MD5}
    resources = [{"path": path, "hash": digest} for path, digest in hashes.items()]
    document = json.dumps({"name": "package", "resources": resources}).encode()
    found = select_entries(read_manifest(io.BytesIO(document), "https://h.example/")).entries
    assert [list(entry.digests) for entry in found.values()] == [["sha1"], ["sha256"], ["md5"]]
