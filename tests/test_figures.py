"""The figures, tables and pictures of the documentation are those of the recorded numbers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DRAWN = DOCS / "figures"
_LARGEST = 150_000  # bytes of a picture


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool; it needs the extra ``benchmarks``."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("rich")
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import figures

    return figures


def drawn_by(svg: str) -> str:
    """The version of matplotlib, as it says itself."""
    found = re.search(r"Matplotlib v([\w.]+)", svg)
    return found[1] if found else ""


def texts(svg: str) -> list[str]:
    """All words of a drawing, such as the numbers of its bars."""
    words = (element.itertext() for element in ElementTree.fromstring(svg).iter())
    return sorted("".join(word).strip() for word in words)


def test_all_is_what_the_recorded_numbers_give(figures: ModuleType, tmp_path: Path) -> None:
    import matplotlib as mpl

    for figure in figures.FIGURES:
        figures.draw(figure, tmp_path)
    figures.draw_terminal(tmp_path)
    figures.write_page(tmp_path / "faults.rst", figures.figure_data.read("faults").data)
    assert (tmp_path / "faults.rst").read_text() == (DOCS / "faults.rst").read_text()
    (tmp_path / "faults.rst").unlink()
    assert len(list(tmp_path.iterdir())) == 2 * len(figures.FIGURES)
    for made in tmp_path.iterdir():
        committed, text = (DRAWN / made.name).read_text(), made.read_text()
        if made.suffix == ".svg" and drawn_by(committed) != mpl.__version__:
            assert texts(text) == texts(committed), made.name
        else:
            assert text == committed, made.name


def test_each_stands_on_a_page_and_there_is_no_other(figures: ModuleType) -> None:
    pages = "".join(page.read_text() for page in DOCS.glob("*.rst"))
    used = set(re.findall(r"(?:include|figure):: figures/(\S+)", pages))
    names = {figure.name for figure in figures.FIGURES}
    pictures = {"terminal.svg", "portal_light.png", "portal_dark.png", "portal_phone.png"}
    assert used == {f"{name}.inc" for name in names} | pictures
    there = {file.name for file in DRAWN.iterdir() if file.is_file()}
    with_drawing = {figure.name for figure in figures.FIGURES if figure.draw}
    assert there == used | {f"{name}.svg" for name in with_drawing}
    recorded = {file.stem for file in (DRAWN / "recorded").iterdir()}
    assert recorded == names | {"terminal"}


def test_pictures_are_small() -> None:
    pictures = list(DRAWN.glob("*.png"))
    assert len(pictures) == 3
    for picture in pictures:
        assert picture.stat().st_size < _LARGEST, picture.name


@pytest.mark.slow
def test_other_programs_still_do_what_the_page_says(
    figures: ModuleType, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import comparison

    known, now = figures.figure_data.read("comparison").data, comparison.measured()
    assert {"ours", "datalad", "git archive", "Python zipfile"} <= set(now["zips"])
    for what in ("zips", "logins"):
        assert now[what].items() <= known[what].items()
    assert now["zips"]["ours"] == {"same": True, "content": True}
    assert now["logins"]["jsdl"] == {"fetched": True, "passed on": False}


def test_a_program_that_was_not_installed_has_no_column(
    figures: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (figure,) = (figure for figure in figures.FIGURES if figure.name == "faults")
    recorded = json.loads((figures.figure_data.RECORDED / "faults.json").read_text())
    recorded["versions"]["curl"] = ""
    for cells in recorded["cells"].values():
        del cells["curl"]
    (tmp_path / "faults.json").write_text(json.dumps(recorded))
    monkeypatch.setattr(figures.figure_data, "RECORDED", tmp_path)
    figures.draw(figure, tmp_path)
    words = texts((tmp_path / "faults.svg").read_text())
    assert recorded["peers"]["wget"] in words
    assert recorded["peers"]["curl"] not in words


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reading", "connections", "failover"])
def test_benchmarks_record_what_figures_draw(
    figures: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    program: Callable[[str], str],
    name: str,
) -> None:
    program("nginx")
    if name == "connections" and os.geteuid():
        pytest.skip("network namespaces need root")
    (figure,) = (figure for figure in figures.FIGURES if figure.name == name)
    small = ["--scale", "0.05", "--runs", "1", "--folder", str(tmp_path)]
    target = tmp_path / f"{name}.json"
    command = [sys.executable, *figure.command, *small, "--json", str(target)]
    subprocess.run(command, cwd=ROOT, check=True)
    monkeypatch.setattr(figures.figure_data, "RECORDED", tmp_path)
    figures.draw(figure, tmp_path)
    words = texts((tmp_path / f"{name}.svg").read_text())
    shown = {"reading": "CSV", "connections": "HTTP/2, 1% loss", "failover": "it dies"}
    assert shown[name] in words
    if name == "failover":
        (note,) = figures.figure_data.read(name).notes("m")
        assert note["size"] <= note["served"] < 1.5 * note["size"]
        after = int(note["died"] / note["step"]) + 1
        first, second = (sum(rates[after:]) for rates in note["rates"])
        assert first == 0 < second
