"""A broken-off archive is gone on with, as far as it is good."""

from __future__ import annotations

import hashlib
import os
import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.archive.content import Content, MirrorsOnly, Sources
from datalad_jsdl.archive.export import export
from datalad_jsdl.archive.output import FileOutput
from datalad_jsdl.archive.resume import Prefix, good_prefix
from datalad_jsdl.archive.zip.members import Kind
from datalad_jsdl.archive.zip.writer import CanonicalWriter
from datalad_jsdl.model.content import Expected
from datalad_jsdl.operations.home import Home, Homes
from datalad_jsdl.repository.repository import Repository
from tests.archive.making import by_the_book
from tests.archive.plain import Plain
from tests.conftest import run
from tests.fetch.waits import new_engine
from tests.lab import Lab, sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TARGET = Path("out.zip")
PART = Path("out.zip.jsdl-part")


def resumed(
    contents: Sequence[Content], sources: Sources, *, skip: bool = False
) -> tuple[bytes, Prefix]:
    """What `datalad export-archive --resume` does."""
    with FileOutput(TARGET, resume=True) as output:
        prefix = good_prefix(output.file, contents, skip=lambda _: skip)
        output.keep(prefix.length, prefix.layout.central_offset)
        writer = CanonicalWriter(output, prefix.layout, prefix.crcs)
        rest = contents[prefix.next :]
        done = export(rest, sources, writer, output, jobs=2, begun=prefix.begun, skip_missing=skip)
        assert done.warnings == []
        assert done.damaged == []
        output.finish()
    return TARGET.read_bytes(), prefix


@pytest.fixture(scope="module")
def set_up(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[list[Content], bytes, Homes]]:
    """Contents of all kinds: from git, from the annex, with and without a digest or a size."""
    folder = tmp_path_factory.mktemp("repository")
    run("git", "init", "-q", cwd=folder)
    home = Home(Repository(folder), new_engine)
    contents, plain = [], []
    for number, size in enumerate([0, 1, 65535, 65536, 200_000, 1_310_700, 17, 400_000, 3]):
        name = f"{number}"
        data = random.Random(number).randbytes(size)
        place = folder / name
        place.write_bytes(data)
        kind, mode, mtime = Kind.REGULAR, 0o100644, None if number == 4 else number
        blob = key = ""
        if number in (1, 4, 8):
            blob = run("git", "hash-object", "-w", str(place), cwd=folder).strip()
            if number == 8:
                kind, mode = Kind.SYMLINK, 0o120777
        elif number in (2, 7):
            key = f"URL--{name}"
        known = None if number == 7 else size
        expected = Expected(known)
        if not blob and not key:
            expected = Expected(known, "sha256", sha256(data))
        # of unknown size, it has to come from its mirrors; of known size, it is here
        local = None if number == 7 or blob else place
        item = Content(name, name.encode(), kind, known, mtime, expected, blob, local, key=key)
        if number in (3, 6):
            item = replace(item, local=None, inline=data)
        contents.append(item)
        plain.append(Plain(name, data or b"0", size, mtime, mode))
    with Homes() as homes:
        homes.add("", home)
        yield contents, by_the_book(plain), homes


@pytest.fixture
def contents(set_up: tuple[list[Content], bytes, Homes], lab: Lab) -> list[Content]:
    """With its mirror up."""
    contents = list(set_up[0])
    for number in (7,):
        data = random.Random(number).randbytes(400_000)
        old = contents[number]
        contents[number] = replace(old, urls=(lab.put(old.path, data),))
    return contents


def test_cut_off_anywhere(
    contents: list[Content], set_up: tuple[list[Content], bytes, Homes], tmp_path: Path
) -> None:
    whole, chance = set_up[1], random.Random(1)
    edges = [0, 1, 29, 30, 31, 35, 40, len(whole) - 1, len(whole)]
    for length in edges + [chance.randrange(len(whole)) for _ in range(60)]:
        PART.write_bytes(whole[:length])
        made, prefix = resumed(contents, set_up[2])
        assert made == whole
        assert prefix.length <= length
        assert os.listdir() == ["out.zip"]


def test_a_damaged_beginning_is_not_kept(
    contents: list[Content], set_up: tuple[list[Content], bytes, Homes], tmp_path: Path
) -> None:
    whole, chance = set_up[1], random.Random(2)
    for _ in range(60):
        at = chance.randrange(len(whole))
        damaged = bytearray(whole[: chance.randrange(at, len(whole)) + 1])
        damaged[at] ^= 1 << chance.randrange(8)
        PART.write_bytes(damaged)
        made, prefix = resumed(contents, set_up[2])
        assert made == whole
        assert prefix.length <= at or prefix.begun


def test_what_is_there_is_kept_until_it_was_looked_at() -> None:
    PART.write_bytes(b"x" * 1000)
    with pytest.raises(KeyboardInterrupt), FileOutput(TARGET, resume=True):
        raise KeyboardInterrupt
    assert PART.read_bytes() == b"x" * 1000
    elsewhere = Path("elsewhere")
    PART.rename(elsewhere)
    PART.symlink_to(elsewhere)
    with pytest.raises(OSError, match="symbolic"):
        FileOutput(TARGET)
    assert elsewhere.read_bytes() == b"x" * 1000


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_rubbish_is_not_kept(
    set_up: tuple[list[Content], bytes, Homes],
    tmp_path_factory: pytest.TempPathFactory,
    rubbish: bytes,
) -> None:
    place = tmp_path_factory.mktemp("rubbish") / "part"
    place.write_bytes(rubbish)
    with place.open("rb") as file:
        prefix = good_prefix(file, set_up[0], skip=lambda _: len(rubbish) % 2 == 0)
    assert prefix.length == 0


def test_nearly_all_is_kept(
    contents: list[Content], set_up: tuple[list[Content], bytes, Homes]
) -> None:
    whole = set_up[1]
    end = whole.index(b"PK\1\2")
    PART.write_bytes(whole[: end + 100])
    made, prefix = resumed(contents, set_up[2])
    assert made == whole
    assert (prefix.length, prefix.next) == (end, len(contents))
    # in the middle of a content that is here
    middle = whole.index(b"PK\3\4", 900_000) - 500_000
    PART.write_bytes(whole[:middle])
    made, prefix = resumed(contents, set_up[2])
    assert made == whole
    assert prefix.begun is not None
    assert prefix.length == middle


@pytest.fixture
def remote(lab: Lab) -> Iterator[tuple[list[Content], bytes, MirrorsOnly]]:
    """A large content between two small ones, at a mirror."""
    contents, plain = [], []
    for name, size in (("a", 10), ("b", 20_000_000), ("c", 1000)):
        data = random.Random(name).randbytes(size)
        expected = Expected(size, "md5", hashlib.md5(data).hexdigest())
        urls = (lab.put(name, data),)
        contents.append(Content(name, name.encode(), Kind.REGULAR, size, None, expected, urls=urls))
        plain.append(Plain(name, data, size))
    with new_engine() as engine:
        yield contents, by_the_book(plain), MirrorsOnly(engine)


@pytest.mark.slow
def test_cut_off_anywhere_with_all_contents_at_a_mirror(
    remote: tuple[list[Content], bytes, MirrorsOnly],
) -> None:
    contents, whole, sources = remote
    ends = [*range(36, 60), *range(len(whole) - 1300, len(whole) - 200, 60)]
    for length in [*ends, 70_000, 8 << 20, 19_999_999]:
        PART.write_bytes(whole[:length])
        made, prefix = resumed(contents, sources)
        assert made == whole
        assert prefix.length > 0 or length < 62


def test_only_what_is_missing_is_fetched(
    remote: tuple[list[Content], bytes, MirrorsOnly], lab: Lab
) -> None:
    contents, whole, sources = remote
    PART.write_bytes(whole[:15_000_000])
    made, prefix = resumed(contents, sources)
    assert made == whole
    assert prefix.length == 15_000_000
    assert lab.sent("a") == 0
    assert 5_000_000 <= lab.sent("b") <= 5_010_000


def test_damage_in_the_middle_of_what_was_begun_shows_in_the_end(
    remote: tuple[list[Content], bytes, MirrorsOnly],
) -> None:
    contents, whole, sources = remote
    damaged = bytearray(whole[:15_000_000])
    damaged[9_999_999] ^= 1
    PART.write_bytes(damaged)
    made, prefix = resumed(contents, sources)
    assert prefix.length == 15_000_000
    assert made == whole


@pytest.mark.slow
def test_what_was_left_out_stays_out(
    remote: tuple[list[Content], bytes, MirrorsOnly], lab: Lab
) -> None:
    contents, _, sources = remote
    files = [Plain("b", random.Random("b").randbytes(20_000_000), 20_000_000)]
    files.append(Plain("c", random.Random("c").randbytes(1000), 1000))
    without = by_the_book(files)
    PART.write_bytes(without[:9_000_000])
    made, prefix = resumed(contents, sources, skip=True)
    assert made == without
    assert prefix.passed == [0]
    PART.write_bytes(without[:9_000_000])
    made, prefix = resumed(contents, sources)
    assert prefix.length == 0
    assert made == remote[1]
