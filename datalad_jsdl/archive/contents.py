"""What a dataset's commit has to put into an archive, and where each content is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.archive.layout import Kind, member_name
from datalad_jsdl.dataset.content import object_path
from datalad_jsdl.dataset.keys import parse_key
from datalad_jsdl.dataset.logs import in_order
from datalad_jsdl.dataset.records import read_records
from datalad_jsdl.dataset.tree import EXECUTABLE, LINK, SUBMODULE

if TYPE_CHECKING:
    from pathlib import Path

    from datalad_jsdl.dataset.git import Git
    from datalad_jsdl.dataset.tree import Tree

__all__ = ["Content", "dataset_contents"]


@dataclass(frozen=True, slots=True)
class Content:
    """One file to be archived.

    Attributes:
        path: in the dataset.
        name: of the member.
        kind: what the member is to be.
        size: bytes, or None if only its source can tell.
        mtime: whole seconds since 1970 UTC, or None if unknown.
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
    blob: str = ""
    key: str = ""
    local: Path | None = None
    urls: tuple[str, ...] = ()


def dataset_contents(
    git: Git,
    tree: Tree,
    annex_dir: Path,
    leading_dir: str,
    *,
    mtime: int | None = None,
    dataset_files: bool = False,
) -> list[Content]:
    """The files of a commit, in the order of their members.

    Args:
        git: the repository.
        tree: of the commit.
        annex_dir: the ``annex`` folder in the ``.git`` folder.
        leading_dir: folder in the archive to put everything under; may be empty.
        mtime: one time for all; None for the recorded ones.
        dataset_files: take the dataset's own housekeeping along.

    Raises:
        ArchiveError: a path cannot be named in a zip.
    """
    paths = [
        path
        for path, file in tree.files.items()
        if file.mode != SUBMODULE and (dataset_files or not _is_housekeeping(path))
    ]
    keys = tree.keys(paths)
    records = read_records(git, {key for key in keys.values() if key})
    blobs = [path for path in paths if not keys[path]]
    blob_sizes = dict(zip(blobs, git.sizes(tree.files[path].oid for path in blobs), strict=True))
    contents = []
    for path in paths:
        name = member_name(f"{leading_dir}/{path}" if leading_dir else path)
        mode, key = tree.files[path].mode, keys[path]
        if not key:
            kind = Kind.SYMLINK if mode == LINK else _regular(mode)
            oid = tree.files[path].oid
            contents.append(Content(path, name, kind, blob_sizes[path], mtime, blob=oid))
            continue
        local, record, parsed = object_path(annex_dir, key), records[key], parse_key(key)
        size = parsed.size if parsed else None
        if size is None and local is not None:
            size = local.stat().st_size
        recorded = record.state.mtime
        if mtime is None and recorded is not None:
            time: int | None = int(recorded.timestamp() // 1)
        else:
            time = mtime
        urls = tuple(in_order(record.urls, record.state.order))
        contents.append(
            Content(path, name, _regular(mode), size, time, key=key, local=local, urls=urls)
        )
    return sorted(contents, key=lambda content: content.name)


def _regular(mode: str) -> Kind:
    return Kind.EXECUTABLE if mode == EXECUTABLE else Kind.REGULAR


def _is_housekeeping(path: str) -> bool:
    first, _, rest = path.partition("/")
    if rest:
        return first == ".datalad" or path.endswith("/.gitattributes")
    return path in (".gitattributes", ".gitmodules")
