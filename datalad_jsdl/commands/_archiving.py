"""An archive that ``datalad export-archive`` writes, and its result records."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.interface.results import get_status_dict

from datalad_jsdl.archive.targets import is_special, writable
from datalad_jsdl.commands._archive_results import lgr, preview, report, warn_of_damage
from datalad_jsdl.commands._bars import Bars
from datalad_jsdl.commands._common import failure, refusal_text
from datalad_jsdl.commands._output import is_standard_output, standard_output
from datalad_jsdl.errors import FetchError, JsdlError
from datalad_jsdl.model.commands import added
from datalad_jsdl.model.subdatasets import joined
from datalad_jsdl.operations.collect import collect
from datalad_jsdl.operations.export_archive import ArchiveOptions, write_archive
from datalad_jsdl.operations.home import Homes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from datalad_jsdl.archive.content import Content, Sources
    from datalad_jsdl.model.entry import Refusal
    from datalad_jsdl.operations.list_files import FileSelection
    from datalad_jsdl.operations.manifest_contents import Listed

__all__ = ["ACTION", "Given", "given_by_dataset", "given_by_manifest", "is_pipe", "written"]

ACTION = "export_archive"
_SKIP = "; to skip files that are unavailable, add --missing-content continue"


@dataclass(frozen=True)
class Given:
    """What is to be archived.

    Attributes:
        contents: in the options of their members.
        sources: opens git's objects and asks mirrors.
        absent: subdatasets that are not here: path → why.
        refusals: entries of a manifest that are not let in.
        homes: the datasets that the contents are from.
    """

    contents: Sequence[Content]
    sources: Sources
    absent: Mapping[str, str] = field(default_factory=dict)
    refusals: Sequence[Refusal] = ()
    homes: Homes | None = None


@contextmanager
def given_by_dataset(
    root: Path, selection: FileSelection, leading_dir: str, *, commit_time: bool
) -> Iterator[Given]:
    """Those of a dataset; see `operations.collect.collect`."""
    with Homes() as homes:
        contents, absent = collect(root, selection, homes, leading_dir, commit_time=commit_time)
        yield Given(contents, homes, absent, homes=homes)


@contextmanager
def given_by_manifest(
    listed: Listed, leading_dir: str, *, remote_times: bool, jobs: int | None
) -> Iterator[Given]:
    """See `Listed.opened`."""
    with listed.opened(leading_dir, remote_times=remote_times, jobs=jobs) as found:
        yield Given(found.contents, found.sources, refusals=found.refusals)


def is_pipe(filename: str | None) -> bool:
    """Whether a file name stands for what can only be written to in sequence."""
    return filename is not None and (is_special(Path(filename)) or is_standard_output(filename))


def written(
    opening: AbstractContextManager[Given],
    options: ArchiveOptions,
    filename: str | None,
    place: Path,
    kind: str,
    *,
    missing_content: str,
    dry_run: bool,
) -> Iterator[dict[str, Any]]:
    """Write an archive, and yield the result records.

    Args:
        opening: gives what is to be archived.
        options: how it is to be written; without a target *filename* is a pipe.
        filename: as the user gave it.
        place: what the records name if there is no target.
        kind: of that.
        missing_content: how loudly to tell of what is missing.
        dry_run: only tell what it would hold.
    """
    target = options.target
    path, kind = (target, "file") if target else (place, kind)
    with ExitStack() as stack:
        try:
            if target is None and not dry_run:
                own = is_standard_output(filename)
                pipe = standard_output() if own else writable(Path(str(filename)))
                options = replace(options, descriptor=stack.enter_context(pipe))
            with opening as given, Bars(lgr).bar(str(target or "-"), "bytes") as bar:
                if dry_run:
                    record = preview(given.contents)
                else:
                    done, came = write_archive(given.contents, given.sources, options, bar)
                    if given.homes:
                        warn_of_damage(done, given.homes)
                    record = report(given.contents, given.absent, done, came, missing_content)
        except (JsdlError, OSError) as error:
            record = failure(ACTION, path, error, lgr, kind)
            if _is_about_missing(error):
                record["message"] = added(record["message"], _SKIP)
            yield record
            return
        for refusal in given.refusals:
            yield _refused(target, place, refusal)
        yield get_status_dict(
            action=ACTION, status="ok", path=str(path), type=kind, logger=lgr, **record
        )


def _is_about_missing(error: BaseException | None) -> bool:
    """Whether an export ended since a content is unavailable."""
    if isinstance(error, FetchError) and error.name:
        return True
    return error is not None and _is_about_missing(error.__cause__)


def _refused(target: Path | None, place: Path, refusal: Refusal) -> dict[str, Any]:
    """The record of an entry that was refused; the archive itself is complete without it."""
    path = _beside(target, place, refusal.path or "")
    record: dict[str, Any] = get_status_dict(
        action=ACTION, status="error", path=str(path), type="file", logger=lgr
    )
    record["message"] = refusal_text(refusal)
    record["entry"] = refusal.path
    return record


def _beside(target: Path | None, place: Path, name: str) -> Path:
    """An entry's path, from the folder of the archive on; that folder for one that leads out."""
    folder = target.parent if target else place
    path = Path(os.path.normpath(folder / joined(name)))
    return path if folder in path.parents and path != target else folder
