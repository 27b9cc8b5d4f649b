"""What other programs make of an archive."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.archive.making import written
from tests.archive.plain import Plain
from tests.conftest import run

if TYPE_CHECKING:
    from collections.abc import Callable

MTIME = 951827696
FILES = {
    "a/empty": b"",
    "a/one byte": b"1",
    "blocks.bin": bytes(range(256)) * 800,  # 204,800 bytes: four blocks, the last a short one
    "full blocks.bin": (b"PK\7\10PK\1\2" * 16384)[: 2 * 65535],
    "größe/脳.nii.gz": "Gehirn 🧠".encode(),
    "run.sh": b"#!/bin/sh\n",
    "unknown time": b"?",
    "🧠": b"brain",
}
TARGET = b"blocks.bin"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive of `FILES` and a link."""
    files = [
        Plain(
            name,
            content,
            len(content),
            None if name == "unknown time" else MTIME,
            0o100755 if name == "run.sh" else 0o100644,
        )
        for name, content in FILES.items()
    ]
    files.append(Plain("🧠🧠", TARGET, len(TARGET), MTIME, 0o120777))
    path = tmp_path / "archive.zip"
    path.write_bytes(written(sorted(files, key=lambda file: file.path.encode())))
    return path


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to unpack into, by programs that understand its names."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    folder = tmp_path / "unpacked"
    folder.mkdir()
    return folder


def run_on_pipe(archive: Path, *args: str | Path) -> str:
    """Run a program with the archive as its standard input, in which it cannot seek."""
    with subprocess.Popen(["cat", archive], stdout=subprocess.PIPE) as cat:
        return run(*args, stdin=cat.stdout)


def check_contents(folder: Path) -> None:
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    assert found == {*FILES, "🧠🧠"}
    for name, content in FILES.items():
        assert (folder / name).read_bytes() == content


def check_everything(folder: Path) -> None:
    check_contents(folder)
    assert (folder / "🧠🧠").readlink() == Path(TARGET.decode())
    for name in FILES:
        status = (folder / name).stat()
        assert status.st_mode & 0o777 == (0o755 if name == "run.sh" else 0o644)
        if name != "unknown time":
            assert status.st_mtime == MTIME


@pytest.mark.parametrize("zone", ["UTC0", "EAST-13:30", "WEST+11"])
def test_unzip(
    archive: Path,
    unpacked: Path,
    program: Callable[[str], str],
    zone: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", zone)
    assert "No errors detected" in run(program("unzip"), "-t", archive)
    run(program("unzip"), "-q", archive, "-d", unpacked)
    check_everything(unpacked)


def test_bsdtar(archive: Path, unpacked: Path, program: Callable[[str], str]) -> None:
    run(program("bsdtar"), "-x", "-p", "-f", archive, "-C", unpacked)
    check_everything(unpacked)


def test_bsdtar_from_a_pipe(archive: Path, unpacked: Path, program: Callable[[str], str]) -> None:
    # modes and links are in the directory at the end: too late for it
    run_on_pipe(archive, program("bsdtar"), "-x", "-f", "-", "-C", unpacked)
    check_contents(unpacked)


def test_7z(archive: Path, program: Callable[[str], str]) -> None:
    assert "Everything is Ok" in run(program("7z"), "t", archive)


def test_python(archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None


JAVA = """
import java.util.zip.*;

public class Main {
    public static void main(String[] args) throws Exception {
        try (ZipInputStream in = new ZipInputStream(System.in)) {
            for (ZipEntry entry; (entry = in.getNextEntry()) != null; ) {
                CRC32 crc = new CRC32();
                crc.update(in.readAllBytes());
                for (byte b : entry.getName().getBytes("UTF-8")) System.out.printf("%02x", b);
                System.out.printf(" %08x %d%n", crc.getValue(), entry.getTime() / 1000);
            }
        }
    }
}
"""


def test_javas_zip_input_stream(
    archive: Path, tmp_path: Path, program: Callable[[str], str]
) -> None:
    source = tmp_path / "Main.java"
    source.write_text(JAVA)
    lines = run_on_pipe(archive, program("java"), source).splitlines()
    read = {bytes.fromhex(name).decode(): (crc, time) for name, crc, time in map(str.split, lines)}
    with zipfile.ZipFile(archive) as opened:
        crcs = {info.filename: f"{info.CRC:08x}" for info in opened.infolist()}
    assert {name: crc for name, (crc, _) in read.items()} == crcs
    del read["unknown time"]
    assert {time for _, time in read.values()} == {str(MTIME)}
