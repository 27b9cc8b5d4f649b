"""Names of files to be written that are links, or no files at all."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from datalad_jsdl.archive.output import FileOutput, opened
from datalad_jsdl.archive.targets import followed
from datalad_jsdl.errors import ArchiveError


def write(target: Path, *, private: bool = False) -> None:
    with opened(target, private=private) as output:
        output.write(b"new")
        output.finish()


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    for name in ("there", "dangling"):
        real, link = tmp_path / "store" / name, tmp_path / name
        link.symlink_to(f"store/{name}")
        if name == "there":
            real.write_bytes(b"old")
            real.chmod(0o640)
        write(link)
        assert link.is_symlink()
        assert real.read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "store/there").stat().st_mode) == 0o640
    assert sorted(os.listdir(tmp_path / "store")) == ["dangling", "there"]


def test_a_checksum_stands_beside_the_name_that_was_given(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    link = tmp_path / "latest.zip"
    link.symlink_to("store/v1.zip")
    with FileOutput(link, checksum=True) as output:
        output.write(b"new")
        output.finish()
    assert (tmp_path / "latest.zip.sha256").read_text().endswith("  latest.zip\n")


def test_what_is_private_stays_so(tmp_path: Path) -> None:
    target = tmp_path / "failed"
    target.write_bytes(b"old")
    target.chmod(0o644)
    (tmp_path / "failed.jsdl-part").touch(0o644)
    write(target, private=True)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_links_that_lead_nowhere_are_told_of(tmp_path: Path) -> None:
    loop, folder, lost = tmp_path / "loop", tmp_path / "folder", tmp_path / "lost"
    loop.symlink_to("loop")
    folder.symlink_to(".")
    lost.symlink_to("no/such")
    for target, said in (
        (loop, "broken symbolic link"),
        (folder, "is a folder"),
        (lost, "does not exist"),
    ):
        with pytest.raises(ArchiveError, match=said):
            write(target)
        assert target.is_symlink()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o555)
    (tmp_path / "link").symlink_to("closed/a.zip")
    with pytest.raises(ArchiveError, match=r"cannot write a\.zip into the folder"):
        write(tmp_path / "link")


def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()))
    reader.start()
    write(fifo)
    reader.join()
    assert got == [b"new"]
    write(Path("/dev/null"))
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    with pytest.raises(ArchiveError, match="not a regular file"):
        FileOutput(fifo)


def test_what_git_annex_keeps_is_not_replaced(tmp_path: Path) -> None:
    """A link to it is a file of the dataset's, and by another link leads to that one."""
    kept = tmp_path / ".git/annex/objects/Xx/KEY"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"content")
    annexed, other = tmp_path / "a.zip", tmp_path / "b.zip"
    annexed.symlink_to(".git/annex/objects/Xx/KEY")
    other.symlink_to("a.zip")
    assert followed(annexed) == annexed
    assert followed(other) == annexed
