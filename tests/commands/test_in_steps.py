"""Records of very many keys, which git-annex takes in several steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.repository.importing import write
from tests.portal import described, git, write_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from datalad_jsdl.repository.git.running import Git

URL = "https://host.example"


def download_manifest(manifest: Path, dataset: Path) -> None:
    """In this process; raises what goes wrong."""
    from datalad import api

    api.download_manifest(manifest, dataset, result_renderer="disabled")


def records(dataset: Path) -> set[str]:
    return {
        name
        for name in git(dataset, "ls-tree", "-r", "--name-only", "git-annex").splitlines()
        if name.count("/") == 2
    }


@pytest.mark.parametrize(
    ("stops", "others"),
    [(False, False), (True, False), (False, True)],
    ids=["at once", "stopped", "others write"],
)
def test_many_keys_are_recorded_in_steps_that_end_the_same(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stops: bool, others: bool
) -> None:
    entries = {f"s{i % 7}/f{i}": described(f"{i}", f"{URL}/{i}") for i in range(60)}
    manifest, dataset = tmp_path / "m.json", tmp_path / "ds"
    write_manifest(manifest, entries)
    download_manifest(manifest, tmp_path / "whole")
    monkeypatch.setattr(write, "_KEYS_AT_ONCE", 20)
    seen: list[int] = []
    merge = write.merge_annex_branch

    def merging(repository: Git) -> None:
        if stops and len(seen) == 2:
            raise KeyboardInterrupt
        merge(repository)
        if others:
            git(dataset, "annex", "untrust", "here")
            git(dataset, "annex", "semitrust", "here")
        seen.append(len(records(dataset)))

    monkeypatch.setattr(write, "merge_annex_branch", merging)
    if stops:
        with pytest.raises(KeyboardInterrupt):
            download_manifest(manifest, dataset)
        assert git(dataset, "for-each-ref", "refs/heads/jsdl")
        assert not (dataset / "s1").exists()
        monkeypatch.undo()
        assert 0 < seen[0] < seen[1] < 2 * len(entries)
        download_manifest(manifest, dataset)
    else:
        download_manifest(manifest, dataset)
        assert 0 < seen[0] < seen[1] < seen[2] == 2 * len(entries)
    assert records(dataset) == records(tmp_path / "whole")
    assert git(dataset, "rev-parse", "HEAD:s1") == git(tmp_path / "whole", "rev-parse", "HEAD:s1")
    assert git(dataset, "for-each-ref", "refs/jsdl", "refs/heads/jsdl") == ""
    assert git(dataset, "status", "--short") == ""
    git(dataset, "fsck", "--strict")
    git(dataset, "annex", "fsck", "--fast")
