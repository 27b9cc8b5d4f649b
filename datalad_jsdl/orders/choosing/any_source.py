"""What a choice comes to, whatever its source is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from datalad_jsdl.orders.choosing.datasets import choose_from_dataset
from datalad_jsdl.orders.choosing.manifests import Readable, choose_from_manifest
from datalad_jsdl.orders.comparing import listed_of
from datalad_jsdl.orders.model import SourceKind

if TYPE_CHECKING:
    from datalad_jsdl.orders.choosing.choice import Choice, Chosen
    from datalad_jsdl.orders.contents import Places

__all__ = ["Kept", "choose", "nothing_kept"]

#: Name of a source → its manifest, where this process has read it already.
Kept = Callable[[str], "Readable | None"]


def nothing_kept(source: str) -> Readable | None:
    """Every manifest is read anew."""
    return None


def choose(places: Places, source: str, choice: Choice, kept: Kept = nothing_kept) -> Chosen:
    """Look up what a choice of files of a source comes to; nothing is written.

    Args:
        places: of the sources.
        source: name of one of them.
        choice: of its files.
        kept: manifests that need not be read again.

    Raises:
        OrderError: the source is not there any more.
        DatasetError, ManifestError, FetchError, QueryError: see `choose_from_dataset` and
            `choose_from_manifest`.
    """
    found = places.sources[source]
    if found.kind is SourceKind.DATASET:
        return choose_from_dataset(places.root(source), found, choice, places.logins(source))
    manifest = kept(source) or listed_of(places, source)
    return choose_from_manifest(manifest, found, choice)
