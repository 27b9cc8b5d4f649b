"""What is said of exports: of content that is damaged or missing, and of what is left of others."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.commands import _output
from datalad_jsdl.errors import ArchiveError
from tests.advice.calls import call, follow, imported, is_good, messages
from tests.conftest import run
from tests.portal import content_of, described, file_sha256, git, write_manifest

if TYPE_CHECKING:
    from tests.lab import Lab

# DataLad itself leaves pipes to git-annex open, in a process that goes on
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def export(nested: Path, target: str = "out.zip", **options: Any) -> list[dict[str, Any]]:
    from datalad_jsdl.commands.export_archive import ExportArchive

    quiet = {"result_renderer": "disabled", "on_failure": "ignore", "return_type": "list"}
    given = {"filename": target, "dataset": str(nested), "archivetype": "zip"} | options
    records: list[dict[str, Any]] = ExportArchive()(**given, **quiet)
    return records


def names(target: str = "out.zip") -> list[str]:
    with zipfile.ZipFile(target) as archive:
        return [name.partition("/")[2] for name in archive.namelist()]


@pytest.mark.parametrize("path", [pytest.param("a b.txt", marks=pytest.mark.slow), "sub/c.txt"])
def test_damaged_content(nested: Path, path: str, caplog: pytest.LogCaptureFixture) -> None:
    """In a subdataset, too; the content can be had again afterwards."""
    file = nested / path
    git(file.parent, "annex", "get", "-q", ".")
    target = Path(os.path.realpath(file))
    target.parent.chmod(0o755)
    target.chmod(0o644)
    target.write_bytes(bytes(3000))
    assert is_good(export(nested, recursive=True))
    said = "\n".join(record.getMessage() for record in caplog.records)
    command = re.search(r"To repair it, run: (git -C .* annex fsck --key \S+)", said)
    assert command, said
    follow(command[1], check=False)  # it says that it found the damage
    git(file.parent, "annex", "get", "-q", ".")
    assert file.read_bytes() == content_of(path.replace("sub/", "sub//"))
    caplog.clear()
    assert is_good(export(nested, "again.zip", recursive=True, leading_dir="out"))
    assert not [r for r in caplog.records if "damaged" in r.getMessage()]
    assert file_sha256(Path("again.zip")) == file_sha256(Path("out.zip"))


@pytest.mark.slow
def test_content_from_elsewhere(tmp_path: Path, nested: Path) -> None:
    (nested / "my own").write_bytes(b"own")
    call("save", dataset=str(nested))
    run("git", "clone", "-q", nested, "clone")
    said = messages(export(tmp_path / "clone"))
    command = re.search(r"\(try: (datalad get [^)]*)\)", said)
    assert command, said
    follow(command[1], tmp_path / "clone")
    assert is_good(export(tmp_path / "clone"))
    assert "my own" in names()


def test_not_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard output of a test is no terminal, but for this moment."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "isatty", lambda _: True)
        with (
            pytest.raises(ArchiveError, match="redirect the output or name a file"),
            _output.standard_output(),
        ):
            pass
    code = "from datalad_jsdl.commands._output import standard_output as s; import os\n"
    code += "with s() as own: os.write(own, b'PK')"
    import sys

    assert run(sys.executable, "-c", code) == "PK"


@pytest.mark.slow
def test_a_subdataset_that_is_not_installed(tmp_path: Path, nested: Path) -> None:
    run("git", "clone", "-q", nested, "clone")
    said = messages(export(tmp_path / "clone", recursive=True))
    command = re.search(r"to get it, run: (datalad -C .* get -n \S+)", said)
    assert command, said
    follow(command[1])
    assert is_good(export(tmp_path / "clone", recursive=True))
    assert names() == ["a b.txt", "sub/c.txt"]


@pytest.mark.slow
def test_a_commit_that_is_not_here(tmp_path: Path, nested: Path, lab: Lab) -> None:
    run("git", "clone", "-q", nested, "clone")
    clone = tmp_path / "clone"
    run("git", "clone", "-q", nested / "sub", clone / "sub")
    manifest = write_manifest(
        "n.json", {"sub//d.txt": described("d", lab.put("d", content_of("d")))}
    )
    assert is_good(imported(manifest))
    git(clone, "pull", "-q", "--no-recurse-submodules")
    said = messages(export(clone, recursive=True))
    command = re.search(r"to get it, run: (git -C .* fetch --all)", said)
    assert command, said
    before = git(clone / "sub", "rev-parse", "HEAD")
    follow(command[1])
    assert git(clone / "sub", "rev-parse", "HEAD") == before  # what is checked out stays
    assert is_good(export(clone, recursive=True))
    assert "sub/d.txt" in names()


def test_a_path_in_a_subdataset(nested: Path) -> None:
    said = messages(export(nested, path=[str(nested / "sub/c.txt")]))
    assert "is in the subdataset sub; to export it, add --recursive" in said
    assert is_good(export(nested, path=[str(nested / "sub/c.txt")], recursive=True))
    assert names() == ["sub/c.txt"]


def test_a_pattern(nested: Path) -> None:
    said = messages(export(nested, path=[str(nested / "*.txt")]))
    assert "for a pattern, use --include" in said
    assert is_good(export(nested, include=["*.txt"]))
    assert names() == ["a b.txt"]


@pytest.mark.parametrize("way", ["the same", "anew"])
def test_what_is_left(nested: Path, way: str) -> None:
    assert is_good(export(nested, "whole.zip", leading_dir="x"))
    whole, part = Path("whole.zip").read_bytes(), Path("out.zip.jsdl-part")
    part.write_bytes(whole[:2000])
    said = messages(export(nested, leading_dir="y"))
    assert "Use the same options as before, or add --no-resume to start over" in said
    assert part.read_bytes() == whole[:2000]
    assert not Path("out.zip").exists()
    if way == "the same":
        assert is_good(export(nested, leading_dir="x"))
        assert Path("out.zip").read_bytes() == whole
        return
    assert is_good(export(nested, leading_dir="y", resume=False))
    assert names() == ["a b.txt"]


def test_a_checksum_that_is_old(nested: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert is_good(export(nested, checksum_file=True))
    Path("out.zip").unlink()
    assert is_good(export(nested, leading_dir="other"))
    assert any("use --checksum-file to renew it" in r.getMessage() for r in caplog.records)
    assert is_good(export(nested, leading_dir="other", checksum_file=True))
    run("sha256sum", "-c", "out.zip.sha256")
