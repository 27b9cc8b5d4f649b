"""A picture of a terminal: the three steps from a manifest to a zip."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import figure_data
from fault_peers import GIT_CONFIG
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests.lab import Lab, sha256
from tests.portal import content_of
from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["draw_terminal", "record_terminal"]

_COLUMNS = 96
_PORTAL = "https://portal.example"
_STEPS = (
    "datalad download-manifest {portal}/study.json",
    "cd study",
    "datalad export-archive --checksum-file ../study.zip",
    "(cd .. && sha256sum -c study.zip.sha256)",
)
_SUBJECTS = 8
_SIZE = 3_000_000  # bytes of a file
_EXTENSION = """\
[datalad "extensions"]
    load = jsdl
"""
_THEME = TerminalTheme(
    (30, 33, 39),
    (214, 217, 222),
    [(30, 33, 39), (224, 108, 117), (126, 200, 140), (229, 192, 123),
     (97, 175, 239), (198, 120, 221), (86, 182, 194), (214, 217, 222)],
)  # fmt: skip
#: rich's own loads a font from the network, which a page of documentation must not
_FORMAT = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def record_terminal(target: Path) -> None:
    """Take the steps in a terminal, and record what it shows, as JSON.

    The portal is a server of this machine; its address and the folder are replaced.

    Raises:
        SystemExit: tmux is not installed, or a step failed.
    """
    tmux = shutil.which("tmux")
    if tmux is None:
        raise SystemExit("tmux is not installed; on Debian: apt-get install tmux")
    with tempfile.TemporaryDirectory() as made, Lab() as portal:
        home = Path(made)
        (home / ".gitconfig").write_text(GIT_CONFIG + _EXTENSION)
        (home / "study.json").write_bytes(_published(portal))
        portal.put("study.json", (home / "study.json").read_bytes())
        (home / "work").mkdir()
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        with Terminal(
            tmux, _COLUMNS, home / "work", HOME=str(home), PATH=path, LANG="C.UTF-8"
        ) as terminal:
            names = {portal.url: _PORTAL, str(home / "work"): "/home/me"}
            steps = list(_taken(terminal, portal.url, names))
        for place, _, _ in os.walk(home):
            os.chmod(place, 0o700)  # the annex write-protects its folders
    target.write_text(json.dumps({"steps": steps}, indent=1) + "\n")


def _published(portal: Lab) -> bytes:
    """The manifest of made-up files that the portal has."""
    members: dict[str, Any] = {}
    for number in range(1, _SUBJECTS + 1):
        path = f"sub-{number:02}/anat/sub-{number:02}_T1w.nii.gz"
        content = content_of(path, _SIZE)
        members[path] = {
            "urls": [portal.put(path, content)],
            "size": _SIZE,
            "digests": {"sha256": sha256(content)},
        }
    return json.dumps(members).encode()


def _taken(terminal: Terminal, url: str, names: dict[str, str]) -> Iterator[dict[str, Any]]:
    for step in _STEPS:
        done = terminal.run(step.format(portal=url))
        if done.code:
            raise SystemExit(f"{step} failed:\n" + "\n".join(done.said))
        said = "\n".join(done.said)
        for own, shown in names.items():
            said = said.replace(own, shown)
        yield {"command": step.format(portal=_PORTAL), "said": said.splitlines()}


def draw_terminal(folder: Path) -> None:
    """Draw what was recorded."""
    recorded = json.loads((figure_data.RECORDED / "terminal.json").read_text("utf-8"))
    with open(os.devnull, "w") as nowhere:
        console = Console(record=True, width=_COLUMNS, file=nowhere, force_terminal=True)
        for step in recorded["steps"]:
            console.print(Text("$ ", style="green") + Text(step["command"], style="bold"))
            for line in step["said"]:
                console.print(Text(line))
        console.print()  # else the last line is cut where the font is another one
        drawn = console.export_svg(
            title="Three steps to a verified zip", theme=_THEME, code_format=_FORMAT, unique_id="t"
        )
    (folder / "terminal.svg").write_text(drawn, "utf-8")
