"""Every command on the pages about orders works, and their tables are those of the code."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from datalad_jsdl.operations.availability import Access
from datalad_jsdl.orders import model
from datalad_jsdl.orders.jobs.model import JobState
from datalad_jsdl.orders.store.tables import metadata
from tests.lab import Lab
from tests.portal import datalad, described, git, publish, write_manifest
from tests.test_docs import PORTAL, ROOT, indented, shell

_ID = "Yg3k"  # of the first order of the page
_PARTICIPANTS = b"participant_id\tage\tsex\nsub-01\t31\tF\nsub-02\t25\tM\nsub-03\t44\tF\n"


@pytest.fixture
def bids(lab: Lab) -> Lab:
    """A portal with three subjects; the third one's image is not for everybody."""
    images = [f"sub-0{n}/anat/sub-0{n}_T1w.nii.gz" for n in (1, 2, 3)]
    paths = [*images, "sub-02/func/sub-02_bold.nii.gz"]
    members = {path: described(path, url) for path, url in publish(lab, paths).items()}
    terms = {"kind": "terms", "url": "https://portal.example/terms", "text": "Accept the terms"}
    members[images[2]]["access"] = terms
    table = lab.put("participants.tsv", _PARTICIPANTS)
    members["participants.tsv"] = {"urls": [table], "size": len(_PARTICIPANTS)}
    lab.put("study.json", write_manifest("m.json", members).read_bytes())
    return lab


@pytest.fixture
def study(tmp_path: Path, bids: Lab) -> Path:
    dataset = tmp_path / "study"
    datalad("download-manifest", f"{bids.url}/study.json", dataset)
    git(dataset, "tag", "v1.0")
    git(dataset, "annex", "metadata", "sub-02/func", "-s", "quality=good")
    return dataset


@pytest.mark.slow
def test_the_page_on_orders(tmp_path: Path, study: Path, bids: Lab) -> None:
    """From top to bottom, but for what is done elsewhere."""
    commands = [c.replace(PORTAL, bids.url) for c in indented("orders.rst")]
    assert len(commands) == 37
    assert all(command.startswith("datalad ") for command in commands)
    first, rest = commands[:5], commands[5:]
    shell("\n".join(first), study)
    assert names(tmp_path / "visit1.zip") == ["visit1/sub-01/anat/sub-01_T1w.nii.gz"]
    first_written = (tmp_path / "visit1.zip").read_bytes()
    (order,) = (r["order"] for r in datalad("download-order", "list", cwd=study))
    elsewhere = [c for c in rest if " --store " in c]
    there = next(c for c in rest if "export-archive" in c)
    here = [c.replace(_ID, order[:6]) for c in rest if c not in (*elsewhere, there)]
    shell("\n".join(here), study)
    assert "sub-02/func/sub-02_bold.nii.gz" in added(here, study)
    written = (tmp_path / "visit1.zip").read_bytes()
    assert written == first_written
    shell("sha256sum -c visit1.zip.sha256", tmp_path)
    (tmp_path / "there").mkdir()
    shell(f"cp ../visit1.json .\n{there}", tmp_path / "there")
    assert (tmp_path / "there/visit1.zip").read_bytes() == written
    datalad("download-manifest", f"{bids.url}/study.json", tmp_path / "other")
    store = f"sqlite:///{tmp_path}/orders.sqlite"
    shell(
        "\n".join(elsewhere)
        .replace("sqlite:////data/orders.sqlite", store)
        .replace("/data/study", "study"),
        tmp_path,
    )
    folders = {name.split("/")[1] for name in names(tmp_path / "both.zip")}
    assert folders == {"study", "other"}


def names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        return opened.namelist()


def added(commands: list[str], dataset: Path) -> set[str]:
    """What the condition on metadata alone puts on the list."""
    (command,) = (c for c in commands if "--metadata" in c)
    datalad("download-list", "clear", cwd=dataset)
    shell(command, dataset)
    records = datalad("download-list", "show", cwd=dataset)
    return {r["entry"] for r in records if r["type"] == "file"}


@pytest.mark.slow
def test_what_the_page_on_orders_says_of_a_lost_file(study: Path, bids: Lab) -> None:
    datalad("download-list", "add", "-r", ".", cwd=study)
    datalad("download-order", "create", cwd=study)
    lost = bids.files["/sub-01/anat/sub-01_T1w.nii.gz"]
    lost.status = 404
    (failed,) = datalad("download-order", "export", cwd=study, code=1)
    text = " ".join((ROOT / "docs/orders.rst").read_text().split())
    for said in failed["message"].split("; "):
        said = re.sub(r"[\d.]+ \w+ (?=of the archive)", "…", said)
        plain = re.sub(r"\S*/\S*|[\w-]{24}|sub-\S+|HTTP status .*|the server says.*", "…", said)
        for part in plain.split("…"):
            assert part.strip(" :.") in text
    *files, whole = datalad("download-order", "show", cwd=study)
    (gone,) = (r for r in files if "since" in r)
    assert (gone["access"], gone["entry"]) == ("gone", "sub-01/anat/sub-01_T1w.nii.gz")
    assert whole["unavailable"] == 1
    lost.status = 200
    datalad("download-order", "export", cwd=study)
    assert not any("since" in r for r in datalad("download-order", "show", cwd=study))


def test_the_tables_of_the_data_model_are_those_of_the_code() -> None:
    """They stand in the page itself, which is also read without being rendered."""
    text = (ROOT / "docs/data_model.rst").read_text()
    rows = re.findall(r"   \* - ``(\w+)``\n     - (.*)\n     - (.*)\n     - .", text)
    assert rows == [
        (
            table.name,
            ", ".join(f"``{c.name}``" for c in table.primary_key),
            ", ".join(f"``{c.name}``" for c in table.columns if not c.primary_key),
        )
        for table in metadata.tables.values()
    ]
    values = set(re.findall(r"autoclass:: datalad_jsdl\.orders\.model\.(\w+)", text))
    assert values == set(model.__all__) - {"BLOCKED"}
    states = re.search(r"``queued`` → .*``cancelled``", text)
    assert states
    assert re.findall(r"``(\w+)``", states[0]) == [state.value for state in JobState]


def test_the_page_on_orders_knows_all_that_may_stand_in_the_way() -> None:
    text = (ROOT / "docs/orders.rst").read_text()
    assert re.findall(r"``(\w+)``", text.partition("``access`` is one of")[2])[: len(Access)] == [
        access.value for access in Access
    ]
