"""The files at the top of the project agree with it, and lead to what is there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path

import pytest
import yaml

from tests.conftest import run
from tools import release
from tools import run as first_run

ROOT = Path(__file__).parents[1]


def test_the_citation_is_of_this_version() -> None:
    text = (ROOT / "CITATION.cff").read_text()
    said = dict(re.findall(r"^([a-z-]+): (.+)$", text, re.MULTILINE))
    package = metadata("datalad-jsdl")
    assert said["title"] == package["Name"]
    assert said["version"] == package["Version"]
    assert said["license"] == package["License"]
    assert said["abstract"].rstrip(".") == package["Summary"]


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.glob("*.md")))
def test_no_link_is_dead(name: str) -> None:
    links = re.findall(r"\]\(([^)#]+)", (ROOT / name).read_text())
    inner = [link for link in links if "://" not in link]
    assert name != "README.md" or "docs/zip.rst" in inner
    assert [link for link in inner if not (ROOT / link).exists()] == []


def test_the_version_is_everywhere_the_same() -> None:
    found = release.versions(ROOT)
    assert {"setup.cfg", "CITATION.cff", "datalad_jsdl/browser/package.json"} < found.keys()
    assert set(found.values()) == {metadata("datalad-jsdl")["Version"]}


def test_a_release_has_its_version_and_its_changes(tmp_path: Path) -> None:
    for pattern in (*release.PLACES, "pyproject.toml", "CHANGELOG.md"):
        for file in ROOT.glob(pattern):
            copy = tmp_path / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
    (tmp_path / "changes").mkdir()
    (tmp_path / "changes" / "+zip.fixed.md").write_text("A zip of nothing is a zip.\n")
    before = (tmp_path / "CHANGELOG.md").read_text()
    command = [sys.executable, str(ROOT / "tools" / "release.py"), "9.8.7"]
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "-A"], cwd=tmp_path, check=True)
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert set(release.versions(tmp_path).values()) == {"9.8.7"}
    head, _, rest = before.partition("<!-- releases -->\n")
    after = (tmp_path / "CHANGELOG.md").read_text()
    assert after.startswith(head)
    assert after.endswith(rest.lstrip("\n"))
    (title, kind, change) = [line for line in after[len(head) : -len(rest)].split("\n") if line][1:]
    assert re.fullmatch(r"## 9\.8\.7 \(\d{4}-\d\d-\d\d\)", title)
    assert (kind, change) == ("### Fixed", "- A zip of nothing is a zip.")
    assert list(tmp_path.glob("changes/*")) == []


def test_the_first_run_says_what_it_does_and_how_long_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def incomplete(*args: object, **options: object) -> None:
        raise subprocess.CalledProcessError(1, "ensurepip")

    monkeypatch.setattr(first_run, "VENV", tmp_path / "venv")
    monkeypatch.setattr("venv.create", incomplete)  # the rest is downloads
    with pytest.raises(SystemExit, match="apt install python3-venv"):
        first_run.set_up()
    said = capsys.readouterr().out
    assert f"Setting up {tmp_path / 'venv'} once" in said
    assert "minutes and 1.5 GB of disk" in said
    assert "[1/3] an environment of Python" in said


def test_a_program_that_takes_long_is_told_of_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    until = (
        f"import pathlib, time\nwhile not pathlib.Path({str(told)!r}).exists(): time.sleep(0.01)"
    )

    def tell(text: str, **options: object) -> None:
        assert "still waiting (" in text
        told.touch()

    monkeypatch.setattr(first_run, "QUIET", 0.01)
    monkeypatch.setattr(first_run, "print", tell, raising=False)
    assert first_run.call(sys.executable, "-c", until, still="waiting") == 0


def test_changes_are_of_a_kind_that_is_known() -> None:
    config = (ROOT / "pyproject.toml").read_text()
    kinds = set(re.findall(r'directory = "(\w+)", name', config))
    found = [file for file in (ROOT / "changes").iterdir() if file.name != "README.md"]
    assert [file.name for file in found if file.suffixes[-2][1:] not in kinds] == []
    assert [file.name for file in found if not file.read_text().strip()] == []


@pytest.mark.parametrize("name", ["bug", "portal"])
def test_a_form_for_issues_is_one(name: str) -> None:
    form = yaml.safe_load((ROOT / f".github/ISSUE_TEMPLATE/{name}.yml").read_text())
    assert form.keys() == {"name", "description", "labels", "body"}
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields) > 3
    for field in fields:
        assert field["type"] in {"input", "textarea", "dropdown", "checkboxes"}
        assert field["attributes"]["label"]


def test_a_report_says_which_version_it_is_about() -> None:
    """What the form asks for is what the program prints."""
    text = (ROOT / ".github/ISSUE_TEMPLATE/bug.yml").read_text()
    (command,) = re.findall(r"`datalad (wtf [^`]+)`", text)
    assert "jsdl" in run("datalad", *command.split())
