"""Manifests of other makers, from the command line to the dataset."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from tests.lab import sha256
from tests.portal import (
    content_of,
    datalad,
    described,
    entries,
    git,
    publish,
    summary,
    write_manifest,
)
from tests.running import run_datalad

if TYPE_CHECKING:
    from tests.lab import Lab

PATHS = ["sub/a.txt", "b.bin"]


def table(lab: Lab, header: str = "Where\tTarget\tsha256") -> str:
    rows = [
        f"{url}\t{path}\t{sha256(content_of(path))}" for path, url in publish(lab, PATHS).items()
    ]
    return "\n".join([header, *rows, ""])


def test_a_table_whose_columns_are_said(tmp_path: Path, lab: Lab) -> None:
    Path("m.tsv").write_text(table(lab))
    Path("pages.tsv").write_text(f"Target\tWhere\na.txt\t{lab.url}/\n")
    (record,) = datalad("download-manifest", "pages.tsv", "ds", code=1)
    assert "cannot tell which column" in record["message"]
    columns = ("--column", "path=Target", "--column", "url=Where")
    assert summary(datalad("download-manifest", *columns, "m.tsv", "ds")) == {"added": 2}
    git(tmp_path / "ds", "annex", "get", ".")
    for path in PATHS:
        assert (tmp_path / "ds" / path).read_bytes() == content_of(path)
    # what is recorded is a copy in our own form, which needs no columns
    assert "--column" not in git(tmp_path / "ds", "log", "-1", "--format=%B")


def test_what_is_said_of_a_tracked_manifest_is_recorded(tmp_path: Path, lab: Lab) -> None:
    datalad("create", "ds")
    dataset = tmp_path / "ds"
    (dataset / "m.tsv").write_text(table(lab))
    datalad("save", "-d", "ds", "--to-git")
    columns = ("--format", "csv", "--column", "path=Target", "--column", "url=Where")
    datalad("download-manifest", "-d", ".", *columns, "m.tsv", cwd=dataset)
    message = git(dataset, "log", "-1", "--format=%B")
    for option in ("--format=csv", "--column=path=Target", "--column=url=Where"):
        assert option in message
    first = git(dataset, "rev-parse", "HEAD^{tree}")
    datalad("rerun", cwd=dataset)
    assert git(dataset, "rev-parse", "HEAD^{tree}") == first


def test_metalink(tmp_path: Path, lab: Lab) -> None:
    bad, good = lab.put("gone", status=404), lab.put("a", content_of("a"))
    Path("m.meta4").write_text(
        '<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="a"><size>3000</size>'
        f'<hash type="sha-256">{sha256(content_of("a"))}</hash>'
        f'<url priority="2">{good}</url><url priority="1">{bad}</url></file>'
        f'<file name="../b"><url>{good}</url></file></metalink>'
    )
    records = datalad("download-manifest", "--get", "m.meta4", "ds", code=1)
    assert entries(records)["../b"] == "refused"
    assert (tmp_path / "ds/a").read_bytes() == content_of("a")
    assert [request.path for request in lab.requests][:1] == ["/gone"]


def test_an_unknown_format(lab: Lab) -> None:
    Path("m.tsv").write_text(table(lab))
    (record,) = datalad("download-manifest", "--format", "none", "m.tsv", "ds", code=1)
    assert "unknown format 'none'; known are " in record["message"]
    assert " aria2, " in record["message"]
    (record,) = datalad("download-manifest", "--column", "path", "m.tsv", "ds", code=1)
    assert "expected ROLE=NAME" in record["message"]
    assert not Path("ds").exists()


PLUGIN = """
from datalad_jsdl.manifest.record import Record

def sniff(head):
    return head.startswith("MYFORMAT")

def records(text, options):
    for number, line in enumerate("".join(text).splitlines()[1:], 2):
        path, url = line.split()
        yield Record(path, [url], f"line {number}")
"""


def test_another_packages_format(tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    info = site / "mine-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "mine.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[datalad_jsdl.formats]\nmine = mine\n")
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)
    url = lab.put("a", content_of("a"))
    Path("m.txt").write_text(f"MYFORMAT\na {url}\n")
    assert summary(datalad("download-manifest", "m.txt", "ds")) == {"added": 1}
    # the package's own faults are told of by its name, and what else there is can be read
    Path("m.txt").write_text(f"MYFORMAT\nb {url}\nc\n")
    (record,) = datalad("download-manifest", "m.txt", "ds", code=1)
    assert "the format mine of the package mine 1.0 failed (ValueError: " in record["message"]
    assert "after line 2" in record["message"]
    write_manifest("m.json", {"d": described("d", lab.put("d", content_of("d")))})
    for number, broken in enumerate(["missing", "mine:sniff", "mine:WRONG"]):
        (site / "mine.py").write_text(f"{PLUGIN}\nclass WRONG:\n    sniff = records = 5\n")
        (info / "entry_points.txt").write_text(f"[datalad_jsdl.formats]\nmine = {broken}\n")
        done = run_datalad("-f", "json", "download-manifest", "m.json", f"ds{number}")
        assert done.code == 0, done.stderr
        assert "the format mine of the package mine 1.0 failed" in done.stderr
        assert "was skipped" in done.stderr


@pytest.mark.parametrize(
    "place", ["", "def sniff(head):\n    ", "def records(text, options):\n    "]
)
def test_another_packages_format_that_exits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """At its import, while it looks at a document or while it reads one."""
    info = tmp_path / "mine-1.0.dist-info"
    info.mkdir()
    (tmp_path / "mine.py").write_text(f"{PLUGIN}\n{place}raise SystemExit('I leave')\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[datalad_jsdl.formats]\nmine = mine\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    Path("m.txt").write_text("MYFORMAT\n")
    (record,) = datalad("download-manifest", "--dry-run", "m.txt", "ds", code=1)
    write_manifest("m.json", {"d": {"urls": ["https://h.example/d"]}})
    done = run_datalad("download-manifest", "--dry-run", "m.json", "ds")
    assert done.code == 0, done.stderr
    said = "the format mine of the package mine 1.0 failed (SystemExit: I leave)"
    assert said in (record["message"] if "records" in place else done.stderr)


def test_read_folder_of_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "datalad_jsdl.commands.read_folder", tmp_path, "nowhere"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("error: no such file or folder: nowhere")


def test_the_package_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs/adding_a_portal.rst").read_text()
    section = page.partition("For another package\n")[2]
    blocks = re.findall(r"code-block:: \w+\n\n((?:   .*\n|\n)+)", section)
    project, module, test = map(dedent, blocks)
    (point,) = re.findall(r'^(\w+) = "(\w+)"$', project.partition("entry-points")[2], re.MULTILINE)
    info = tmp_path / "jsdl_lake-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: jsdl-lake\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[datalad_jsdl.formats]\n{' = '.join(point)}\n")
    (tmp_path / "jsdl_lake.py").write_text(module)
    (tmp_path / "test_lake.py").write_text(test)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_lake.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    (tmp_path / "lake.json").write_text('{"lakeFiles": [{"lakeName": "a", "href": "x"}]}')
    command = [sys.executable, "-m", "datalad_jsdl.commands.read_folder", "lake.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "lake.json: lake, 0 entries, 1 refusals" in done.stdout, done.stderr
