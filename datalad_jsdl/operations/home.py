"""The datasets and subdatasets that contents come from, with what it takes to read them."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING

from datalad_jsdl.repository.git.blobs import BlobReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalad_jsdl.archive.content import Content
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.repository.repository import Repository

__all__ = ["Home", "Homes"]


class Home(ExitStack):
    """A context manager: at its end programs and connections are closed.

    Args:
        repository: of the dataset.
        open_engine: makes a fetch engine for it; called when it is needed.

    Attributes:
        repository: as given.
    """

    def __init__(self, repository: Repository, open_engine: Callable[[], Engine]) -> None:
        super().__init__()
        self.repository = repository
        self._open_engine = open_engine
        self._lock = threading.Lock()
        self._opening = threading.Lock()
        self._blobs: BlobReader | None = None

    @cached_property
    def _engine(self) -> Engine:
        return self.enter_context(self._open_engine())

    @property
    def engine(self) -> Engine:
        """For what has to come from the mirrors; one for all threads."""
        with self._opening:
            return self._engine

    def blob(self, oid: str) -> bytes:
        """A git object that fits into memory; for any thread.

        Raises:
            DatasetError: there is none.
        """
        with self._lock:
            if self._blobs is None:
                self._blobs = self.enter_context(BlobReader(self.repository.git))
            return b"".join(self._blobs.read(oid))

    def blob_chunks(self, oid: str) -> Iterator[bytes]:
        """A git object of any size in chunks, by a git process of its own.

        Raises:
            DatasetError: there is none.
        """
        with BlobReader(self.repository.git) as blobs:
            yield from blobs.read(oid)


class Homes(ExitStack):
    """`content.Sources` of a dataset and its subdatasets; a context manager that closes them."""

    def __init__(self) -> None:
        super().__init__()
        self._homes: dict[str, Home] = {}

    def add(self, dataset: str, home: Home) -> Home:
        """The home of the contents whose `Content.dataset` is *dataset*."""
        self._homes[dataset] = self.enter_context(home)
        return home

    def of(self, content: Content) -> Home:
        """Where a content is from."""
        return self._homes[content.dataset]

    def engine(self, content: Content) -> Engine:
        """See `content.Sources`."""
        return self.of(content).engine

    def blob(self, content: Content) -> bytes:
        """See `content.Sources`."""
        return self.of(content).blob(content.blob)

    def blob_chunks(self, content: Content) -> Iterator[bytes]:
        """See `content.Sources`."""
        return self.of(content).blob_chunks(content.blob)
