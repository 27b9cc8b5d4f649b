"""Commits that orders are of are kept in their repositories, whatever becomes of branches.

A commit that nothing refers to any more (a branch was rewritten, or deleted) is removed by git some
day, and git-annex counts its contents as unused. So each has a reference, which no push or pull
takes along.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.errors import JsdlError
from datalad_jsdl.operations.list_files import FileSelection, Walk
from datalad_jsdl.orders.model import SourceKind

if TYPE_CHECKING:
    from datalad_jsdl.orders.contents import Places
    from datalad_jsdl.orders.model import Order

__all__ = ["pin"]

lgr = logging.getLogger(LOGGER)

_REFS = "refs/jsdl/orders"


def pin(order: Order, places: Places) -> None:
    """Refer to the commits of an order, those of subdatasets, too.

    A repository that cannot be written to is left as it is, which the log says.
    """
    wanted: dict[tuple[str, str], list[str]] = {}
    for file in order.files:
        if places.sources[file.ref.source].kind is SourceKind.DATASET:
            wanted.setdefault((file.ref.source, file.ref.version), []).append(file.ref.path)
    for (source, version), paths in wanted.items():
        try:
            selection = FileSelection(
                version, tuple(paths), depth=None, dataset_files=True, skip_missing=True
            )
            for part in Walk(places.root(source), selection).parts:
                commit = part.tree.commit
                part.repository.git.run("update-ref", f"{_REFS}/{commit}", commit)
        except (JsdlError, OSError) as error:
            lgr.warning(
                "the commit %s of %s is not kept for the order: %s; git may remove it once no "
                "branch has it. To keep it, let the user who runs this write to the dataset",
                version[:10], source, error,
            )  # fmt: skip
