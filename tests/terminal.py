"""A terminal as people have it: a shell in tmux, whose screen is looked at five times a second."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

__all__ = ["Recording", "Sample", "Terminal"]

_EVERY = 0.2  # seconds between two looks at the screen
_PATIENCE = 120.0  # seconds until a command that does not end is given up
_PROMPT = re.compile(r"\[(\d+)\] \$ ?")
_PICTURES = os.environ.get("JSDL_SCREENSHOTS")


@dataclass(frozen=True)
class Sample:
    """The screen at one time, with what has gone out of it at its top.

    Attributes:
        seconds: since the command was typed.
        lines: without blanks at their ends; one that was too long for the terminal is several.
    """

    seconds: float
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Recording:
    """What a command has shown.

    Attributes:
        columns: of the terminal.
        samples: in order of time; the last one has the prompt that came back.
        code: its exit code.
        said: the last screen without the prompt and the command, lines that are too long for the
            terminal in one piece.
        raw: all that was written to the terminal.
    """

    columns: int
    samples: Sequence[Sample]
    code: int
    said: tuple[str, ...]
    raw: str

    def frames(self) -> list[str]:
        """Each line that was drawn while it was the last, also those that no sample has."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.raw)
        lines = (line.strip() for line in re.split(r"[\r\n]+", plain))
        return [line for line in lines if is_bar(line) or re.match(r"\d+% ", line)]

    def bars(self) -> Iterator[tuple[float, str]]:
        """Second and text of each sample that has a bar at its end, while the command runs."""
        for sample in self.samples:
            last = next((line for line in reversed(sample.lines) if line), "")
            if is_bar(last):
                yield sample.seconds, last

    def text(self) -> str:
        """All of it, for people to read: a screen is told once, and then what has changed."""
        parts = []
        before: tuple[str, ...] = ()
        for sample in self.samples:
            if sample.lines != before:
                same = _common(before, sample.lines)
                parts.append(f"--- {sample.seconds:.1f} s\n" + "\n".join(sample.lines[same:]))
                before = sample.lines
        return "\n".join(parts) + f"\n--- exit code {self.code}\n"


def is_bar(line: str) -> bool:
    """Whether a line of the screen is one of ours that changes."""
    return bool(re.match(r"[a-z][a-z ]*  +(\d+ %|\d[\d.]* |[█░\[])", line))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    number = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        number += 1
    return number


class Terminal:
    """A context manager.

    Args:
        program: tmux.
        columns: of the terminal, which has 50 lines.
        folder: of the shell.
        environment: variables that differ from those of the tests.
    """

    def __init__(self, program: str, columns: int, folder: Path, **environment: str) -> None:
        self._columns = columns
        # a socket's path must not be long
        self._own = tempfile.TemporaryDirectory(prefix="tmux-")
        self._tmux = [program, "-u", "-S", os.path.join(self._own.name, "socket")]
        self._folder = folder
        self._environment = environment

    def __enter__(self) -> Terminal:
        shell = ["env", "-u", "TMUX", *(f"{k}={v}" for k, v in self._environment.items())]
        shell += ["PS1=[$?] $ ", "bash", "--norc", "--noprofile", "-i"]
        self._do(
            "-f", "/dev/null", "start-server", ";", "set-option", "-g", "history-limit", "5000",
            ";", "set-option", "-g", "default-terminal", "screen-256color", ";",
            "new-session", "-d", "-x", str(self._columns), "-y", "50", "-c", str(self._folder),
            shlex.join(shell),
        )  # fmt: skip
        self._until(lambda: self._code() is not None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._do("kill-server")
        self._own.cleanup()

    def run(self, command: str, name: str = "", keys: Callable[[Sample], str] | None = None
            ) -> Recording:  # fmt: skip
        """Type a command, and record the screen until the prompt is back.

        Args:
            command: one line.
            name: of the file that the recording is kept in, where recordings are kept.
            keys: told each sample; what it returns is pressed: keys such as ``C-c`` and words,
                with spaces between them, or "".
        """
        self._do("send-keys", "-R", ";", "clear-history")
        # the screen is empty but for the prompt, which readline draws again
        self._do("send-keys", "C-l")
        raw = Path(self._own.name, "raw")
        raw.unlink(missing_ok=True)
        self._do("pipe-pane", f"cat > {shlex.quote(str(raw))}")
        self._do("send-keys", "-l", command)
        self._do("send-keys", "Enter")
        begun = time.monotonic()
        samples: list[Sample] = []
        while True:
            lines = self._screen()
            sample = Sample(time.monotonic() - begun, lines)
            samples.append(sample)
            if (code := self._code(lines)) is not None and any(command[:20] in x for x in lines):
                break
            if sample.seconds > _PATIENCE:
                raise AssertionError("it does not end:\n" + "\n".join(lines))
            if keys is not None and (pressed := keys(sample)):
                self._do("send-keys", *pressed.split())
            time.sleep(_EVERY)
        whole = self._screen("-J")
        start = next(number for number, line in enumerate(whole) if command in line)
        self._do("pipe-pane")
        said = raw.read_text(errors="replace")
        recording = Recording(self._columns, samples, code, whole[start + 1 : -1], said)
        if _PICTURES and name:
            target = os.path.join(_PICTURES, "terminal")
            os.makedirs(target, exist_ok=True)
            with open(os.path.join(target, f"{name}-{self._columns}.txt"), "w") as file:
                file.write(recording.text())
        return recording

    def _code(self, lines: Sequence[str] | None = None) -> int | None:
        """The exit code that the prompt at the end of the screen shows; None without a prompt."""
        last = (lines or self._screen() or ("",))[-1]
        found = _PROMPT.fullmatch(last)
        return int(found[1]) if found else None

    def _screen(self, *options: str) -> tuple[str, ...]:
        text = self._do("capture-pane", "-p", "-S", "-", *options)
        lines = [line.rstrip() for line in text.split("\n")]
        while lines and not lines[-1]:
            lines.pop()
        return tuple(lines)

    def _until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE
        while not holds():
            assert time.monotonic() < end, self._screen()
            time.sleep(0.05)

    def _do(self, *command: str) -> str:
        done = subprocess.run([*self._tmux, *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout
