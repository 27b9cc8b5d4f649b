"""The public surface."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from datalad_jsdl import api
from tests.lab import Lab
from tests.portal import content_of, datalad, described, write_manifest

PAGE = Path(__file__).parents[1] / "docs/from_python.rst"


def test_the_names_are_these() -> None:
    """Whoever adds one, or takes one away, means to."""
    assert sorted(api.__all__) == api.__all__ == [
        "Access", "Archive", "ArchiveError", "Availability", "Candidate", "Content",
        "ContentOptions", "DatasetArchive", "DatasetError", "Engine", "Engines", "Entry",
        "Expected", "Failed", "Failure", "FaultKind", "FetchError", "Fetched", "Filter", "Folders",
        "ImportOptions", "Job", "JsdlError", "Kind", "LookAhead", "ManifestContents",
        "ManifestError", "MirrorsOnly", "NothingThereError", "Operation", "Prepared", "Refusal",
        "Repository", "Row", "SettingError", "Unprepared", "Verified", "check_import",
        "dataset_archive", "fetch_all", "fetch_file", "find_availability", "get_content",
        "import_manifest", "in_words", "listed_contents", "manifest_contents", "open_engine",
        "prepare", "read_manifest",
    ]  # fmt: skip
    assert all(hasattr(api, name) for name in api.__all__)


@pytest.mark.parametrize("name", api.__all__)
def test_the_page_has_them_all(name: str) -> None:
    assert re.search(rf"\b{name}\b", PAGE.read_text())


def test_the_page_runs(lab: Lab, other_lab: Lab) -> None:
    """Whichever mirror is down."""
    program = program_of_page(0)
    paths = [f"sub-0{n}/anat.nii.gz" for n in range(3)]
    outside = "../x"
    members = {
        path: described(path, other_lab.put(path, status=503), lab.put(path, content_of(path)))
        for path in paths
    }
    write_manifest("study.json", {**members, outside: members[paths[0]]})
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert Path("first.nii.gz").read_bytes() == content_of(paths[0])
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"left out: {outside} ")
    assert lines[1] == "3000 bytes, verified"
    assert re.fullmatch(r"2000 of \d+ bytes, verified by: the content's digest", lines[2])


def program_of_page(number: int) -> str:
    found = re.findall(r"code-block:: python\n\n(.*?)\n\S", PAGE.read_text(), re.DOTALL)
    program = "\n".join(line[3:] for line in found[number].rstrip().splitlines())
    assert len([line for line in program.splitlines() if line.strip()]) <= 25
    return program


def test_the_page_downloads_a_folder(lab: Lab) -> None:
    """From a URL, with a relative URL, inline content, a time, an executable and a failure."""
    lab.put("data/a", content_of("a"))
    made = datetime(2024, 5, 1, 12, tzinfo=timezone.utc)
    members = {
        "sub/a": described("a", "a", mtime=made.isoformat().replace("+00:00", "Z")),
        "run.sh": {"urls": ["data:,echo%20hi"], "executable": True},
        "gone": described("gone", lab.put("gone", status=404)),
    }
    url = lab.put("data/study.json", json.dumps(members).encode())
    program = program_of_page(1).replace("https://data.example.org/study.json", url)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert Path("study/sub/a").read_bytes() == content_of("a")
    assert Path("study/sub/a").stat().st_mtime == made.timestamp()
    assert subprocess.run(["study/run.sh"], shell=True, capture_output=True).stdout == b"hi\n"
    assert not Path("study/gone").exists()
    assert re.search(r"of 3 gone\n  failed: .*404", done.stdout), done.stdout


def test_the_page_calls_datalad(lab: Lab) -> None:
    members = {
        "a": described("a", lab.put("a", content_of("a"))),
        "gone": described("gone", lab.put("gone", status=404)),
    }
    write_manifest("study.json", members)
    done = subprocess.run(
        [sys.executable, "-c", program_of_page(2)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert Path(line.split()[0]).name == "gone"
    assert "404" in line
    assert Path("study/a").read_bytes() == content_of("a")


def lines_of(*entries: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(entry)}\n" for entry in entries)


MANIFESTS: dict[str, Callable[[dict[str, Any], dict[str, Any]], str]] = {
    "as it should be": lambda x, y: json.dumps({"a": x, "b": y}),
    "one content with two times": lambda x, y: json.dumps(
        {
            "a": {**x, "mtime": "2020-01-01T00:00:00Z"},
            "b": {**x, "mtime": "2022-01-01T00:00:00Z"},
            "s//c": x,
        }
    ),
    "a path twice": lambda x, y: lines_of({"path": "a", **x}, {"path": "a", **y}),
    "a file and a folder of one name": lambda x, y: json.dumps({"a": x, "a/b": y}),
    "a path within a subdataset": lambda x, y: json.dumps({"s//a": x, "s/b": y, "c": y}),
    "nothing outside": lambda x, y: json.dumps({"../a": x, "b": y}),
}


@pytest.mark.parametrize("which", MANIFESTS)
def test_a_manifests_archive_is_that_of_the_command(which: str, lab: Lab) -> None:
    x, y = (described(name, lab.put(name, content_of(name))) for name in "xy")
    manifest = Path("m.json")
    manifest.write_text(MANIFESTS[which](x, y))
    code = 0 if which in ("as it should be", "one content with two times") else 1
    records = datalad("export-archive", "-t", "zip", "--manifest", manifest, "study.zip", code=code)
    with manifest.open("rb") as stream:
        found = api.manifest_contents(api.read_manifest(stream), "study")
    with api.open_engine(None) as engine:
        archive = api.Archive(found.contents, api.MirrorsOnly(engine))
        assert b"".join(archive.range()) == Path("study.zip").read_bytes()
    refused = [record["entry"] for record in records if record["status"] == "error"]
    assert [refusal.path for refusal in found.selection.refusals] == refused
    assert len(refused) == code
