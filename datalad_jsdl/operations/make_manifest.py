"""One run of ``datalad make-manifest``: from the files below a folder to a manifest of them."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from datalad_jsdl.archive.output import PipeOutput, opened, part_file
from datalad_jsdl.archive.targets import followed, is_special
from datalad_jsdl.errors import ArchiveError, ManifestError
from datalad_jsdl.manifest.formats.fields import is_web, quoted
from datalad_jsdl.manifest.writing import WRITERS, write_entries
from datalad_jsdl.model.candidates import Candidate
from datalad_jsdl.model.digests import HexDigests
from datalad_jsdl.model.entry import Entry
from datalad_jsdl.model.filters import Filter
from datalad_jsdl.model.secrecy import DEFAULT
from datalad_jsdl.model.urls import normalise_url
from datalad_jsdl.operations.folder_files import FolderFile, FolderFiles, LeftOut, folder_files
from datalad_jsdl.operations.hash_cache import HashCache, cache_file
from datalad_jsdl.operations.hashing import Hashed, Hashing
from datalad_jsdl.operations.old_entries import Changes, OldEntries, mtime_of, read_old
from datalad_jsdl.operations.progress import SILENT, Progress, Standing
from datalad_jsdl.operations.published_zip import own_places

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from datalad_jsdl.archive.output import FileOutput
    from datalad_jsdl.model.archives import NamedArchive

__all__ = ["Made", "MakeOptions", "folder_url", "make_manifest"]


@dataclass(frozen=True)
class MakeOptions:
    """What a manifest is to be made of.

    Attributes:
        folder: whose files are listed.
        urls: where they are served: URLs of folders (see `folder_url`), in the order in which
            they are to be tried.
        target: file to write, or a pipe.
        format_name: of the manifest (see `WRITERS`).
        wanted: filter on paths below the folder.
        pieces: also list digests of the pieces of large files.
        jobs: files to read at a time.
        update: an older manifest; what has its size and mtime still is not read again.
        archives: zips of the files, to be named in the manifest; without any, those of *update*.
    """

    folder: Path
    urls: tuple[str, ...]
    target: Path | PipeOutput
    format_name: str = "json"
    wanted: Filter = field(default_factory=Filter)
    pieces: bool = False
    jobs: int = 1
    update: Path | None = None
    archives: tuple[NamedArchive, ...] = ()


@dataclass(frozen=True)
class Made:
    """What was written.

    Attributes:
        entries: number of files in the manifest.
        size: bytes that they have together.
        read: number of those that were read.
        read_size: bytes of those.
        resumed: number of those that an interrupted run had read.
        left_out: what could not be listed.
        own: number of files and folders of git's and DataLad's own, which are not listed.
        lost: number of entries by what the format has no place for.
        changes: how they differ from the older manifest; None without one.
        unmatched: patterns that matched nothing.
        cache_error: why digests could not be kept for a run that is interrupted, or None.
        kept: zips of the older manifest that the new one names.
        dropped: those that it does not name, since its format cannot.
        secret: those that it does not name, since all their URLs seem to contain a secret.
    """

    entries: int
    size: int
    read: int
    read_size: int
    resumed: int
    left_out: tuple[LeftOut, ...]
    own: int
    lost: Mapping[str, int]
    changes: Changes | None
    cache_error: OSError | None
    unmatched: tuple[str, ...] = ()
    kept: tuple[NamedArchive, ...] = ()
    dropped: tuple[NamedArchive, ...] = ()
    secret: tuple[NamedArchive, ...] = ()


def folder_url(text: str) -> str:
    """The URL of a folder, normalised, with a slash at its end.

    Raises:
        ManifestError: it is none; the text says why, without the URL.
    """
    if not is_web(text):
        raise ManifestError("the base URL must begin with http:// or https://")
    try:
        url = normalise_url(text)
    except ValueError as error:
        raise ManifestError(f"the base URL: {error}") from None
    if "?" in url or "#" in url:
        raise ManifestError("the base URL must be that of a folder, without ? and #")
    if DEFAULT.is_signed(url):
        raise ManifestError("the base URL seems to contain a secret")
    return url if url.endswith("/") else f"{url}/"


def make_manifest(options: MakeOptions, progress: Progress = SILENT) -> Made:
    """Write a manifest of the files below a folder.

    Digests are kept in a file beside the one that is written until that is complete, so that a
    run that was interrupted need not begin anew.

    Args:
        options: what is to be written.
        progress: is told how it is going.

    Raises:
        NothingThereError: there is no such folder.
        ManifestError: the older manifest cannot be read.
        ArchiveError: there is nothing to list, or the target cannot be written.
        OSError: the folder cannot be read, or the target not be written.
    """
    with ExitStack() as stack:
        target = options.target
        # first of all: no second run shall get further
        output = target if isinstance(target, PipeOutput) else stack.enter_context(opened(target))
        old = read_old(options.update, options.urls[0]) if options.update else OldEntries()
        with progress.bar(f"{options.folder} files") as bar:
            without = _without(options, options.archives or old.archives)
            found = folder_files(options.folder, options.wanted, without, bar)
        cache = None
        if not isinstance(target, PipeOutput) and not is_special(target):
            file = cache_file(followed(target))
            cache = stack.enter_context(HashCache(file, options.folder.resolve()))
        making = _Making(options, found, old, cache)
        making.hash(progress)
        making.write(output)
        if isinstance(output, PipeOutput):
            output.flush()
        else:
            output.finish()
        if cache is not None:
            cache.remove()
        return making.made()


def _without(options: MakeOptions, archives: Sequence[NamedArchive]) -> set[str]:
    """Places of what is ours and no data, wherever links lead."""
    given = [] if options.update is None else [options.update]
    if not isinstance(options.target, PipeOutput):
        target = followed(options.target)
        given += [options.target, target, part_file(target), cache_file(target)]
    named = {os.path.join(os.path.realpath(path.parent), path.name) for path in given}
    zips = own_places(archives, options.folder, options.urls)
    return named | zips | {os.path.realpath(path) for path in given}


class _Making:
    def __init__(
        self, options: MakeOptions, found: FolderFiles, old: OldEntries, cache: HashCache | None
    ) -> None:
        self._options = options
        self._found = found
        self._old = old
        self._cache = cache
        self._hashed: dict[str, Hashed] = {}
        self._left_out = list(found.left_out)
        self._lost: Counter[str] = Counter()
        self._listed: dict[str, str] = {}
        old_archives = () if options.archives else old.archives
        has_place = WRITERS[options.format_name].with_archives is not None
        public = tuple(filter(None, (archive.public() for archive in old_archives)))
        self._kept = public if has_place else ()
        self._dropped = () if has_place else old_archives
        secret = tuple(archive for archive in old_archives if archive.public() is None)
        self._secret = secret if has_place else ()
        self._size = self._read = self._read_size = self._resumed = 0

    def hash(self, progress: Progress) -> None:
        """Find the digests of all files."""
        files = [file for file in self._found.files if not self._is_known(file)]
        size = sum(file.size for file in files)
        done = 0
        with (
            progress.bar(str(self._options.folder), "bytes") as bar,
            Hashing(files, self._options.jobs, pieces=self._options.pieces) as hashing,
        ):
            bar.watch("hashing", lambda: Standing(min(hashing.read, size), size, done, len(files)))
            for batch in hashing.results():
                done += len(batch)
                for file, result in batch:
                    self._take(file, result)
                if self._cache is not None:
                    self._cache.add(batch)

    def _is_known(self, file: FolderFile) -> bool:
        pieces = self._options.pieces
        known = self._old.find(file, pieces=pieces)
        if known is None and self._cache is not None:
            known = self._cache.find(file, pieces=pieces)
            self._resumed += known is not None
        if known is None:
            return False
        self._hashed[file.path] = known
        return True

    def _take(self, file: FolderFile, result: Hashed | str) -> None:
        if isinstance(result, str):
            self._left_out.append(LeftOut(file.path, result))
            return
        self._hashed[file.path] = result
        self._read += 1
        self._read_size += result.size

    def write(self, output: FileOutput | PipeOutput) -> None:
        """Write the entries.

        Raises:
            ArchiveError: there is none.
        """
        entries = self._entries()
        name = self._options.format_name
        first = next(entries, None)
        if first is None:
            without = f": {_first(self._left_out)}" if self._left_out else ""
            if not without and (unmatched := self._found.unmatched):
                without = f": the pattern {unmatched[0]!r} matches nothing"
            raise ArchiveError(f"no file to list in {self._options.folder}{without}")
        archives = self._options.archives or self._kept
        for piece in write_entries(name, chain([first], entries), archives):
            output.write(piece.encode())

    def _entries(self) -> Iterator[Entry]:
        writer = WRITERS[self._options.format_name]
        for file in self._found.files:
            hashed = self._hashed.get(file.path)
            if hashed is None:
                continue
            entry = self._entry(file.path, hashed)
            if fault := writer.fault(entry):
                self._left_out.append(LeftOut(file.path, fault))
                continue
            self._listed[file.path] = hashed.sha256
            self._size += hashed.size
            self._lost.update(writer.lost(entry))
            yield entry

    def _entry(self, path: str, hashed: Hashed) -> Entry:
        old = self._old.entries.get(path)
        return Entry(
            path=path,
            candidates=tuple(Candidate(url + quoted(path)) for url in self._options.urls),
            size=hashed.size,
            digests=HexDigests({"sha256": hashed.sha256}),
            mtime=mtime_of(hashed.mtime_ns),
            executable=hashed.executable,
            pieces=hashed.pieces,
            restriction=old.restriction if old is not None else None,
        )

    def made(self) -> Made:
        """What it came to."""
        return Made(
            entries=len(self._listed),
            size=self._size,
            read=self._read,
            read_size=self._read_size,
            resumed=self._resumed,
            left_out=tuple(sorted(self._left_out, key=lambda item: item.path)),
            own=self._found.own,
            lost=dict(self._lost),
            changes=self._old.changes(self._listed) if self._options.update else None,
            cache_error=self._cache.error if self._cache is not None else None,
            unmatched=self._found.unmatched,
            kept=self._kept,
            dropped=self._dropped,
            secret=self._secret,
        )


def _first(left_out: Sequence[LeftOut]) -> str:
    item = left_out[0]
    more = f" ({len(left_out) - 1} more)" if len(left_out) > 1 else ""
    return f"{item.path!r}: {item.reason}{more}"
