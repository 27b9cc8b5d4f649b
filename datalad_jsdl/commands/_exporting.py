"""One call of ``datalad export-archive``."""

from __future__ import annotations

import logging
import os
import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad_jsdl.commands._archiving import (
    ACTION,
    given_by_dataset,
    given_by_manifest,
    is_pipe,
    written,
)
from datalad_jsdl.commands._common import failure, given_place
from datalad_jsdl.commands._datasets import require_installed
from datalad_jsdl.commands._options import inside, jobs_of, listed
from datalad_jsdl.commands._tar import tar_archive
from datalad_jsdl.errors import DatasetError, JsdlError, SettingError
from datalad_jsdl.manifest.checksums import parsed_line
from datalad_jsdl.model.filters import Filter
from datalad_jsdl.operations.engines import disk_reserve
from datalad_jsdl.operations.export_archive import ArchiveOptions
from datalad_jsdl.operations.list_files import FileSelection
from datalad_jsdl.repository.annex.missing import unknown_paths
from datalad_jsdl.repository.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalad_jsdl.operations.manifest_place import ManifestPlace

__all__ = ["export_by"]

lgr = logging.getLogger("datalad.jsdl.export_archive")


def export_by(
    *,
    filename: str | None,
    path: str | Sequence[str] | None,
    dataset: Any,
    archivetype: str | None,
    compression: str | None,
    missing_content: str,
    leading_dir: str | None,
    mtime: str,
    dataset_files: bool,
    recursive: bool,
    recursion_limit: int | None,
    ref: str | None,
    include: str | Sequence[str] | None,
    exclude: str | Sequence[str] | None,
    manifest: str | None,
    base_url: str | None,
    manifest_format: str | None,
    column: str | Sequence[str] | None,
    credential: str | Sequence[str] | None,
    cookies: str | None,
    resume: bool,
    checksum_file: bool,
    jobs: int | str | None,
    dry_run: bool,
) -> Iterator[dict[str, Any]]:
    """Do what the command was called for; its parameters are the command's."""
    listing = (base_url, manifest_format, column, credential, cookies)
    where = Path.cwd()
    if archivetype is None:
        is_zip = manifest is not None or str(filename).lower().endswith(".zip")
        archivetype = "zip" if is_zip else "tar"
    if manifest is not None:
        ours = (dataset, path, ref, dataset_files, recursive, recursion_limit)
        if archivetype != "zip" or any(ours) or mtime == "commit" or filename is None:
            raise ValueError(
                "--manifest makes a ZIP archive without a dataset: it requires a file name, "
                "and allows no dataset options"
            )
    else:
        if any(listing) or mtime == "remote":
            raise ValueError("manifest options and --mtime remote require --manifest")
        try:
            found = require_installed(dataset, "export archive")
        except JsdlError as problem:
            yield failure(ACTION, given_place(dataset), problem, lgr)
            return
        where = found.pathobj
    try:
        number = jobs_of(jobs)
    except SettingError as error:
        yield failure(ACTION, where, error, lgr)
        return
    if archivetype != "zip":
        chosen = (leading_dir is not None, mtime != "recorded", dataset_files, recursive)
        senseless = (ref, path, include, exclude, not resume, checksum_file, dry_run)
        if any(chosen) or any(senseless) or filename == "-":
            raise ValueError("a TAR archive supports only a file name, -c and --missing-content")
        try:
            refused = filename and _folder_of_dataset(filename, Repository(where))
        except JsdlError as problem:
            refused = str(problem)
        if refused:
            yield failure(ACTION, where, DatasetError(refused), lgr)
            return
        yield from tar_archive(filename, dataset, compression, missing_content)
        return
    piped = is_pipe(filename)
    _require_sense(piped, compression, checksum_file)
    skip, deflate = missing_content != "error", compression == "gz"
    resume = resume and not deflate
    options = ArchiveOptions(None, deflate, resume, checksum_file, skip, number)
    wanted = Filter(listed(include), listed(exclude))
    target: Path | None = None
    try:
        if manifest is not None:
            from datalad_jsdl.operations.manifest_contents import Listed  # as below

            target = None if piped else _target(filename, "archive")
            listed_there = Listed(
                _place(manifest, base_url, manifest_format, listed(column)),
                wanted,
                tuple(listed(credential)),
                cookies,
            )
            folder = _folder(leading_dir, target, "")
            opening = given_by_manifest(
                listed_there, folder, remote_times=mtime == "remote", jobs=number
            )
            options = replace(options, target=target, reserve=disk_reserve(None))
        else:
            repository = Repository(where)
            dataset_id = repository.dataset_id
            name = f"datalad_{dataset_id}" if dataset_id else where.name
            if filename is not None and (refused := _folder_of_dataset(filename, repository)):
                yield failure(ACTION, where, DatasetError(refused), lgr)
                return
            target = None if piped else _target(filename, name)
            if target and where.resolve() in target.parents and target.parent != Path.cwd():
                lgr.warning(
                    "the archive is written into the dataset that it is made from: %s", target
                )
            selection = FileSelection(
                revision="HEAD" if ref is None else ref,
                paths=inside(path, dataset, where),
                wanted=wanted,
                depth=recursion_limit if recursive else 0,
                dataset_files=dataset_files,
                skip_missing=skip,
            )
            folder = _folder(leading_dir, target, name)
            opening = given_by_dataset(where, selection, folder, commit_time=mtime == "commit")
            options = replace(options, target=target, reserve=disk_reserve(repository.git_dir))
    except JsdlError as error:
        kind = "file" if target else "dataset"
        yield failure(ACTION, target or where, error, lgr, kind)
        return
    if target and not checksum_file and (old := Path(f"{target}.sha256")).exists():
        # told of the archive before it gets its name, whatever was there under that
        options = replace(options, approve=partial(_compare, old))
    yield from written(
        opening,
        options,
        filename,
        where,
        "directory" if manifest is not None else "dataset",
        missing_content=missing_content,
        dry_run=dry_run,
    )


def _compare(old: Path, size: int, sha256: str) -> None:
    """Warn if the checksum that lies beside an archive is of another one."""
    try:
        known = parsed_line(old.read_text(errors="replace").splitlines()[0])[1]
    except (OSError, ValueError, IndexError):
        known = ""
    if known != sha256:
        lgr.warning("%s belongs to an older archive; use --checksum-file to renew it", old)


def _place(
    manifest: str, base_url: str | None, format_name: str | None, columns: Sequence[str]
) -> ManifestPlace:
    """Where a manifest is; raises ManifestError."""
    # it loads all formats, which an archive of a dataset does not need
    from datalad_jsdl.operations.manifest_place import is_no_file, place_of

    file = None if is_no_file(manifest) else Path(manifest).absolute()
    return place_of(manifest, file, base_url, format_name, columns)


def _folder(leading_dir: str | None, target: Path | None, default: str) -> str:
    """The folder in the archive: as it was given, else named like the file, if there is one."""
    if leading_dir is None:
        leading_dir = default if target is None else target.stem
    return leading_dir.strip("/")


def _require_sense(piped: bool, compression: str | None, checksum_file: bool) -> None:
    """Raises ValueError for options that contradict each other."""
    if compression == "bz2":
        raise ValueError("a ZIP archive cannot be compressed with bz2: few programs can read it")
    if checksum_file and piped:
        raise ValueError("--checksum-file requires an archive in a file")


def _folder_of_dataset(filename: str, repository: Repository) -> str:
    """What to say where the name of an archive is that of a folder which was meant to be in it."""
    # not resolve, which fails for a link that leads in a circle
    root, folder = (Path(os.path.realpath(p)) for p in (repository.git.root, filename))
    if root not in folder.parents or not folder.is_dir():
        return ""
    if unknown_paths(repository, [folder.relative_to(root).as_posix()]):
        return ""  # another folder, for archives
    name = shlex.quote(filename.rstrip("/"))
    return (
        f"{filename} is a folder of the dataset, and not the name of an archive; to archive it, "
        f"run: datalad export-archive {name}.zip {name}"
    )


def _target(filename: str | None, default: str) -> Path:
    target = Path(filename if filename is not None else default)
    if filename is not None and target.is_dir():
        target = target / default
    # not with_suffix: data-1.0 is to become data-1.0.zip
    if target.suffix.lower() != ".zip":
        target = target.with_name(target.name + ".zip")
    # not resolve: the name that was given is that of the folder in the archive
    return target.parent.resolve() / target.name
