"""Files that are read while other things happen to them."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from datalad_jsdl.archive.output import PipeOutput
from datalad_jsdl.errors import JsdlError
from datalad_jsdl.model.filters import Filter
from datalad_jsdl.model.pieces import Pieces
from datalad_jsdl.operations import hashing
from datalad_jsdl.operations.folder_files import FolderFile, FolderFiles, folder_files
from datalad_jsdl.operations.hashing import Hashed, Hashing
from datalad_jsdl.operations.make_manifest import MakeOptions, make_manifest
from datalad_jsdl.operations.progress import SILENT

ALL = Filter()


def looked(folder: Path, wanted: Filter = ALL) -> FolderFiles:
    with SILENT.bar("") as bar:
        return folder_files(folder, wanted, frozenset(), bar)


def hashed(files: list[FolderFile], jobs: int = 2, *, pieces: bool = False) -> dict[str, object]:
    with Hashing(files, jobs, pieces=pieces) as running:
        return {file.path: found for batch in running.results() for file, found in batch}


def test_many_files_of_all_sizes(tmp_path: Path) -> None:
    sizes = [0, 1, 4096, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, (8 << 20), (70 << 20)]
    for number in range(200):
        content = os.urandom(sizes[number] if number < len(sizes) else number)
        (tmp_path / f"{number:03}").write_bytes(content)
    files = looked(tmp_path).files
    for jobs in (1, 3):
        with Hashing(files, jobs) as running:
            found = {file.path: h for batch in running.results() for file, h in batch}
            assert running.read == sum(file.size for file in files)
        for path, value in found.items():
            assert isinstance(value, Hashed)
            assert value.sha256 == hashlib.sha256((tmp_path / path).read_bytes()).hexdigest()
            assert value.mtime_ns == (tmp_path / path).stat().st_mtime_ns
        assert len(found) == 200


def test_no_files() -> None:
    assert hashed([]) == {}


def test_pieces_become_longer_where_there_would_be_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "PIECE", 1000)
    monkeypatch.setattr(hashing, "_MOST_PIECES", 4)
    for size, length in ((1000, 0), (1001, 1000), (4000, 1000), (4001, 2000), (9000, 4000)):
        content = os.urandom(size)
        (tmp_path / "f").write_bytes(content)
        found = hashed(looked(tmp_path).files, pieces=True)["f"]
        assert isinstance(found, Hashed)
        if not length:
            assert found.pieces is None
            continue
        parts = [content[at : at + length] for at in range(0, size, length)]
        digests = tuple(hashlib.sha256(part).hexdigest() for part in parts)
        assert found.pieces == Pieces("sha256", length, digests)


@contextmanager
def growing(file: Path) -> Iterator[None]:
    """Somebody else writes to a file, all the time."""
    stop, began = threading.Event(), threading.Event()

    def write() -> None:
        with file.open("ab", buffering=0) as stream:
            while not stop.is_set():
                stream.write(b"x" * 100)
                began.set()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert began.wait(60)
        yield
    finally:
        stop.set()
        thread.join()


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(bytes(8 << 20))
    (tmp_path / "quiet").write_bytes(b"x")
    files = looked(tmp_path).files
    with growing(tmp_path / "log"):
        found = hashed(files)
    assert found["log"] == "it changes while it is read"
    assert isinstance(found["quiet"], Hashed)
    assert isinstance(hashed(files)["log"], Hashed)  # as it is now, not as it was seen first


def test_a_file_that_something_else_has_taken_the_place_of(tmp_path: Path) -> None:
    for name in ("gone", "fifo", "link", "folder", "shorter"):
        (tmp_path / name).write_bytes(bytes(1000))
    files = looked(tmp_path).files
    for name in ("gone", "fifo", "link", "folder"):
        (tmp_path / name).unlink()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").mkdir()
    (tmp_path / "shorter").write_bytes(b"short")
    found = hashed(files)
    shorter = found.pop("shorter")
    assert isinstance(shorter, Hashed)
    assert shorter.size == 5
    assert found == {
        "gone": "No such file or directory",
        "fifo": "it is not a regular file",
        "link": "Too many levels of symbolic links",
        "folder": "Is a directory",
    }


@contextmanager
def nobody() -> Iterator[None]:
    """Not root, who may read everything."""
    own = os.geteuid()
    if not own:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(own)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that nobody in particular can get to."""
    with tempfile.TemporaryDirectory(dir=tempfile.gettempdir()) as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def test_what_may_not_be_read(public: Path) -> None:
    if not os.access(public.parent, os.X_OK):
        pytest.skip("others cannot get here")
    for path in ("closed/a", "file", "open/b"):
        (public / path).parent.mkdir(exist_ok=True)
        (public / path).write_bytes(b"x")
    (public / "closed").chmod(0)
    (public / "file").chmod(0)
    try:
        with nobody(), open(os.devnull, "wb") as output:
            found = looked(public)
            left_out = [(item.path, item.reason) for item in found.left_out]
            assert left_out == [("closed", "Permission denied")]
            results = hashed(found.files)
            assert results["file"] == "Permission denied"
            assert isinstance(results["open/b"], Hashed)
            assert looked(public, Filter(exclude=["closed"])).left_out == []
            pipe = PipeOutput(output.fileno())
            options = MakeOptions(public / "closed", ("https://h.example/",), pipe)
            with pytest.raises((OSError, JsdlError)):
                make_manifest(options)
    finally:
        (public / "closed").chmod(0o755)


def test_who_stops_it_is_not_kept_waiting(tmp_path: Path) -> None:
    (tmp_path / "endless").write_bytes(b"")
    os.truncate(tmp_path / "endless", 1 << 40)
    files = looked(tmp_path).files
    with Hashing(files, 2) as running:
        results = running.results()
        while not running.read:
            assert next(results) == []
    assert running.read < 1 << 40
    with pytest.raises(KeyboardInterrupt), Hashing(files, 1):
        raise KeyboardInterrupt


def test_an_error_of_ours_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"x")
    files = looked(tmp_path).files
    monkeypatch.setattr(hashing, "_state", None)
    with pytest.raises(TypeError):
        hashed(files)
