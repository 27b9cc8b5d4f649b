"""What an import's commits say of how they were made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalad_jsdl.manifest.writing import write_manifest
from datalad_jsdl.repository.importing.provenance import commit_message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datalad_jsdl.model.archives import NamedArchive
    from datalad_jsdl.model.entry import Entry

__all__ = ["Recording"]

# characters; a larger manifest from elsewhere would weigh more than its record is worth
_COPY_LIMIT = 1 << 20


@dataclass(frozen=True)
class Recording:
    """A manifest, and how its import is to be repeated.

    Attributes:
        subject: of the commit messages; None for the usual one.
        sha256: hex digest of the manifest as it was read.
        manifest: how a run record can name it: relative to the dataset, or a URL without
            secret; None if it cannot, so that it has to be copied.
        arguments: of the command, beside the manifest.
        prefix: folder that the manifest's paths were put under; may be empty.
        entries: all that were selected, by path, for the copy.
        archives: zips of them that the manifest names, for the copy.
    """

    subject: str | None
    sha256: str
    manifest: str | None
    arguments: Sequence[str]
    prefix: str
    entries: Mapping[str, Entry]
    archives: Sequence[NamedArchive] = ()

    def message(self, changes: str, dataset_id: str) -> tuple[str, dict[str, bytes]]:
        """The message of a commit that the command can be run again from.

        Args:
            changes: what it does, for the usual subject.
            dataset_id: of the DataLad dataset.

        Returns:
            The message, and path → content of further files for the commit.
        """
        manifest, extra = self.manifest, {}
        if manifest is None and (copy := self._copy()) is not None:
            name = hashlib.sha256(copy).hexdigest()[:16]
            manifest = f".datalad/jsdl/manifest-{name}.json"
            extra[manifest] = copy
        command = None
        if manifest is not None:
            command = ["datalad", "download-manifest", "-d", ".", "--restore"]
            command += [*self.arguments, manifest]
        text = commit_message(self._subject(changes), self.sha256, self.prefix, command, dataset_id)
        return text, extra

    def message_of_part(self, changes: str) -> str:
        """The message of a commit in a subdataset, which is made again from above."""
        return commit_message(self._subject(changes), self.sha256, "", None, "")

    def _subject(self, changes: str) -> str:
        return self.subject or f"download-manifest: {changes}"

    def _copy(self) -> bytes | None:
        start = f"{self.prefix}/" if self.prefix else ""
        entries = (
            replace(entry, path=path.removeprefix(start)) for path, entry in self.entries.items()
        )
        copy = write_manifest(entries, _COPY_LIMIT, self.archives)
        return copy.encode() if copy is not None else None
