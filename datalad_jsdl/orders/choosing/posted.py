"""A manifest that a page has posted: read from its text, and from nowhere else."""

from __future__ import annotations

import io
from dataclasses import dataclass

from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.manifest.selection import Selection, select_entries
from datalad_jsdl.operations.secrecy import secrecy_of

__all__ = ["PostedManifest"]

_FORMAT = "json"  # it is an object, whatever its members are named


@dataclass(frozen=True)
class PostedManifest:
    """A manifest in the project's own form.

    Attributes:
        text: of it.
    """

    text: str

    def select(self, *, way: str) -> Selection:
        """Its entries; those that have signed URLs only are refused.

        Args:
            way: what else can be done with those, for people.

        Raises:
            ManifestError: it cannot be read.
        """
        stream = io.BytesIO(self.text.encode())
        options = Options(secrecy=secrecy_of(None))
        return select_entries(read_manifest(stream, name=_FORMAT, options=options), way=way)
