"""Packs and refs, as git reads them; what fast-import makes of the same plan is the measure."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository.annex.logs import KeyState
from datalad_jsdl.repository.commit import Tree
from datalad_jsdl.repository.git.oids import OidSet
from datalad_jsdl.repository.git.pack import PackWriter, writing_pack
from datalad_jsdl.repository.git.running import Git
from datalad_jsdl.repository.importing import write as objects
from datalad_jsdl.repository.importing.plan import KeyRecord
from datalad_jsdl.repository.importing.steps import Change, Plan, Step
from datalad_jsdl.repository.importing.worktree import blob_of
from datalad_jsdl.repository.importing.write import (
    ANNEX_REF,
    WORK_REF,
    recording,
    write_commit,
)
from tests.conftest import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

UUID = "0f6d72f6-ff4f-4c13-9d6c-4d4b8f3b6a31"


@given(
    st.lists(st.binary(min_size=6, max_size=6)),
    st.sampled_from([0, 5, 1000]),
    st.sampled_from([0, 3, 50]),
)
@settings(max_examples=50)
def test_a_set_of_names(names: list[bytes], few: int, expected: int) -> None:
    # the first five bytes decide on the place: these all want the same
    names = [b"place" + name[:1] for name in names] + [b"x" + name[1:] for name in names]
    names = [name for name in names if any(name)]
    seen: set[bytes] = set()
    ours = OidSet(6, expected, few)
    for name in names:
        assert ours.add(name) == (name not in seen)
        seen.add(name)
    assert len(ours) == len(seen)


def test_a_set_grows() -> None:
    ours = OidSet(20, few=100)
    names = [number.to_bytes(20, "big") for number in range(1, 3000)]
    for new in (True, False):
        assert {ours.add(name) for name in names} == {new}


@pytest.fixture(params=["sha1", "sha256"])
def git(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """A repository with a commit and a git-annex branch."""
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_DATE", "1714564800 +0200")
    run("git", "init", "-q", f"--object-format={request.param}", tmp_path)
    stream = "commit refs/heads/main\ncommitter T <t@e.example> 1 +0000\ndata 1\nm\n"
    for path in ("gone/only", "kept/a", "kept/a.b", "kept/a0/x", "was/a/folder", "was-file"):
        stream += f"M 100644 inline {path}\ndata 1\nx\n"
    stream += "commit refs/heads/git-annex\ncommitter T <t@e.example> 1 +0000\ndata 1\na\n"
    stream += "M 100644 inline uuid.log\ndata 1\nx\n"
    stream += f"M 100644 inline {objects.branch_path(key(7))}.web\n"
    stream += "data 25\n1s 1 https://old.example\n\n"
    run("git", "fast-import", "--quiet", cwd=tmp_path, input=stream)
    run("git", "checkout", "-q", "main", cwd=tmp_path)
    return Git(tmp_path)


@pytest.mark.parametrize("more", [0, 100])
def test_git_reads_back_every_object(git: Git, more: int) -> None:
    sizes = [0, 1, 15, 16, 17, 2047, 2048, 2049, 70_000, 300_000, *range(3000, 3000 + more)]
    contents = [bytes(size % 251 for size in range(length)) for length in sizes]
    with writing_pack(git) as pack:
        names = [pack.add(b"blob", content).hex() for content in contents]
        assert [pack.add(b"blob", content).hex() for content in contents] == names
        assert pack.count == len(contents)
    assert list(git.objects(names)) == contents
    assert git.text("fsck", "--strict", "--no-dangling") == ""
    packs = list((git.root / ".git" / "objects" / "pack").glob("*.pack"))
    assert len(packs) == bool(more)


def test_an_object_that_has_just_come_is_not_asked_for_again(git: Git) -> None:
    contents = [b"%d" % number for number in range(100)]
    with writing_pack(git) as pack:
        oids = [pack.add(b"blob", content).hex() for content in contents]
    random = Random(1)
    asked: list[int] = []
    for _ in range(300):  # some in a row, and the first ones again and again
        start, number = random.choice([0, 0, random.randrange(100)]), random.randrange(50)
        asked += [*range(start, min(start + number, 100)), *[0] * random.randrange(4)]
    assert list(git.blobs(oids[at] for at in asked)) == [contents[at] for at in asked]
    assert list(git.blobs([])) == []
    sent: list[str] = []
    objects_of = Git.objects

    def counted(self: Git, names: Iterable[str]) -> Iterator[bytes | None]:
        return objects_of(self, (name for name in names if not sent.append(name)))  # type: ignore[func-returns-value]

    with patch.object(Git, "objects", counted):
        assert list(git.blobs(oids[:2] * 5000)) == contents[:2] * 5000
        assert sent == oids[:2]
        # not all is read before something comes
        seen: list[str] = []
        many = (oid for oid in [oids[0]] * 30_000 if not seen.append(oid))  # type: ignore[func-returns-value]
        found = git.blobs(many)
        assert next(found) == contents[0]
        assert list(found) == [contents[0]] * 29_999
    assert sent == [*oids[:2], *[oids[0]] * 3]
    with pytest.raises(DatasetError, match=f"the object {'9' * 40} is missing or damaged"):
        list(git.blobs([oids[0], oids[0], "9" * 40, oids[0]]))


def test_a_broken_pack_is_an_error(git: Git) -> None:
    def write() -> None:
        with writing_pack(git) as pack:
            pack.count += 1

    with pytest.raises(DatasetError, match="unpack-objects failed"):
        write()


def test_an_empty_pack_is_as_git_writes_it(git: Git) -> None:
    theirs = run_bytes(git, "pack-objects", "--stdout")
    ours = io.BytesIO()
    PackWriter(io.BytesIO(), git.text("rev-parse", "--show-object-format")).write_to(ours)
    assert ours.getvalue() == theirs


def run_bytes(git: Git, *args: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(
        ["git", *args], cwd=git.root, input=stdin, capture_output=True, check=True
    ).stdout


def key(number: int) -> str:
    return f"SHA256E-s{number}--{number:064x}.a&b.gz"


def plan(count: int) -> Plan:
    steps = [
        Step("was/a", Change.ADDED, key(1), "120000"),
        Step("was-file/now/a/folder", Change.ADDED, key(2), "100644"),
        Step("kept/a", Change.CHANGED, key(3), "100755"),
        Step("kept/a0/x", Change.UNCHANGED, key(4), "120000"),
        Step("ü/\U0001f600 \ue000", Change.ADDED, key(1), "120000"),
        *(
            Step(f"sub-{n // 7}/{n}.dat", Change.ADDED, key(n + 9), "120000")
            for n in reversed(range(count))
        ),
        *(Step(p, Change.DELETED, key(5), "120000") for p in ("gone/only", "was/a/folder")),
        Step("was-file", Change.DELETED, key(5), "120000"),
    ]
    states = [KeyState(), KeyState(order=("12345678", "9abcdef0"))]
    records = {
        step.key: KeyRecord((f"https://a.example/{step.path}",), n % 3 > 0, states[n % 2])
        for n, step in enumerate(steps)
    } | {key(7): KeyRecord(("https://new.example", "https://old.example"), True)}
    return Plan(steps, [], [], records, {})


def fast_import(git: Git, plan: Plan, message: str, extra: dict[str, bytes]) -> None:
    """What the plan comes to by git's own program: refs/peer/work and refs/peer/annex."""

    def file(mode: str, path: str, content: bytes) -> bytes:
        return b'M %b inline "%b"\ndata %d\n%b\n' % (
            mode.encode(),
            path.encode(),
            len(content),
            content,
        )

    who = run_bytes(git, "var", "GIT_AUTHOR_IDENT"), run_bytes(git, "var", "GIT_COMMITTER_IDENT")
    stream = b"commit refs/peer/work\nauthor %bcommitter %b" % who
    stream += b"data %d\n%b\nfrom refs/heads/main\n" % (len(message.encode()), message.encode())
    for step in plan.steps:
        if step.change is Change.DELETED:
            stream += b'D "%b"\n' % step.path.encode()
    for step in plan.steps:
        if step.change in (Change.ADDED, Change.CHANGED):
            stream += file(step.mode, step.path, blob_of(step))
    for path, content in extra.items():
        stream += file("100644", path, content)
    stream += b"commit refs/peer/annex\ncommitter %bdata 6\nupdate\n" % who[1]
    stream += b"from refs/heads/git-annex\n"
    for path, content in objects._log_files(git, objects.annex_commit(git), plan, UUID):
        stream += file("100644", path, content)
    run_bytes(git, "fast-import", "--quiet", stdin=stream)


@pytest.mark.parametrize("count", [0, 300])
def test_commits_are_those_that_fast_import_makes(
    git: Git, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ANNEX_VECTOR_CLOCK", "1714564800.25")  # it is written into logs
    made, message = plan(count), "subject: ä\n\nbody\n"
    extra = {".datalad/jsdl/z.json": b"{}", ".datalad/a": b""}
    monkeypatch.setattr(objects, "merge_annex_branch", lambda _git: None)
    with recording(git, made, UUID) as record:
        record()
    commit = write_commit(git, Tree(git), made, message, extra, {})
    fast_import(git, made, message, extra)
    assert commit == git.text("rev-parse", "refs/peer/work")
    assert git.text("rev-parse", WORK_REF) == commit
    assert git.text("rev-parse", ANNEX_REF) == git.text("rev-parse", "refs/peer/annex")
    old = b"1s 1 https://old.example\n1714564800.250000s 1 https://new.example\n"
    assert run_bytes(git, "show", f"{ANNEX_REF}:{objects.branch_path(key(7))}.web") == old
    assert git.text("fsck", "--strict") == ""
