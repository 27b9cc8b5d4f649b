"""What an export finds out is kept: contents without a checksum have one from then on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.commands.test_orders_hostile import commit, last
from tests.lab import Lab
from tests.portal import content_of, datalad, git, write_manifest


@pytest.fixture
def unsure(tmp_path: Path, lab: Lab) -> Path:
    """A dataset of files that have neither sizes nor checksums, ordered."""
    members = {name: {"urls": [lab.put(name, content_of(name))]} for name in ("a", "b")}
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    root = tmp_path / "ds"
    last(root, "download-list", "add", "-r", ".")
    last(root, "download-order", "create", "--name", "n")
    return root


def test_another_content_at_the_mirror_is_told_by_its_name(
    unsure: Path, lab: Lab, tmp_path: Path
) -> None:
    first = last(unsure, "download-order", "export", tmp_path / "1.zip")
    assert "2 files had no checksum" in first["message"]
    size = len(content_of("b"))
    lab.put("b", content_of("other", size))
    other = tmp_path / "2.zip"
    wrong = last(unsure, "download-order", "export", other, code=1)
    assert "b is unavailable" in wrong["message"]
    assert "wrong content: expected sha256" in wrong["message"]
    assert not other.exists()
    # once the mirror is right again, the same command ends well
    lab.put("b", content_of("b"))
    again = last(unsure, "download-order", "export", other)
    assert "all files verified" in again["message"]
    assert other.read_bytes() == (tmp_path / "1.zip").read_bytes()


def test_a_manifest_says_what_it_is_worth(unsure: Path, tmp_path: Path) -> None:
    before = last(unsure, "download-order", "manifest", tmp_path / "before.json")
    assert "2 files without a checksum" in before["message"]
    assert "prepare or export the order, then write the manifest again" in before["message"]
    last(unsure, "download-order", "export", tmp_path / "n.zip")
    after = last(unsure, "download-order", "manifest", tmp_path / "after.json")
    command = after["message"].partition("run: datalad ")[2].split()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "after.json").rename(tmp_path / "elsewhere/after.json")
    datalad(*command, cwd=tmp_path / "elsewhere")
    made = (tmp_path / "elsewhere/n.zip").read_bytes()
    assert made == (tmp_path / "n.zip").read_bytes()


def test_what_is_replaced_is_of_the_same_kind(unsure: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("of the user")
    for action in ("export", "manifest"):
        told = last(unsure, "download-order", action, precious, code=1)["message"]
        assert "name another file" in told
        assert precious.read_text() == "of the user"
    target = tmp_path / "n.zip"
    last(unsure, "download-order", "export", target)
    last(unsure, "download-order", "export", target)


def test_a_damaged_file_is_read_again_before_it_is_called_available(tmp_path: Path) -> None:
    root = tmp_path / "plain"
    root.mkdir()
    git(root, "init", "-q")
    git(root, "annex", "init", "-q")
    commit(root, {"a": b"first"})

    def shown(*options: str) -> dict[str, Any]:
        records = datalad("download-list", "show", *options, cwd=root)
        return next(record for record in records if record["type"] == "file")

    last(root, "download-list", "add", "a")
    last(root, "download-order", "create", "--name", "n")
    last(root, "download-list", "add", "a")
    content = (root / "a").resolve()
    content.chmod(0o644)
    content.write_bytes(b"worse")
    last(root, "download-order", "export", tmp_path / "n.zip", code=1)
    assert shown()["access"] == "damaged"
    assert shown("--check")["access"] == "damaged"
    content.write_bytes(b"first")
    assert shown("--check")["access"] == "open"
