"""What a dataset's commit has to put into an archive, and where each content is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.archive.zip.members import Kind, Member, member_name
from datalad_jsdl.model.content import Expected
from datalad_jsdl.repository.annex.branch import read_records
from datalad_jsdl.repository.annex.keys import parse_key
from datalad_jsdl.repository.annex.logs import in_order
from datalad_jsdl.repository.annex.objects import object_path
from datalad_jsdl.repository.commit import EXECUTABLE, LINK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from datalad_jsdl.operations.home import Home
    from datalad_jsdl.repository.commit import Tree

__all__ = ["Content", "dataset_contents"]


@dataclass(frozen=True, slots=True)
class Content:
    """One file to be archived.

    Attributes:
        path: in the dataset that is exported.
        name: of the member.
        kind: what the member is to be.
        size: bytes, or None if only its source can tell.
        mtime: whole seconds since 1970 UTC, or None if unknown.
        home: the dataset or subdataset that it is from.
        blob: git's object name, for a file kept in git; else "".
        key: for an annexed file; else "".
        local: the file with the key's content, or None if it is not here.
        urls: candidates for the key, in order.
    """

    path: str
    name: bytes
    kind: Kind
    size: int | None
    mtime: int | None
    home: Home
    blob: str = ""
    key: str = ""
    local: Path | None = None
    urls: tuple[str, ...] = ()

    @property
    def expected(self) -> Expected:
        """What is known of an annexed content."""
        parsed = parse_key(self.key)
        if parsed is None or not parsed.algorithm:
            return Expected(self.size, names=(self.path,))
        return Expected(self.size, parsed.algorithm, parsed.hexdigest)

    @property
    def is_remote(self) -> bool:
        """Whether only its URLs can give it."""
        return not self.blob and self.local is None

    def member(self, size: int) -> Member:
        """The member that it becomes with a content of *size* bytes."""
        return Member(self.name, size, self.mtime, self.kind)


def dataset_contents(
    home: Home,
    tree: Tree,
    paths: Sequence[str],
    leading_dir: str,
    *,
    prefix: str = "",
    mtime: int | None = None,
) -> Iterator[Content]:
    """Files of a commit, in the given order.

    Args:
        home: the dataset.
        tree: of the commit.
        paths: of the files.
        leading_dir: folder in the archive to put everything under; may be empty.
        prefix: of a subdataset: its path in the dataset that is exported, and a slash.
        mtime: one time for all; None for the recorded ones.

    Raises:
        ArchiveError: a path cannot be named in a zip.
    """
    keys = tree.keys(paths)
    records = read_records(home.git, {key for key in keys.values() if key})
    blobs = [path for path in paths if not keys[path]]
    sizes = home.git.sizes(tree.files[path].oid for path in blobs)
    blob_sizes = dict(zip(blobs, sizes, strict=True))
    for path in paths:
        full = prefix + path
        name = member_name(f"{leading_dir}/{full}" if leading_dir else full)
        mode, key = tree.files[path].mode, keys[path]
        if not key:
            kind = Kind.SYMLINK if mode == LINK else _regular(mode)
            oid = tree.files[path].oid
            yield Content(full, name, kind, blob_sizes[path], mtime, home, blob=oid)
            continue
        local, record, parsed = object_path(home.annex_dir, key), records[key], parse_key(key)
        size = parsed.size if parsed else None
        if size is None and local is not None:
            size = local.stat().st_size
        time = mtime
        if time is None and record.state.mtime is not None:
            time = int(record.state.mtime.timestamp() // 1)
        urls = tuple(in_order(record.urls, record.state.order))
        yield Content(full, name, _regular(mode), size, time, home, key=key, local=local, urls=urls)


def _regular(mode: str) -> Kind:
    return Kind.EXECUTABLE if mode == EXECUTABLE else Kind.REGULAR
