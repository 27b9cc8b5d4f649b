"""What a dataset's commit has to put into an archive, and where each content is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from datalad_jsdl.archive.content import Content
from datalad_jsdl.archive.zip.members import Kind, member_name
from datalad_jsdl.model.content import Expected
from datalad_jsdl.operations.kept_archives import archives_of
from datalad_jsdl.repository.annex.keys import parse_key
from datalad_jsdl.repository.annex.logs import in_order
from datalad_jsdl.repository.annex.objects import object_file
from datalad_jsdl.repository.commit import EXECUTABLE, LINK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalad_jsdl.operations.home import Home
    from datalad_jsdl.repository.commit import Tree

__all__ = ["dataset_contents"]


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
    repository = home.repository
    records = dict(repository.annex.records(filter(None, keys.values()), located=False))
    blobs = [path for path in paths if not keys[path]]
    archives = tuple(archive.under(prefix.rstrip("/")) for archive in archives_of(tree))
    sizes = repository.git.sizes(tree.files[path].oid for path in blobs)
    blob_sizes = dict(zip(blobs, sizes, strict=True))
    annex_dir = str(repository.annex_dir)
    for path in paths:
        full = prefix + path
        name = member_name(f"{leading_dir}/{full}" if leading_dir else full)
        mode, key = tree.files[path].mode, keys[path]
        if not key:
            kind = Kind.SYMLINK if mode == LINK else _regular(mode)
            oid = tree.files[path].oid
            size = blob_sizes[path]
            yield Content(full, name, kind, size, mtime, Expected(size), blob=oid, dataset=prefix)
            continue
        local, record, parsed = object_file(annex_dir, key) or None, records[key], parse_key(key)
        size = parsed.size if parsed else None
        if size is None and local is not None:
            size = os.stat(local).st_size
        time = mtime
        if time is None and record.state.mtime is not None:
            time = int(record.state.mtime.timestamp() // 1)
        expected = Expected(size, names=(full,))
        if parsed and parsed.algorithm:
            expected = Expected(size, parsed.algorithm, parsed.hexdigest)
        urls = tuple(in_order(record.urls, record.state.order))
        yield Content(
            full, name, _regular(mode), size, time, expected,
            local=local, urls=urls, key=key, dataset=prefix, restriction=record.state.restriction,
            archives=archives,
        )  # fmt: skip


def _regular(mode: str) -> Kind:
    return Kind.EXECUTABLE if mode == EXECUTABLE else Kind.REGULAR
