"""The files of a package of the NIMH Data Archive, from its API: only signed URLs; refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.record import Record

__all__ = ["records", "sniff"]

_FILES = Listing((("results",), ()), (("package_file_id",), ("download_alias",)))

sniff = _FILES.sniff


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """None: their URLs answer requests with a login, and expire.

    Raises:
        ManifestError: always.
    """
    raise ManifestError(
        "these are files of an NDA package, which the archive delivers by presigned URLs only: "
        "they are made for one user, and expire. Download them with nda-tools"
    )
