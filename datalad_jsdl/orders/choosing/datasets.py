"""The files of a dataset's commit that a user chooses."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from datalad_jsdl.archive.whole import whole_content
from datalad_jsdl.archive.zip.members import Kind, member_name
from datalad_jsdl.cycles import no_cycles_made
from datalad_jsdl.errors import ArchiveError, QueryError
from datalad_jsdl.operations.collect import collect
from datalad_jsdl.operations.home import Homes
from datalad_jsdl.operations.list_files import FileSelection, Walk
from datalad_jsdl.orders.choosing.choice import Chosen
from datalad_jsdl.orders.choosing.restrictions import state_of_restriction
from datalad_jsdl.orders.choosing.tables import PARTICIPANTS, Tables, parsed_table
from datalad_jsdl.orders.model import FileRef, ListedFile
from datalad_jsdl.orders.table_filter import TableFilter
from datalad_jsdl.repository.annex.adjusted import require_brought_back
from datalad_jsdl.repository.annex.keys import size_of_key
from datalad_jsdl.repository.annex.lookup import KeyLookup
from datalad_jsdl.repository.annex.objects import object_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from datalad_jsdl.operations.list_files import DatasetFiles
    from datalad_jsdl.orders.choosing.choice import Choice
    from datalad_jsdl.orders.model import FileState, Source
    from datalad_jsdl.repository.annex.logs import KeyState
    from datalad_jsdl.repository.repository import Repository

__all__ = ["choose_from_dataset", "subject_columns"]

_AT_ONCE = 10_000  # files whose contents are held at a time
_LARGEST_TABLE = 64 << 20  # bytes


@no_cycles_made()
def choose_from_dataset(
    root: Path, source: Source, choice: Choice, credentials: Sequence[str] = ()
) -> Chosen:
    """Look up what a choice comes to; nothing is written.

    Args:
        root: of the dataset.
        source: that the files are of.
        choice: of its files.
        credentials: for tables that have to be fetched; see `open_engine`.

    Raises:
        QueryError: a query cannot be read, or asks for what is not there.
        NothingThereError: there is no such commit, or nothing at a path.
        DatasetError: git cannot read the dataset.
        ArchiveError, FetchError: a table that a query is about is unavailable.
    """
    table_filter = TableFilter.parse(choice.where) if choice.where else None
    paths = tuple(path for path in choice.paths if path)
    deep = bool(paths or choice.recursive or choice.is_query)
    selection = FileSelection(
        choice.ref, () if "" in choice.paths else paths,
        depth=None if deep else 0, skip_missing=True, purpose="add",
    )  # fmt: skip
    walk = Walk(root, selection)
    if choice.ref == "HEAD":
        require_brought_back(walk.parts[0].repository)
    commit = walk.tree.commit
    by_metadata = set(_with_metadata(walk, choice)) if choice.metadata else None
    by_table = None
    if table_filter is not None:
        tables = Tables(walk.tree.files, partial(_read, root, commit, credentials=credentials))
        by_table = tables.chosen(table_filter, _paths(walk))
    files: list[ListedFile] = []
    states: dict[str, FileState] = {}
    missing = {path: why for path, why in walk.missing.items() if choice.touches(path)}
    for part in walk.parts:
        chosen = (
            path
            for path in part.paths
            if choice(part.prefix + path)
            and (by_metadata is None or part.prefix + path in by_metadata)
            and (by_table is None or part.prefix + path in by_table)
        )
        for path, size, state in _recorded(part, _nameable(part.prefix, chosen, missing)):
            full = part.prefix + path
            mtime = state.mtime if state is not None else None
            seconds = None if mtime is None else int(mtime.timestamp() // 1)
            files.append(ListedFile(FileRef(source.name, full, commit), size, seconds))
            if state is not None and state.restriction is not None:
                states[full] = state_of_restriction(state.restriction)
    return Chosen(source, files, states, missing)


def subject_columns(
    root: Path, commit: str, credentials: Sequence[str] = ()
) -> dict[str, list[str]]:
    """The table of subjects of a commit: column → cells; empty where the dataset has no table.

    Args:
        root: of the dataset.
        commit: of it.
        credentials: see `open_engine`.

    Raises:
        QueryError: it cannot be read.
        DatasetError: git cannot read the dataset.
        ArchiveError, FetchError: it is unavailable.
    """
    for name in PARTICIPANTS:
        selection = FileSelection(commit, (), depth=0, skip_missing=True, dataset_files=True)
        if name not in Walk(root, selection).tree.files:
            continue
        columns, rows = parsed_table(name, _read(root, commit, name, credentials=credentials))
        return {column: [row[column] for row in rows] for column in columns if column}
    return {}


def _nameable(prefix: str, paths: Iterable[str], others: dict[str, str]) -> Iterator[str]:
    """Those that an archive can have; the *others* get a reason."""
    for path in paths:
        try:
            member_name(prefix + path)
        except ArchiveError as error:
            others[prefix + path] = str(error)
        else:
            yield path


def _paths(walk: Walk) -> Iterator[str]:
    return (part.prefix + path for part in walk.parts for path in part.paths)


def _recorded(
    part: DatasetFiles, paths: Iterable[str]
) -> Iterator[tuple[str, int | None, KeyState | None]]:
    """Path, bytes, and what is recorded of the key, of some thousand files at a time."""
    repository, rest = part.repository, iter(paths)
    with ExitStack() as stack:
        lookup = None
        if repository.has_annex:
            lookup = stack.enter_context(KeyLookup(repository, states_only=True))
        for portion, keys in _ahead(stack, part, rest):
            annexed = [key for path in portion if (key := keys[path])]
            states = iter(lookup.states(annexed)) if lookup else iter(())
            oids = (part.tree.files[path].oid for path in portion if not keys[path])
            sizes = iter(repository.git.sizes(oids))
            for path in portion:
                key = keys[path]
                if key:
                    yield path, _size(repository, key), next(states)
                else:
                    yield path, next(sizes), None


def _ahead(
    stack: ExitStack, part: DatasetFiles, paths: Iterator[str]
) -> Iterator[tuple[list[str], dict[str, str | None]]]:
    """Some thousand paths at a time with their keys, those of the next looked up meanwhile."""
    thread = stack.enter_context(ThreadPoolExecutor(1))
    coming: tuple[list[str], Future[dict[str, str | None]]] | None = None
    while portion := list(islice(paths, _AT_ONCE)):
        started = portion, thread.submit(part.tree.keys, portion)
        if coming is not None:
            yield coming[0], coming[1].result()
        coming = started
    if coming is not None:
        yield coming[0], coming[1].result()


def _size(repository: Repository, key: str) -> int | None:
    """Bytes of a key's content; where the key does not tell, of what is here."""
    if (size := size_of_key(key)) is not None:
        return size
    local = object_path(repository.annex_dir, key)
    return None if local is None else local.stat().st_size


def _with_metadata(walk: Walk, choice: Choice) -> Iterator[str]:
    """Paths of annexed files whose metadata fit; git-annex itself looks them up."""
    conditions = [f"--metadata={condition}" for condition in choice.metadata]
    for condition in choice.metadata:
        if not any(sign in condition for sign in "=<>"):
            raise QueryError(
                f"expected FIELD=GLOB, FIELD<NUMBER or FIELD>NUMBER as a condition on metadata, "
                f"got {condition!r}"
            )
    for part in walk.parts:
        if part.repository.has_annex:
            branch = f"--branch={part.tree.commit}"
            command = ("annex", "find", branch, *conditions, r"--format=${file}\000")
            for raw in part.repository.git.items(*command):
                yield part.prefix + raw.decode("utf-8", "surrogateescape")


def _read(root: Path, commit: str, path: str, *, credentials: Sequence[str]) -> bytes:
    """A table of a commit, from wherever it is available."""
    with Homes() as homes:
        selection = FileSelection(commit, (path,), dataset_files=True)
        (content,), _ = collect(root, selection, homes, credentials=credentials)
        if content.kind is Kind.SYMLINK:
            raise QueryError(f"{path} is a symbolic link, and no table")
        return whole_content(content, homes, _LARGEST_TABLE)
