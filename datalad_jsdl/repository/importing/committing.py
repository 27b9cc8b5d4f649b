"""Objects in a pack → commits, made and signed as the user's settings say, and refs to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.repository.annex.config import is_true
from datalad_jsdl.repository.git.tree_reader import TreeReader
from datalad_jsdl.repository.git.trees import build_tree, trees_between
from datalad_jsdl.repository.importing.provenance import with_tree
from datalad_jsdl.repository.repository import ANNEX_REF

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datalad_jsdl.repository.git.pack import PackWriter
    from datalad_jsdl.repository.git.running import Git
    from datalad_jsdl.repository.git.trees import TreeChange

__all__ = [
    "add_commits",
    "author",
    "commit_config",
    "committer",
    "create_ref",
    "is_signed",
    "raw",
    "signed",
]


def commit_config(git: Git) -> dict[str, str]:
    """The settings that commits are made by."""
    pattern = r"^annex\.(commitmessage(-command)?|allowsign)$|^commit\.gpgsign$"
    listed = git.ask("config", "-z", "--get-regexp", pattern) or b""
    items = listed.decode("utf-8", "surrogateescape").split("\0")
    pairs = (item.partition("\n") for item in items if item)
    return {name: value for name, _, value in pairs}


def is_signed(ref: str, config: Mapping[str, str]) -> bool:
    """Whether a commit for *ref* is to be signed; see `signed`."""
    if not is_true(config.get("commit.gpgsign", "")):
        return False
    return ref != ANNEX_REF or bool(is_true(config.get("annex.allowsign", "")))


def signed(git: Git, ref: str, commit: str, config: Mapping[str, str]) -> str:
    """A commit, signed where ``commit.gpgSign`` asks for it.

    On its own branch git-annex signs only if ``annex.allowsign`` is set, too.

    Raises:
        DatasetError: git cannot sign it, with what it said.
    """
    if not is_signed(ref, config):
        return commit
    head, _, message = git.run("cat-file", "commit", commit).partition(b"\n\n")
    fields = (line.partition(b" ") for line in head.split(b"\n"))
    parents = [f"-p{value.decode()}" for name, _, value in fields if name == b"parent"]
    signed = git.run("commit-tree", "-S", f"{commit}^{{tree}}", *parents, stdin=message)
    return signed.decode().strip()


def add_commits(
    git: Git,
    pack: PackWriter,
    changes: Iterable[TreeChange],
    parent: str,
    message: str,
    author: bytes,
    *,
    names_tree: bool = False,
    steps: int = 1,
) -> list[str]:
    """Add the commits that make *changes* to a commit.

    Args:
        git: the repository.
        pack: written to.
        changes: see `build_tree`.
        parent: the commit that is built upon, or "".
        message: of each.
        author: of each, with the time.
        names_tree: the message names the tree.
        steps: number of commits, as far as so many folders at the top change.

    Returns:
        Their names, the last one being that with all changes.
    """
    base = git.text("rev-parse", "--verify", f"{parent}^{{tree}}") if parent else ""
    before = bytes.fromhex(base) or None
    reader = TreeReader(git, before)
    noting = _Noting(pack)
    trees = [build_tree(noting, reader.ahead(changes), before, reader.read)]
    if steps > 1 and before is not None:
        (content,) = git.blobs([base])
        between = trees_between(content, noting.last, len(before), steps)
        trees[:0] = [pack.add(b"tree", tree) for tree in between]
    by = committer(git)
    commits = []
    for tree in trees:
        text = with_tree(message, tree.hex()) if names_tree else message
        lines = [b"tree " + tree.hex().encode()]
        lines += [b"parent " + parent.encode()] if parent else []
        lines += [b"author " + author, b"committer " + by, b"", raw(text)]
        parent = pack.add(b"commit", b"\n".join(lines)).hex()
        commits.append(parent)
    return commits


class _Noting:
    """Adds objects to a pack, and keeps the last one."""

    def __init__(self, pack: PackWriter) -> None:
        self._pack = pack
        self.last = b""

    def add(self, kind: bytes, content: bytes) -> bytes:
        """Add an object; its binary name."""
        self.last = content
        return self._pack.add(kind, content)


def create_ref(git: Git, ref: str, commit: str) -> None:
    """Make a ref that was not there."""
    git.run("update-ref", ref, commit, "0" * len(commit))


def raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def author(git: Git) -> bytes:
    return git.run("var", "GIT_AUTHOR_IDENT").rstrip(b"\n")


def committer(git: Git) -> bytes:
    return git.run("var", "GIT_COMMITTER_IDENT").rstrip(b"\n")
