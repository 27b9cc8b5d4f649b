"""Versions of projects of PhysioNet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.model.entry import Entry
from tests.lab import sha256
from tests.portal import datalad, git, summary
from tests.portals import answer, listed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab import Lab
    from tests.vault import Vault

CONTENTS = {"LICENSE.txt": b"license", "waves/p10/rec 01.dat": b"waves"}
ROOT = "/files/demo-waves/1.0.2"


def publish(lab: Lab, **faults: object) -> None:
    lines = "".join(f"{sha256(content)} {path}\n" for path, content in CONTENTS.items())
    answer(lab, f"{ROOT}/SHA256SUMS.txt", lines.encode(), **faults)
    for path, content in CONTENTS.items():
        lab.put(f"{ROOT[1:]}/{path}", content, **faults)


def test_an_open_project(lab: Lab) -> None:
    publish(lab)
    found = listed("physionet:demo-waves/1.0.2", lab.url)
    assert {e.path: dict(e.digests) for e in found if isinstance(e, Entry)} == {
        path: {"sha256": sha256(content)} for path, content in CONTENTS.items()
    }
    second = found[1]
    assert isinstance(second, Entry)
    assert second.candidates[0].url == f"{lab.url}{ROOT}/waves/p10/rec%2001.dat"


def test_a_restricted_project(tmp_path: Path, vault: Vault, lab: Lab) -> None:
    wants = ("Authorization", vault.basic("alice", vault.secret("physionet")))
    publish(lab, wants=wants, challenge='Basic realm="PhysioNet"')
    with pytest.raises(StatusError, match="restricted projects require a login"):
        listed("physionet:demo-waves/1.0.2", lab.url)
    vault.keyring("physionet", "secret", "planted-physionet-hunter0:2")
    line = f"{lab.url} datalad:physionet user=alice"
    address = ("--base-url", lab.url, "physionet:demo-waves/1.0.2", "ds")
    assert summary(datalad("download-manifest", "--credential", line, *address)) == {"added": 2}
    git(tmp_path / "ds", "annex", "get", "LICENSE.txt")
    assert (tmp_path / "ds/LICENSE.txt").read_bytes() == b"license"


def test_what_cannot_be(lab: Lab) -> None:
    for address in ("physionet:demo", "physionet:demo/latest", "physionet:../1.0"):
        with pytest.raises(ManifestError, match="expected a project and its version"):
            listed(address, lab.url)
    with pytest.raises(StatusError, match=r"has no project demo with a version 1\.0"):
        listed("physionet:demo/1.0", lab.url)
    answer(lab, "/files/demo/1.0/SHA256SUMS.txt", b"no digest\n")
    (refused,) = listed("physionet:demo/1.0", lab.url)
    assert not isinstance(refused, Entry)
