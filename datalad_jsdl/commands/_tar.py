"""TAR archives of ``datalad export-archive``: DataLad's own code makes them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.local.export_archive import ExportArchive as CoreExportArchive

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["tar_archive"]


def tar_archive(
    filename: str | None, dataset: Any, compression: str | None, missing_content: str
) -> Iterator[dict[str, Any]]:
    """Write a TAR archive; a file of its name is replaced when the new one is complete.

    Raises:
        OSError: it cannot be written, or content is missing.
    """
    given = Path.cwd() if filename is None else Path.cwd() / filename
    named = filename is not None and not given.is_dir()
    folder = given.parent if named else given
    # DataLad writes under the archive's name from the start, and leaves what it could not end
    with tempfile.TemporaryDirectory(prefix=".export-archive-", dir=folder) as unfinished:
        try:
            for result in CoreExportArchive.__call__(
                str(Path(unfinished, given.name)) if named else unfinished,
                dataset=dataset,
                archivetype="tar",
                compression="gz" if compression is None else compression,
                missing_content=missing_content,
                return_type="generator",
                result_renderer="disabled",
                on_failure="ignore",
            ):
                made = Path(result["path"])
                if result["status"] == "ok":
                    os.replace(made, folder / made.name)
                yield {**result, "path": str(folder.resolve() / made.name)}
        except OSError as error:
            if error.errno is not None:
                raise
            raise OSError(
                f"{error}; to download what is missing, run: datalad download-content; to skip it, "
                "add --missing-content continue"
            ) from None
