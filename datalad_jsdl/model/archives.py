"""A zip of a manifest's files, by which many small ones come with one request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalad_jsdl.model.candidates import Candidate

__all__ = ["NamedArchive"]


@dataclass(frozen=True, slots=True)
class NamedArchive:
    """A zip that a manifest names as one of its own files.

    What is in it is never trusted: each file is verified by its own digest.

    Attributes:
        candidates: where the zip is, in the order in which they are to be tried; at least one.
        leading_dir: folder in the zip that has the files; "" for its root.
        folder: folder of the dataset that this one stands for; "" for its root.
    """

    candidates: tuple[Candidate, ...]
    leading_dir: str = ""
    folder: str = ""

    @property
    def urls(self) -> tuple[str, ...]:
        """The candidate URLs, in order."""
        return tuple(candidate.url for candidate in self.candidates)

    def member(self, path: str) -> bytes | None:
        """The name that a file of the dataset has in the zip; None if it is outside *folder*."""
        if self.folder:
            start = f"{self.folder}/"
            if not path.startswith(start):
                return None
            path = path.removeprefix(start)
        name = f"{self.leading_dir}/{path}" if self.leading_dir else path
        return name.encode("utf-8", "surrogateescape")

    def under(self, folder: str) -> NamedArchive:
        """The same for a dataset that this one's is a *folder* of."""
        return replace(self, folder="/".join(filter(None, (folder, self.folder))))

    def within(self, folder: str) -> NamedArchive:
        """The same for the subdataset in a *folder*, all of whose files the zip has or none."""
        if not self.folder or folder == self.folder or folder.startswith(f"{self.folder}/"):
            more = folder.removeprefix(self.folder).strip("/")
            leading = "/".join(filter(None, (self.leading_dir, more)))
            return replace(self, leading_dir=leading, folder="")
        return replace(self, folder=self.folder.removeprefix(f"{folder}/"))

    def public(self) -> NamedArchive | None:
        """The same without URLs that have a secret; None if no other is left."""
        kept = tuple(candidate for candidate in self.candidates if not candidate.signed)
        return replace(self, candidates=kept) if kept else None
