"""What one dataset is asked to import, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.operations.transfers import Came

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datalad_jsdl.faults import Failed
    from datalad_jsdl.model.archives import NamedArchive
    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.operations.engines import Engines
    from datalad_jsdl.operations.import_options import ImportOptions
    from datalad_jsdl.operations.progress import Bar
    from datalad_jsdl.operations.run_record import Recording
    from datalad_jsdl.operations.staging import NotTakenIn
    from datalad_jsdl.repository.importing.importer import Scope
    from datalad_jsdl.repository.importing.steps import Plan
    from datalad_jsdl.repository.importing.submodules import Link

__all__ = ["Outcome", "Request"]


@dataclass(frozen=True)
class Request:
    """What is to be imported, and how.

    Attributes:
        entries: of the manifest, by path within the dataset.
        scope: what the manifest speaks for.
        options: of the whole import.
        recording: what the commit says of how it was made.
        dataset_id: tells that of the DataLad dataset; None for a subdataset that the manifest has a
            part for: then the command is not to be run again in it.
        engines: of the whole import.
        bar: shows how far it is.
        links: tells subdatasets of it as they are then, by path; asked while it is locked.
        logins: where logins are, before those that it remembers; see `logins`.
        archives: zips of the entries; None if the manifest can say nothing of them.
    """

    entries: Mapping[str, Entry]
    scope: Scope
    options: ImportOptions
    recording: Recording
    dataset_id: Callable[[], str] | None
    engines: Engines
    bar: Bar
    links: Callable[[], Mapping[str, Link]]
    logins: tuple[str, ...] = ()
    archives: tuple[NamedArchive, ...] | None = None


@dataclass
class Outcome:
    """What became of a request.

    Attributes:
        plan: what was done, or would be.
        commit: the new one, or "".
        failures: path → why its content is not here; *unregistered* has those that
            for that reason are not in the dataset either, and *outdated* those that are as an
            earlier import has left them.
        wanted: number of paths whose content was missing, and was to be fetched.
        fetched: number of contents fetched.
        files_fetched: number of paths that have one of them.
        unverified: number of contents that were fetched and had no checksum before.
        came: bytes of what was fetched, and how long it took.
        remote: what was done to set up the special remote.
        untimed: number of paths of which mirrors were asked for a time, and told none.
    """

    plan: Plan
    commit: str = ""
    failures: dict[str, Failed | NotTakenIn] = field(default_factory=dict)
    unregistered: set[str] = field(default_factory=set)
    outdated: set[str] = field(default_factory=set)
    wanted: int = 0
    fetched: int = 0
    files_fetched: int = 0
    unverified: int = 0
    came: Came = field(default_factory=Came)
    remote: tuple[str, ...] = ()
    untimed: int = 0
