"""A store with the sources that its files are from: what all commands on orders begin with."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalad_jsdl.errors import OrderError
from datalad_jsdl.model.urls import redact
from datalad_jsdl.operations.manifest_place import is_url
from datalad_jsdl.orders.contents import Places
from datalad_jsdl.orders.lists import FileLists
from datalad_jsdl.orders.model import SourceKind
from datalad_jsdl.orders.ordering import Orders
from datalad_jsdl.orders.states import write_states
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.orders.store.operator_settings import sources_with_logins
from datalad_jsdl.orders.store.sources import known_sources, named_source
from datalad_jsdl.repository.repository import Repository

if TYPE_CHECKING:
    from datalad_jsdl.operations.manifest_place import ManifestPlace
    from datalad_jsdl.orders.choosing.choice import Chosen
    from datalad_jsdl.orders.model import Source

__all__ = ["Desk", "own_store", "owner_of"]

_OWN = "."  # location of the dataset that has the store
_OWN_NAME = ("jsdl", "orders.sqlite")
_SHORTEST = 4  # characters of an id


def own_store(repository: Repository) -> Path:
    """The SQLite file that a dataset has its lists and orders in."""
    # a folder annex would make a repository without an annex look like one with it
    folder = repository.annex_dir if repository.has_annex else repository.common_dir
    return folder.joinpath(*_OWN_NAME)


def owner_of(store: Store) -> Path | None:
    """The dataset that has a store as its own, wherever that is opened from; None if none has."""
    file = Path(store.url.database or "").absolute() if store.is_sqlite else Path()
    if file.parts[-2:] != _OWN_NAME:
        return None
    root = next((folder for folder in file.parents if (folder / ".git").exists()), None)
    is_own = root is not None and own_store(Repository(root)).resolve() == file.resolve()
    return root if is_own else None


@dataclass(frozen=True)
class Desk:
    """Where lists and orders are.

    Attributes:
        store: that has them.
        own: the dataset that has the store, and may be moved together with it; None if it is not
            in a dataset.
        credentials: where logins for manifests are.
        lists: of all users.
        orders: of all users.
    """

    store: Store
    own: Path | None = None
    credentials: tuple[str, ...] = ()
    lists: FileLists = field(init=False)
    orders: Orders = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lists", FileLists(self.store))
        object.__setattr__(self, "orders", Orders(self.store))

    def places(self) -> Places:
        """Of all sources of the store."""
        with self.store.read() as connection:
            known = {source.name: source for source in known_sources(connection).values()}
            with_logins = sources_with_logins(connection)
        return Places(known, self.own or Path.cwd(), self.credentials, with_logins)

    def dataset(self, root: Path) -> Source:
        """A dataset as a source."""
        location = self.location_of(root)
        return self._named(SourceKind.DATASET, location, _plain(root.resolve().name) or "dataset")

    def location_of(self, root: Path) -> str:
        """Of a dataset, as `Source` has it."""
        is_own = self.own is not None and root.resolve() == self.own.resolve()
        return _OWN if is_own else str(root.resolve())

    def manifest(self, place: ManifestPlace) -> Source:
        """A manifest as a source.

        Raises:
            OrderError: it cannot be read a second time.
        """
        if place.manifest == "-":
            raise OrderError("a manifest on standard input cannot be read again; use a file or URL")
        location = str(place.file) if place.file else _without_secret(place.manifest)
        path = urlsplit(location).path if is_url(location) else location
        stem = os.path.basename(path.rstrip("/")).partition(".")[0]
        return self._named(SourceKind.MANIFEST, location, _plain(stem) or "manifest")

    def orthanc(self, url: str) -> Source:
        """An Orthanc server as a source.

        Args:
            url: of its REST API, without a slash at its end, and without a secret.
        """
        return self._named(SourceKind.ORTHANC, url, "orthanc")

    def posted(self, key: str, name: str) -> Source:
        """What a page has posted, as a source.

        Args:
            key: name of the one that it was signed with.
            name: that the page gives it.
        """
        return self._named(SourceKind.POSTED, f"{key}/{name}", _plain(name) or _plain(key))

    def add(self, user: str, chosen: Chosen) -> int:
        """Put what was chosen on a list.

        Returns:
            How many files were not on it.

        Raises:
            StoreError: the store is locked or cannot be written.
        """
        added = self.lists.add(user, chosen.files, [chosen.source])
        if chosen.states:
            refs = {file.ref.path: file.ref for file in chosen.files}
            found = [(refs[path], state) for path, state in chosen.states.items()]
            write_states(self.store, found, is_check=False)
        return added

    def newest(self, user: str, given: str = "") -> str:
        """The id of an order.

        Args:
            user: whose newest order is meant if nothing is given.
            given: an id, or the beginning of one of the user's, of 4 characters or more.

        Raises:
            OrderError: there is no such order.
        """
        if len(given) > 20:  # characters; ids have 24
            return given
        summaries, total = self.orders.history(user, limit=1 if not given else 10_000)
        if not total:
            raise OrderError(
                "there is no order yet; to make one, run: datalad download-order create"
            )
        if not given:
            return summaries[0].id
        if len(given) < _SHORTEST:
            raise OrderError(
                f"expected {_SHORTEST} characters or more of an order's id, got {given}"
            )
        found = [summary.id for summary in summaries if summary.id.startswith(given)]
        if len(found) != 1:
            raise OrderError(
                f"there is no order {given}" if not found else f"several orders begin with {given}"
            )
        return found[0]

    def _named(self, kind: SourceKind, location: str, wish: str) -> Source:
        with self.store.read() as connection:
            return named_source(connection, kind, location, wish)


def _without_secret(manifest: str) -> str:
    """A location without its query, which may be a secret; those of two queries differ."""
    shown = redact(manifest) if is_url(manifest) else manifest
    if shown == manifest:
        return manifest
    return f"{shown}#{hashlib.sha256(manifest.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _plain(name: str) -> str:
    """A name that can be a folder's in an archive."""
    kept = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in name)
    return kept.strip(". ")
