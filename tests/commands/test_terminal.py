"""Commands on a terminal, recorded: what a person sees of them from the first second to the last.

With ``JSDL_SCREENSHOTS`` the recordings are kept in its folder ``terminal``, for people to read.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab, refused_url, sha256
from tests.portal import content_of, datalad, git, write_manifest
from tests.read_only import small_disk
from tests.terminal import Recording, Sample, Terminal

pytestmark = pytest.mark.slow

SMALL, LARGE = 200_000, 3_000_000
RATE = 150_000  # bytes per second of a connection
WIDTHS = [40, 80, 200]
_UNITS = {"byte": 1, "bytes": 1, "MB": 10**6, "GB": 10**9}
_AMOUNT = re.compile(r"([\d.]+)(?: (bytes|MB))? of ([\d.]+) (bytes|MB)")


def member(lab: Lab, path: str, size: int, *urls: str, **faults: Any) -> dict[str, Any]:
    content = content_of(path, size)
    own = lab.put(path, content, **faults)
    return {"urls": [own, *urls], "size": size, "digests": {"sha256": sha256(content)}}


def study(lab: Lab, other: Lab, rate: int = RATE) -> dict[str, Any]:
    """A dozen files at two slow mirrors, one of them large."""
    sizes = {f"sub-{n:02}/anat.nii.gz": SMALL for n in range(12)} | {"sub-99/bold.nii.gz": LARGE}
    return {
        path: member(
            lab, path, size, other.put(path, content_of(path, size), rate=rate // 2), rate=rate
        )
        for path, size in sizes.items()
    }


@pytest.fixture
def shell(tmp_path: Path, program: Callable[[str], str]) -> Iterator[Callable[..., Terminal]]:
    """Opens terminals, and closes them in the end."""
    opened: list[Terminal] = []

    def open_one(columns: int, **environment: str) -> Terminal:
        terminal = Terminal(program("tmux"), columns, tmp_path, **environment)
        opened.append(terminal.__enter__())
        return terminal

    yield open_one
    for terminal in opened:
        terminal.__exit__(None, None, None)


def ctrl_c_at(percent: int) -> Callable[[Sample], str]:
    """Presses Ctrl-C once a bar is so far."""
    pressed: list[str] = []

    def press(sample: Sample) -> str:
        far = [int(p) for line in sample.lines[1:] for p in re.findall(r"(\d+) ?%", line)]
        if pressed or not far or far[-1] < percent:
            return ""
        pressed.append("C-c")
        return "C-c"

    return press


def amounts(bar: str) -> tuple[int | None, float | None, int | None]:
    """Percent, bytes and files that a bar tells."""
    percent = re.search(r"(\d+) %", bar)
    have = _AMOUNT.search(bar)
    files = re.search(r"(\d+) of \d+ files?", bar)
    size = float(have[1]) * _UNITS[have[2] or have[4]] if have else None
    return int(percent[1]) if percent else None, size, int(files[1]) if files else None


def seconds_left(bar: str) -> float | None:
    found = re.search(r"(?:(\d+) h )?(\d+) (s|min|h|d) left", bar)
    if found is None:
        return None
    return int(found[2]) * {"s": 1, "min": 60, "h": 3600, "d": 86400}[found[3]]


def check(recording: Recording, *, whole: bool = True) -> list[str]:
    """What has to hold of every recording; returns its bars.

    Args:
        recording: of a command.
        whole: the bar has to come to its end.
    """
    bars = list(recording.bars())
    texts = [text for _, text in bars]
    assert all(len(text) < recording.columns for text in texts), texts
    for column in zip(*map(amounts, texts), strict=True):
        known = [value for value in column if value is not None]
        assert known == sorted(known), texts
    end = recording.samples[-1].seconds
    for second, text in bars:
        left = seconds_left(text)
        if left is not None and second - bars[0][0] > 10:
            # the time is rounded to a whole second, and the end to the next look
            assert left <= 10 * (end - second + 1), (second, end, text)
    if whole and bars:
        frames = recording.frames()
        assert amounts(frames[-1])[0] == 100, frames[-3:]
    after = "\n".join(recording.samples[-1].lines)
    assert not re.search(r"[█░]|\d %|\[#|\^C|\d left", after), after
    assert "magic" not in after
    assert "Traceback" not in after
    return texts


def starts_at(bars: list[str]) -> int:
    """Percent of the first bar."""
    return amounts(bars[0])[0] or 0


CAME = r"(?:5\.4 MB|[\d.]+ (?:MB|bytes) kept, [\d.]+ (?:MB|bytes))"
SUM = rf"13 files, {CAME} in [\d.]+ s \([\d.]+ [kM]B/s\), all verified"


def one_line(recording: Recording) -> str:
    return " ".join(recording.said)


@pytest.mark.parametrize("columns", WIDTHS)
def test_an_import_that_is_interrupted_and_continued(
    lab: Lab, other_lab: Lab, shell: Callable[..., Terminal], columns: int
) -> None:
    write_manifest("study.json", study(lab, other_lab))
    terminal = shell(columns)
    command = "datalad download-manifest --get study.json"
    first = terminal.run(command, "import-interrupted", ctrl_c_at(40))
    check(first, whole=False)
    assert first.code == 3
    assert any(line == "making the dataset" for sample in first.samples for line in sample.lines)
    (kept,) = re.findall(
        r"^Interrupted\. (\d\.\d) MB kept; run the same command to continue\.$",
        first.said[-1], re.M,
    )  # fmt: skip
    second = terminal.run(command, "import-continued")
    bars = check(second)
    assert second.code == 0
    assert starts_at(bars) >= int(100 * (float(kept) - 0.1) / 5.4)
    assert re.search(rf"study: 13 unchanged; {SUM}$", one_line(second))
    if columns == 200:
        assert any("MB/s" in bar and "127.0.0.1:" in bar for bar in bars)  # the mirror in use


@pytest.mark.parametrize("columns", [40, 200])
def test_an_archive_that_is_interrupted_and_continued(
    lab: Lab, other_lab: Lab, shell: Callable[..., Terminal], columns: int
) -> None:
    datalad("download-manifest", write_manifest("m.json", study(lab, other_lab)), "study")
    terminal = shell(columns)
    command = "datalad export-archive -d study study.zip"
    first = terminal.run(command, "archive-interrupted", ctrl_c_at(40))
    check(first, whole=False)
    assert first.code == 3
    assert re.match(r"Interrupted\. \d\.\d MB kept; run the same", first.said[-1])
    second = terminal.run(command, "archive-continued")
    bars = check(second)
    assert second.code == 0
    assert starts_at(bars) > 10
    assert re.search(rf"study\.zip: {SUM}$", one_line(second))


@pytest.mark.parametrize("columns", [80, 300])
def test_all_content_of_a_dataset(
    lab: Lab, other_lab: Lab, shell: Callable[..., Terminal], columns: int
) -> None:
    datalad("download-manifest", write_manifest("m.json", study(lab, other_lab)), "study")
    terminal = shell(columns)
    command = "datalad download-content -d study"
    first = terminal.run(command, "content-interrupted", ctrl_c_at(30))
    check(first, whole=False)
    assert first.said[-1].startswith("Interrupted. ")
    second = terminal.run(command, "content-continued")
    bars = check(second)
    assert starts_at(bars) >= 25
    assert re.search(r"study: \d+ files, .* all verified$", one_line(second))


def test_an_order(lab: Lab, other_lab: Lab, shell: Callable[..., Terminal]) -> None:
    datalad("download-manifest", write_manifest("m.json", study(lab, other_lab)), "study")
    datalad("download-list", "add", "-d", "study", "-r", "study")
    datalad("download-order", "create", "-d", "study", "--name", "v1")
    terminal = shell(120)
    command = "datalad download-order prepare -d study"
    first = terminal.run(command, "order-interrupted", ctrl_c_at(50))
    check(first, whole=False)
    assert first.said[-1] == "Interrupted. Run the same command to continue."
    second = terminal.run(command, "order-continued")
    bars = check(second)
    assert starts_at(bars) > 10
    assert second.said[-1].startswith("prepared 13 files")
    third = terminal.run("datalad download-order export -d study v1.zip", "order-exported")
    check(third)
    assert "all files verified" in one_line(third)


@pytest.mark.parametrize("term", [{"LC_ALL": "C"}, {"LANG": "C", "LC_ALL": ""}, {"NO_COLOR": "1"}])
def test_a_plain_terminal(
    lab: Lab, other_lab: Lab, shell: Callable[..., Terminal], term: dict[str, str]
) -> None:
    datalad("download-manifest", write_manifest("m.json", study(lab, other_lab)), "study")
    bars = check(shell(100, **term).run("datalad download-content -d study", "plain"))
    assert any("█" in bar for bar in bars) is ("NO_COLOR" in term)
    assert any("[##" in bar for bar in bars) is ("NO_COLOR" not in term)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("dumb", "TERM=dumb datalad download-content -d study"),
        ("pipe", "datalad download-content -d study 2>&1 | cat"),
        ("json", "datalad -f json download-content -d study 2>/dev/null"),
    ],
)
def test_where_no_bar_can_be(
    lab: Lab, other_lab: Lab, shell: Callable[..., Terminal], name: str, command: str
) -> None:
    members = study(lab, other_lab, RATE * 4)
    datalad("download-manifest", write_manifest("m.json", members), "study")
    recording = shell(200).run(command, name)
    assert list(recording.bars()) == []
    if name == "json":
        assert all(re.fullmatch(r"\{.*\}", line) for line in recording.said)
    else:
        assert re.search(SUM, one_line(recording))


def test_a_log_has_a_line_every_half_minute(
    lab: Lab, other_lab: Lab, shell: Callable[..., Terminal]
) -> None:
    members = {"f": member(lab, "f", LARGE, rate=LARGE // 45, ranges=False)}
    datalad("download-manifest", write_manifest("m.json", members), "study")
    said = shell(200).run("datalad download-content -d study 2>&1 | cat", "log").said
    (line,) = [line for line in said if "downloading: " in line]
    facts = r" \d+ %, \d\.\d of 3\.0 MB, 0 of 1 file, [\d.]+ kB/s, \d+ (s|min) left, from 127"
    assert re.search(facts, line)


def test_get_with_the_special_remote(
    lab: Lab, other_lab: Lab, shell: Callable[..., Terminal]
) -> None:
    members = {"f": member(lab, "f", LARGE, rate=LARGE // 5)}
    datalad("download-manifest", write_manifest("m.json", members), "study")
    terminal = shell(80)
    terminal.run("git -C study annex get f", "annex-interrupted", ctrl_c_at(40))
    second = terminal.run("git -C study annex get f", "annex-continued")
    far = [int(found) for frame in second.frames() for found in re.findall(r"^(\d+)% ", frame)]
    assert far == sorted(far)
    assert far[0] >= 35  # what was there is counted
    assert far[-1] == 100
    git(Path("study"), "annex", "drop", "-q", "--force", "f")
    third = terminal.run("datalad get -d study study/f", "get")
    assert third.code == 0
    assert third.said[-1].startswith("get(ok): ")
    after = "\n".join(third.samples[-1].lines)
    assert not re.search(r"[█░]|\d%", after), after


def test_a_dead_mirror(lab: Lab, shell: Callable[..., Terminal]) -> None:
    dead = refused_url("")
    members = {f"f{n}": member(lab, f"f{n}", SMALL, f"{dead}{n}", rate=RATE) for n in range(4)}
    write_manifest("m.json", members)
    recording = shell(80).run("datalad download-manifest --get m.json study", "dead-mirror")
    check(recording)
    assert recording.code == 0
    assert "error" not in one_line(recording)
    write_manifest("m.json", {p: m | {"urls": m["urls"][1:]} for p, m in members.items()})
    recording = shell(100).run("datalad download-manifest --get m.json none", "all-dead")
    check(recording, whole=False)
    (error,) = [line for line in recording.said if line.startswith("error: ")]
    assert error.startswith("error: 4 files: could not be downloaded: 127.0.0.1:")


def test_a_login(lab: Lab, shell: Callable[..., Terminal]) -> None:
    secret = "planted-secret-7"
    wants = {"wants": ("Authorization", f"Bearer {secret}"), "challenge": "Bearer"}
    members = {f"f{n:02}": member(lab, f"f{n:02}", SMALL, **wants) for n in range(40)}
    datalad("download-manifest", write_manifest("m.json", members), "study")
    terminal = shell(80, PYTHON_KEYRING_BACKEND="keyrings.alt.file.PlaintextKeyring")
    recording = terminal.run("datalad download-content -d study", "login-wanted")
    check(recording, whole=False)
    (error,) = [line for line in recording.said if line.startswith("error: 40 files")]
    assert "HTTP status 401" in error
    advice = recording.said[-1].strip()
    assert re.fullmatch(rf"datalad jsdl-login {lab.url}/f\d\d", advice)
    typed: list[str] = []

    def answer(sample: Sample) -> str:
        if typed or not (sample.lines and re.search(r"[Tt]oken.*:$", sample.lines[-1])):
            return ""
        typed.append(secret)
        return f"{secret} Enter"

    login = terminal.run(advice, "login", answer)
    assert login.code == 0, login.said
    assert not any(secret in line for sample in login.samples for line in sample.lines)
    again = terminal.run("datalad download-content -d study", "login-given")
    check(again)
    assert again.code == 0
    assert "40 files, 8.0 MB in " in one_line(again)


def test_a_private_address(lab: Lab, tmp_path: Path, shell: Callable[..., Terminal]) -> None:
    members = {f"f{n:02}": member(lab, f"f{n:02}", SMALL, refused_url("x")) for n in range(9)}
    datalad("download-manifest", write_manifest("m.json", members), "study")
    home = tmp_path / "home"  # of somebody who has allowed nothing
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\nname = N\nemail = n@example.org\n")
    command = "datalad download-content -d study"
    recording = shell(80, HOME=str(home)).run(command, "private")
    check(recording, whole=False)
    (error,) = [line for line in recording.said if "127.0.0.1 is not a public" in line]
    assert error.count("to allow it, run in the dataset: ") == 1
    assert error.startswith("error: 9 files: ")


def test_a_full_disk(lab: Lab, tmp_path: Path, shell: Callable[..., Terminal]) -> None:
    paths = [f"f{n:02}" for n in range(40)]
    members = {path: member(lab, path, SMALL) for path in paths}
    for given in members.values():
        del given["size"]  # else it is told before
    write_manifest("m.json", members)
    one = member(lab, "one", 9_000_000)
    del one["size"]
    write_manifest("one.json", {"one": one})
    terminal = shell(80)
    with small_disk(tmp_path / "disk", "8m"):
        datalad("download-manifest", "m.json", "disk/study")
        git(tmp_path / "disk/study", "config", "annex.diskreserve", "0")
        recording = terminal.run("datalad download-content -d disk/study", "full-disk")
        check(recording, whole=False)
        errors = [line for line in recording.said if line.startswith("error: ")]
        assert len(errors) <= 4, errors
        full = [line for line in errors if "the disk is full; free some space and run the" in line]
        numbers = [re.search(r"error: (\d+) files?: ", line) for line in full]
        assert sum(int(found[1]) if found else 1 for found in numbers) >= len(paths), full
        assert "SHA256E" not in one_line(recording)
        subprocess.run(["mount", "-o", "remount,size=99m", tmp_path / "disk"], check=True)
        # as it says
        again = terminal.run("datalad download-content -d disk/study", "full-disk-again")
        assert again.code == 0
        assert "all verified" in one_line(again)
    with small_disk(tmp_path / "other", "8m"):
        datalad("download-manifest", "one.json", "other/study")
        git(tmp_path / "other/study", "config", "annex.diskreserve", "0")
        recording = terminal.run("datalad download-content -d other/study", "full-disk-one")
        assert recording.said[-1] == (
            "error: one: could not be downloaded: the disk is full; free some space and run the "
            "same command again"
        )
