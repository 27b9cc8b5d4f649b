"""Trees from changed paths, compared with those that git itself makes of the same files."""

from __future__ import annotations

import hashlib
import os
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datalad_jsdl.repository.git.trees import FOLDER, build_tree, parse_tree, trees_between
from tests.conftest import run

Files = dict[str, tuple[str, str]]  # path → mode and hex object name


class Store(dict[bytes, bytes]):
    """Objects in memory."""

    def add(self, kind: bytes, content: bytes) -> bytes:
        oid = hashlib.sha1(b"%b %d\0%b" % (kind, len(content), content)).digest()
        self[oid] = content
        return oid


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trees")
    run("git", "init", "-q", folder)
    return folder


def git_tree(repo: Path, files: Files) -> str:
    """The tree that git makes of files, by way of its index."""
    environment = {**os.environ, "GIT_INDEX_FILE": str(repo / ".git" / "made")}
    (repo / ".git" / "made").unlink(missing_ok=True)
    lines = "".join(f"{mode} {oid}\t{path}\0" for path, (mode, oid) in files.items())
    command = ["git", "update-index", "-z", "--index-info"]
    subprocess.run(command, cwd=repo, env=environment, input=lines.encode(), check=True)
    return run("git", "write-tree", "--missing-ok", cwd=repo, env=environment).strip()


def ours(store: Store, before: bytes | None, gone: set[str], files: Files) -> bytes:
    changes = [(path.encode(), None) for path in gone]
    changes += [(p.encode(), (m.encode(), bytes.fromhex(o))) for p, (m, o) in files.items()]
    # by path alone: what is to go and what is to come may have the same
    return build_tree(store, sorted(changes, key=lambda c: c[0]), before, store.__getitem__)


# names that sort in another order when they are folders' names
NAMES = ["a", "a-", "a.b", "a0", "a b", "A", "b", "ä", "é\U0001f600", ".x"]
PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join)
MODES = st.sampled_from(["100644", "100755", "120000", "160000"])
OIDS = st.integers(1, 2**160 - 1).map("{:040x}".format)
FILES = st.dictionaries(PATHS, st.tuples(MODES, OIDS), max_size=12)
LINK = ("120000", "1" * 40)


def without_collisions(files: Files) -> Files:
    """Less of them: no path is a folder of another."""
    folders = {"/".join(p.split("/")[:n]) for p in files for n in range(1, p.count("/") + 1)}
    return {path: file for path, file in files.items() if path not in folders}


@given(before=FILES, after=FILES, kept=st.sets(PATHS))
@example({"a": LINK}, {"a/b": LINK}, set())
@example({"a/b": LINK, "a.b": LINK}, {"a": LINK}, set())
@example({"a/b/c": LINK}, {}, set())
@settings(max_examples=60)
def test_an_update_gives_the_tree_that_git_makes(
    repo: Path, before: Files, after: Files, kept: set[str]
) -> None:
    before = without_collisions(before)
    left = {path: file for path, file in before.items() if path in kept}
    final = without_collisions(left | after)
    store = Store()
    base = ours(store, None, set(), before)
    assert base.hex() == git_tree(repo, before)
    new = {path: file for path, file in final.items() if before.get(path) != file}
    made = ours(store, base, before.keys() - final.keys(), new)
    assert made.hex() == git_tree(repo, final)


def test_only_what_is_on_the_way_is_read_and_written() -> None:
    store = Store()
    places = [f"{i}/{j}/f" for i in range(9) for j in range(9)]
    base = ours(store, None, set(), dict.fromkeys(places, LINK))
    other = Store(store)
    read: list[bytes] = []

    def reading(oid: bytes) -> bytes:
        read.append(oid)
        return other[oid]

    change = (b"3/4/g", (b"100644", bytes(19) + b"1"))
    build_tree(other, [change, (b"5/none/f", None), (b"6", None)], base, reading)
    assert len(read) == 4  # the root, 3, 3/4 and 5
    assert len(other) - len(store) == 3


def test_a_tree_is_read_as_git_writes_it(repo: Path) -> None:
    (repo / "file").write_text("x")
    oid = run("git", "hash-object", "-w", "file", cwd=repo).strip()
    root = git_tree(repo, {"a b/c": ("100644", oid), "d": ("100755", oid)})
    raw = subprocess.run(
        ["git", "cat-file", "tree", root], cwd=repo, capture_output=True, check=True
    ).stdout
    folder, file = parse_tree(raw, 20)
    assert folder[:2] == (FOLDER, b"a b")
    assert file == (b"100755", b"d", bytes.fromhex(oid))


@given(before=FILES, after=FILES, number=st.integers(1, 5))
def test_trees_between_two_have_more_and_more_of_the_changes(
    before: Files, after: Files, number: int
) -> None:
    store = Store()
    first, last = (ours(store, None, set(), without_collisions(f)) for f in (before, after))
    contents = [*trees_between(store[first], store[last], 20, number), store[last]]
    rows = [
        {name: (mode, oid) for mode, name, oid in parse_tree(content, 20)}
        for content in (store[first], *contents)
    ]
    ends = [{n for n in rows[0] | rows[-1] if row.get(n) == rows[-1].get(n)} for row in rows]
    assert len(contents) <= number
    assert len(contents) == min(number, max(1, len(ends[-1] - ends[0])))
    assert all(one < other for one, other in pairwise(ends[: len(contents)]))
    assert all(row[n] in (rows[0].get(n), rows[-1].get(n)) for row in rows for n in row)
