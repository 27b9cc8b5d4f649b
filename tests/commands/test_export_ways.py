"""How an archive is written: to a pipe, on with a broken-off one, compressed, not at all."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.archive.archive import Archive
from datalad_jsdl.operations.collect import collect
from datalad_jsdl.operations.home import Homes
from datalad_jsdl.operations.list_files import FileSelection
from tests.conftest import run
from tests.kill_at import KillAt
from tests.lab import Lab, sha256
from tests.portal import content_of, datalad, described, file_sha256, git, publish, write_manifest
from tests.running import run_datalad, start_datalad

if TYPE_CHECKING:
    from collections.abc import Callable

SMALL = [f"{number:02d}.txt" for number in range(30)]
LARGE = "big.bin"
LARGE_SIZE = 30_000_000


@cache
def large_content() -> bytes:
    return content_of(LARGE, LARGE_SIZE)


@pytest.fixture
def dataset(tmp_path: Path, lab: Lab, ready: Callable[..., Path]) -> Path:
    listed = {path: described(path, url) for path, url in publish(lab, SMALL).items()}
    content = large_content()
    listed[LARGE] = {
        "urls": [lab.put(LARGE, content)],
        "size": LARGE_SIZE,
        "digests": {"md5": hashlib.md5(content).hexdigest()},
    }
    return ready(listed, tmp_path / "ds")


EXPORT = ["export-archive", "-d", "ds", "-t", "zip"]


def whole(*options: str) -> bytes:
    """The archive in one go."""
    datalad(*EXPORT, *options, "whole.zip")
    return Path("whole.zip").read_bytes()


def test_to_a_pipe(dataset: Path, program: Callable[[str], str]) -> None:
    expected = whole("--leading-dir", "x")
    done = run_datalad(*EXPORT, "--leading-dir", "x", "-")
    assert (done.code, done.out) == (0, expected)
    assert "ds: 31 files, " in done.stderr
    Path("there").mkdir()
    command = ["datalad", *EXPORT, "--leading-dir", "", "-"]  # a real one, into a real program
    with subprocess.Popen(command, stdout=subprocess.PIPE) as pipe:
        run(program("bsdtar"), "-xf", "-", stdin=pipe.stdout, cwd=Path("there"))
    assert pipe.returncode == 0
    assert Path("there", LARGE).read_bytes() == large_content()
    assert len(os.listdir("there")) == 31


def test_to_a_pipe_from_python(dataset: Path) -> None:
    call = "dl.export_archive('-', dataset='ds', archivetype='zip')"
    code = f"import datalad.api as dl; {call}; print('after')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.endswith(b"\0\0after\n")
    identity = git(dataset, "config", "-f", ".datalad/config", "datalad.dataset.id")
    assert done.stdout[30:].startswith(f"datalad_{identity}/00.txt".encode())


FULL = """
import os, sys
limit = int(sys.argv[1])
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
os.execvp(sys.argv[2], sys.argv[2:])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits on the size of files")
def test_nothing_is_put_on_a_disk_on_the_way_to_a_pipe(dataset: Path) -> None:
    command = ["datalad", *EXPORT, "--leading-dir", "whole", "-"]
    limited = [sys.executable, "-c", FULL, "20000", *command]  # limits of a process of its own
    with subprocess.Popen(limited, stdout=subprocess.PIPE) as pipe:
        assert pipe.stdout is not None
        got = pipe.stdout.read()
    assert pipe.returncode == 0
    assert got == whole()


def test_a_reader_that_ends_early(dataset: Path) -> None:
    command = ["datalad", *EXPORT, "-"]  # a real one: how it ends when its pipe is closed
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as pipe:
        assert pipe.stdout is not None
        assert pipe.stderr is not None
        pipe.stdout.read(1000)
        pipe.stdout.close()
        said = pipe.stderr.read().decode()
    assert pipe.returncode == 1
    assert "the program reading the export ended early" in said
    assert "Traceback" not in said


def test_interrupted_nothing_but_the_archive_is_in_the_pipe(dataset: Path, lab: Lab) -> None:
    expected = whole()
    kill = KillAt(f"{OUTPUT}:PipeOutput.write", call=80, signal=signal.SIGINT)
    done = run_datalad(*EXPORT, "--leading-dir", "whole", "-", kill=kill)
    assert done.code == 3
    assert 0 < len(done.out) < len(expected)
    assert expected.startswith(done.out)


def test_what_is_missing_needs_no_room(dataset: Path, lab: Lab) -> None:
    listed = {
        "there": described("there", lab.put("there", content_of("there"))),
        "huge": {"urls": [lab.put("huge", status=404)], "size": 10**15},
    }
    datalad("download-manifest", write_manifest("m.json", listed), "other")
    command = ("export-archive", "-d", "other", "-t", "zip", "--missing-content", "continue")
    (record,) = datalad(*command, "out.zip")
    assert record["missing"] == ["huge"]
    assert record["members"] == 1


def test_a_content_that_fails_ends_the_pipe_without_a_directory(dataset: Path, lab: Lab) -> None:
    expected = whole()
    lab.put("20.txt", status=404)
    done = run_datalad(*EXPORT, "--leading-dir", "whole", "-")
    assert done.code == 1
    assert "20.txt is unavailable" in done.stderr
    assert expected.startswith(done.out)
    assert b"PK\1\2" not in done.out[-5000:]


def test_a_terminal_gets_no_archive(dataset: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    with open(os.devnull, "r+b") as null, os.fdopen(theirs, "wb", 0) as terminal:
        code = start_datalad(*EXPORT, "-", streams=(null, terminal, null)).wait()
    os.close(ours)
    assert code == 1


@pytest.mark.slow
@pytest.mark.parametrize("present", [False, True])
def test_a_thousand_ranges_of_a_dataset(dataset: Path, present: bool) -> None:
    expected = whole()
    if present:
        datalad("download-content", "-d", dataset)
    with Homes() as homes:
        contents, _ = collect(dataset, FileSelection(), homes, "whole")
        archive = Archive(contents, homes)
        chance = random.Random(11)
        cuts = [0, *sorted(chance.sample(range(1, len(expected)), 999)), len(expected)]
        ranges = list(pairwise(cuts))
        got = dict.fromkeys(ranges, b"")
        for start, stop in chance.sample(ranges, len(ranges)):
            got[start, stop] = b"".join(archive.range(start, stop))
    assert b"".join(got.values()) == expected


OUTPUT = "datalad_jsdl.archive.output"
STEPS = {
    "before anything is written": KillAt(f"{OUTPUT}:FileOutput.mark"),
    "in the midst of the small files": KillAt(f"{OUTPUT}:FileOutput.mark", call=12),
    "in the midst of a member": KillAt(f"{OUTPUT}:FileOutput.write", call=61, after=True),
    "later in it": KillAt(f"{OUTPUT}:FileOutput.write", call=10),
    "before the directory": KillAt("datalad_jsdl.archive.zip.writer:CanonicalWriter.finish"),
    "before it has its name": KillAt(f"{OUTPUT}:FileOutput.finish"),
    "before its checksum is written": KillAt(f"{OUTPUT}:_checksum_line"),
}


def test_killed_at_any_step_and_gone_on_with(dataset: Path, lab: Lab) -> None:
    expected = whole()
    command = [*EXPORT, "--leading-dir", "whole", "--checksum-file", "out.zip"]
    part = Path("out.zip.jsdl-part")
    for step, kill in STEPS.items():
        done = run_datalad(*command, kill=kill)
        assert done.code == -signal.SIGKILL, (step, done)
        # never half an archive under its name
        assert Path("out.zip").exists() is (step == "before its checksum is written"), step
        there = Path("out.zip") if Path("out.zip").exists() else part
        assert expected.startswith(there.read_bytes()), step
    datalad(*command)
    assert Path("out.zip").read_bytes() == expected
    assert not part.exists()
    run("sha256sum", "-c", "out.zip.sha256")


def test_gone_on_with_after_a_mirror_came_back(dataset: Path, lab: Lab) -> None:
    expected = whole()
    lab.put("20.txt", status=503)
    lab.requests.clear()
    command = [*EXPORT, "--leading-dir", "whole"]
    (record,) = datalad(*command, "out.zip", code=1)
    assert "20.txt is unavailable" in record["message"]
    assert "the same command continues" in record["message"]
    assert not Path("out.zip").exists()
    lab.put("20.txt", content_of("20.txt"))
    lab.requests.clear()
    datalad(*command, "out.zip")
    assert Path("out.zip").read_bytes() == expected
    assert lab.sent("00.txt") == 0
    # another selection begins with other bytes: none of the old ones is of use, or is lost
    part = Path("out.zip.jsdl-part")
    part.write_bytes(expected[:50_000])
    (record,) = datalad(*command, "--include", "1*", "out.zip", code=1)
    assert "belong to a different export" in record["message"]
    assert part.read_bytes() == expected[:50_000]
    datalad(*command, "--no-resume", "--include", "1*", "out.zip")
    with zipfile.ZipFile("out.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"whole/{number}.txt" for number in range(10, 20)]


def test_two_at_once(dataset: Path, lab: Lab) -> None:
    lab.files[f"/{LARGE}"].rate = 3_000_000  # so that it lasts until the second has started
    first = start_datalad(*EXPORT, "out.zip")
    while not Path("out.zip.jsdl-part").exists():
        time.sleep(0.05)
    (record,) = datalad(*EXPORT, "out.zip", code=1)
    assert "another process is writing out.zip" in record["message"]
    assert first.wait() == 0
    with zipfile.ZipFile("out.zip") as archive:
        assert archive.testzip() is None


def test_a_checksum_file(dataset: Path) -> None:
    Path("out.zip.sha256").write_text("of an older one")
    datalad(*EXPORT, "--checksum-file", "out.zip")
    assert Path("out.zip.sha256").read_text() == f"{file_sha256(Path('out.zip'))}  out.zip\n"


def test_deflated_if_asked(dataset: Path, program: Callable[[str], str]) -> None:
    (dataset / "link").symlink_to("00.txt")
    git(dataset, "add", "link")
    git(dataset, "commit", "-q", "-m", "link")
    canonical = whole()
    for option in ("-c", "--compression"):
        assert whole(option, "") == canonical
    datalad(*EXPORT, "-c", "gz", "out.zip")
    with zipfile.ZipFile("out.zip") as archive, zipfile.ZipFile("whole.zip") as stored:
        assert archive.testzip() is None
        assert {i.compress_type for i in archive.infolist()} == {0, zipfile.ZIP_DEFLATED}
        for mine, theirs in zip(archive.infolist(), stored.infolist(), strict=True):
            assert mine.filename.partition("/")[2] == theirs.filename.partition("/")[2]
            assert (mine.CRC, mine.date_time) == (theirs.CRC, theirs.date_time)
            assert mine.external_attr == theirs.external_attr
    run(program("unzip"), "-q", "out.zip", "-d", "unpacked")
    assert os.readlink("unpacked/out/link") == "00.txt"
    Path("piped.zip").write_bytes(run_datalad(*EXPORT, "-c", "gz", "-").out)
    with zipfile.ZipFile("piped.zip") as archive:
        assert archive.testzip() is None


def test_deflated_and_wrong_is_no_archive(dataset: Path, lab: Lab) -> None:
    wrong = bytearray(large_content())
    wrong[-1] ^= 1
    lab.put(LARGE, bytes(wrong))
    (record,) = datalad(*EXPORT, "-c", "gz", "out.zip", code=1)
    assert "wrong content" in record["message"]
    assert not [name for name in os.listdir() if "out" in name]
    done = run_datalad(*EXPORT, "-c", "gz", "-")
    assert done.code == 1
    assert b"PK\5\6" not in done.out[-100_000:]


REFUSED = [
    ["-c", "bz2", "x.zip"],
    ["--checksum-file", "-"],
    ["-J", "0", "x.zip"],
    ["-t", "tar", "--no-resume", "x"],
    ["-t", "tar", "-"],
    ["-t", "tar", "-r", "x"],
]


def test_what_makes_no_sense_is_refused(dataset: Path) -> None:
    before = sorted(os.listdir())
    for options in REFUSED:
        done = run_datalad(*EXPORT, *options)
        assert done.code, options
        assert "Traceback" not in done.stderr
        assert sorted(os.listdir()) == before


def test_a_preview_writes_nothing(dataset: Path, lab: Lab) -> None:
    lab.requests.clear()
    (record,) = datalad(*EXPORT, "-n", "out.zip")
    assert lab.requests == []
    assert not Path("out.zip").exists()
    datalad(*EXPORT, "out.zip")
    assert record["bytesize"] == Path("out.zip").stat().st_size
    assert record["members"] == 31
    assert "to download: 31 files, 30.1 MB" in record["message"]


def test_a_full_disk(dataset: Path, tmp_path: Path) -> None:
    if not os.path.isdir("/dev/shm") or os.geteuid() != 0:
        pytest.skip("needs a small file system")
    small = tmp_path / "small"
    small.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", small)
    try:
        (record,) = datalad(*EXPORT, small / "out.zip", code=1)
        assert record["message"].startswith("not enough disk space: 30.1 MB needed, 10.5 MB free")
        assert os.listdir(small) == []
    finally:
        run("umount", small)


def test_the_digest_of_a_damaged_local_content(dataset: Path) -> None:
    git(dataset, "annex", "get", LARGE)
    damaged = (dataset / LARGE).resolve()
    damaged.chmod(0o644)
    with damaged.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"?")
    done = run_datalad(*EXPORT, "out.zip")
    assert done.code == 0
    assert " annex fsck --key " in done.stderr
    with zipfile.ZipFile("out.zip") as archive:
        assert sha256(archive.read(f"out/{LARGE}")) == sha256(large_content())
    done = run_datalad(*EXPORT, "-")
    assert done.code == 1
    assert "cannot be undone" in done.stderr
