"""Cases that compare ways of getting the content of a dataset."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

from clients import aria2, curl_many, engine, rclone
from link import ADDRESS
from measuring import Measured, compete, ratio, run, timed, warm
from servers import make_files, slow_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from measuring import Bench, Run
    from servers import Served

__all__ = [
    "GIT_CONFIG",
    "dataset_large",
    "dataset_late",
    "dataset_small",
    "dataset_zip",
    "from_afar",
    "make_home",
]

GIT_CONFIG = f"""\
[user]
    name = Benchmark
    email = benchmark@example.com
[annex "security"]
    allowed-ip-addresses = 127.0.0.1 {ADDRESS}
[init]
    defaultBranch = main
"""
_EXTENSION = """\
[datalad "extensions"]
    load = jsdl
"""


def make_home(folder: Path) -> Path:
    """A home whose git config lets git-annex and us ask a server on this machine."""
    home = folder / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(GIT_CONFIG + _EXTENSION)
    return home


def dataset_large(bench: Bench) -> None:
    """A file of 2 GiB in a dataset: git annex get through jsdl against web."""
    files = make_files(bench.root, "large", 1, bench.scaled(2048 << 20))
    dataset, _ = _make_dataset(bench, files)
    runs = compete(
        bench,
        {
            "git annex get --from jsdl": _getting(dataset, files, *_GET, "--from", "jsdl"),
            "git annex get --from web": _getting(dataset, files, *_GET, "--from", "web"),
        },
    )
    what = "git annex get: jsdl wall / web wall"
    jsdl, web = "git annex get --from jsdl", "git annex get --from web"
    ratio(what, runs, lambda r: r[jsdl].wall / r[web].wall, target=0.75)
    ratio(what.replace("wall", "CPU"), runs, lambda r: r[jsdl].cpu / r[web].cpu)


def dataset_small(bench: Bench) -> None:
    """2,000 files of 4 KiB in a dataset: download-content against git annex get and others."""
    count = bench.scaled(2000)
    files = make_files(bench.root, "few", count, 4096)
    dataset, manifest = _make_dataset(bench, files)
    ours, command = _own_command(dataset, manifest)
    contestants = {ours: _getting(dataset, files, *command)}
    for remote in ("jsdl", "web"):
        for jobs in ("-J1", "-J8"):
            get = _getting(dataset, files, *_GET, jobs, "--from", remote)
            contestants[f"git annex get {jobs} --from {remote}"] = get
    datalad = ("datalad", "-f", "disabled", "get", "-J8", ".")
    contestants["datalad get -J8"] = _getting(dataset, files, *datalad)
    if shutil.which("git-annex-remote-uncurl"):
        other = _clone_with_uncurl(bench, dataset)
        for jobs in ("-J1", "-J8"):
            get = _getting(other, files, *_GET, jobs, "--from", "uncurl")
            contestants[f"git annex get {jobs} --from uncurl"] = get
    else:
        print("  git-annex-remote-uncurl: not installed")
    runs = compete(
        bench,
        contestants,
        lambda took: (
            f"{count / took.wall:6.0f} files/s   {took.cpu / count * 1000:6.2f} ms CPU each"
        ),
    )
    for peer in contestants:
        if peer != ours:
            target = 0.5 if peer == "git annex get -J1 --from web" else None
            what = f"{ours}: wall / {peer} wall"
            ratio(what, runs, lambda r, p=peer: r[ours].wall / r[p].wall, target=target)
    for jobs, target in (("-J8", 1.0), ("-J1", None)):
        jsdl, web = (f"git annex get {jobs} --from {remote}" for remote in ("jsdl", "web"))
        what = f"git annex get {jobs}: jsdl wall / web wall"
        ratio(what, runs, lambda r, a=jsdl, b=web: r[a].wall / r[b].wall, target=target)


def dataset_late(bench: Bench) -> None:
    """2,000 files of 4 KiB from a late server: download-content against others' defaults."""
    files = make_files(bench.root, "awaited", bench.scaled(2000), 4096)
    with slow_server(bench.root, delay=0.05) as base:
        runs = from_afar(bench, files, base)
    ours, curl = "download-content", "curl -Z"
    ratio(f"{ours}: wall / {curl} wall", runs, lambda r: r[ours].wall / r[curl].wall, target=2.0)
    each = 1000 / len(files)
    ratio(f"{ours}: ms CPU each", runs, lambda r: r[ours].cpu * each, target=1.2)


def from_afar(bench: Bench, files: list[Served], base: str) -> list[Run]:
    """A server's small files: into a dataset by ours and git-annex, and by others as they are.

    All at their defaults, but git-annex, whose default is one file at a time.
    """
    place = bench.place()
    manifest, dataset = place / "late.json", place / "late"
    manifest.write_text(json.dumps(_by_name(files, base)))
    run("datalad", "-f", "disabled", "download-manifest", manifest, dataset, cwd=place)
    content = ("datalad", "-f", "disabled", "download-content", "-d", dataset)
    web = (*_GET, "-J8", "--from", "web")
    contestants = {
        "download-content": _getting(dataset, files, *bench.through, *content),
        "curl -Z": curl_many(bench, files, base, 50),  # its own default
        "aria2c": aria2(bench, files, [base], None),
        "rclone copyurl": rclone(bench, files, base),
        "git annex get -J8": _getting(dataset, files, *bench.through, *web),
    }
    present = {name: client for name, client in contestants.items() if client}
    runs = compete(
        bench, present, lambda took: f"{len(files) / took.wall:6.0f} files/s", count=len(files)
    )
    ours, *peers = present
    for peer in peers:
        ratio(f"{ours}: wall / {peer} wall", runs, lambda r, p=peer: r[ours].wall / r[p].wall)
    return runs


def dataset_zip(bench: Bench) -> None:
    """2,000 files of 4 KiB on a late server that has a zip of them, too: against curl -Z.

    The engine alone, and download-content of a dataset that knows of the zip.
    """
    files = make_files(bench.root, "zipped", bench.scaled(2000), 4096)
    place, archive = bench.place(), bench.root / "zipped.zip"
    manifest = place / "fast.json"
    manifest.write_text(json.dumps(_by_name(files, bench.base)))
    export = ("datalad", "-f", "disabled", "export-archive", "-t", "zip", "--leading-dir", "")
    run(*export, "--manifest", manifest, archive, cwd=place)
    _zip_against_curl(bench, files, archive.name, place, 0.05, whole=1.3)
    _zip_against_curl(bench, files, archive.name, place, 0.2, whole=0.5)


def _zip_against_curl(
    bench: Bench, files: list[Served], archive: str, place: Path, delay: float, whole: float
) -> None:
    """Answers are *delay* seconds late; the whole command may take *whole* times as long."""
    late = f"{delay * 1000:.0f} ms"
    with slow_server(bench.root, delay=delay) as base:
        url = f"{base}/{archive}"
        members = {"/": {"archives": [{"urls": [url]}]}, **_by_name(files, base)}
        manifest, dataset = place / f"{late}.json", place / late
        manifest.write_text(json.dumps(members))
        run("datalad", "-f", "disabled", "download-manifest", manifest, dataset, cwd=place)
        content = ("datalad", "-f", "disabled", "download-content", "-d", dataset)
        contestants = {
            f"{late}: engine, zip": engine(bench, files, [base], None, archive=url),
            f"{late}: download-content": _getting(dataset, files, *content),
            f"{late}: curl -Z": curl_many(bench, files, base, 50),  # its own default
        }
        runs = compete(bench, contestants)
    fetching, getting, curl = contestants
    what = f"{fetching}, fetching alone / curl -Z wall"
    ratio(what, runs, lambda r: r[fetching].said["wall"] / r[curl].wall, target=0.2)
    what = f"{getting}: wall / curl -Z wall"
    ratio(what, runs, lambda r: r[getting].wall / r[curl].wall, target=whole)


def _by_name(files: list[Served], base: str) -> dict[str, object]:
    """Members of a manifest."""
    return {
        file.name: {
            "urls": [f"{base}/{file.path}"],
            "size": file.size,
            "digests": {"sha256": file.sha256},
        }
        for file in files
    }


_GET = ("git", "annex", "get", "--quiet", ".")


def _make_dataset(bench: Bench, files: list[Served]) -> tuple[Path, Path]:
    """A dataset and the manifest that it was imported from."""
    place = bench.place()
    manifest = place / "manifest.json"
    content = {
        file.path: {
            "urls": [f"{bench.base}/{file.path}"],
            "size": file.size,
            "digests": {"sha256": file.sha256},
        }
        for file in files
    }
    manifest.write_text(json.dumps(content))
    run("datalad", "-f", "disabled", "download-manifest", manifest, "dataset", cwd=place)
    return place / "dataset", manifest


def _own_command(dataset: Path, manifest: Path) -> tuple[str, tuple[str | Path, ...]]:
    """Its name and what is typed."""
    known = subprocess.run(
        ["datalad", "download-content", "--help"], capture_output=True, check=False
    )
    if known.returncode == 0:
        ours = ("datalad", "-f", "disabled", "download-content", "-d", dataset, "-J8")
        return "download-content -J8", ours
    ours = ("datalad", "-f", "disabled", "download-manifest", "--get", "-J8", manifest, dataset)
    return "download-manifest --get -J8", ours


def _clone_with_uncurl(bench: Bench, dataset: Path) -> Path:
    place = bench.place() / "dataset"
    run("git", "clone", "-q", dataset, place, cwd=bench.folder)
    run("git", "annex", "init", "-q", cwd=place)
    run(
        "git", "annex", "initremote", "uncurl", "--sameas=web", "type=external",
        "externaltype=uncurl", "encryption=none", cwd=place,
    )  # fmt: skip
    return place


def _getting(
    dataset: Path, files: list[Served], *command: str | Path
) -> Callable[[Path], Measured]:
    """Get all content, see that it is there, and drop it again."""
    count, size = len(files), sum(file.size for file in files)

    def get(place: Path) -> Measured:
        warm(place, size)
        took = timed(*command, cwd=dataset)
        here = run("git", "annex", "find", "--in=here", cwd=dataset).count("\n")
        if here != count:
            raise SystemExit(f"{' '.join(map(str, command))} got {here} of {count} files")
        run("git", "annex", "drop", "--force", "--quiet", ".", cwd=dataset)
        return took

    return get
