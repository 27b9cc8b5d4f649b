"""The limits that a user can set: the one table of them, and what git config says.

Each is read from ``remote.jsdl.NAME``, for one repository, and else from
``datalad.jsdl.NAME``.
"""

from __future__ import annotations

import dataclasses
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import SettingError
from datalad_jsdl.fetch.credentials.login import Rule
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.data_units import parse_size
from datalad_jsdl.fetch.retries import START
from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "PATTERN",
    "PREFIXES",
    "Setting",
    "Settings",
    "in_words",
    "named",
    "parse_bytes",
    "parse_jobs",
    "settings_table",
]

PREFIXES = ("remote.jsdl.", "datalad.jsdl.")

# of the names in git config that are read here
PATTERN = r"^(remote|datalad)\.jsdl\."

_KINDS = ("-download", "")

# git-annex(1): bandwidth is bytes per second of each transfer; here it is that of all
_OF_GIT_ANNEX = {
    "jobs": ("annex.jobs",),
    "bandwidth": tuple(
        f"{place}bwlimit{kind}" for place in ("remote.jsdl.annex-", "annex.") for kind in _KINDS
    ),
}

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_LONGEST = 86_400  # seconds
_MOST_FOUND = 64  # files at a time where nobody has said how many
_MOST_JOBS = 1000  # each is a thread with a connection of its own
_AMOUNT = re.compile(r"(\d{1,15}(?:\.\d+)?) ?([kmgt]?)i?b?(?:/s)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table.

    Attributes:
        name: in git config, after ``remote.jsdl.`` or ``datalad.jsdl.``.
        default: in words.
        meaning: a phrase.
    """

    name: str
    default: str
    meaning: str


def _setting(default: Any, words: str, meaning: str, parse: Callable[[str], Any]) -> Any:
    shown = {"words": words, "meaning": meaning, "parse": parse}
    if isinstance(default, tuple):
        return field(default_factory=tuple, metadata=shown)
    return field(default=default, metadata=shown)


def parse_bytes(text: str) -> int:
    """An amount of bytes, or bytes/s: ``500k``, ``2.5 MB/s``; units are powers of 1024.

    Raises:
        ValueError: it is none.
    """
    match = _AMOUNT.fullmatch(text.strip())
    if not match:
        raise ValueError("expected a number of bytes such as 500k or 2M")
    return int(float(match[1]) * _UNITS[match[2].lower()])


def parse_jobs(value: object) -> int | None:
    """A number of files to fetch at a time, as text or number; None for the usual one.

    Raises:
        ValueError: it is none.
    """
    text = "auto" if value is None else "" if isinstance(value, bool) else str(value).strip()
    if text == "auto":
        return None
    # a number of a thousand digits is not even read
    if not (text.isdecimal() and len(text) < 9 and 1 <= int(text) <= _MOST_JOBS):
        raise ValueError(f"expected a whole number from 1 to {_MOST_JOBS}, or auto")
    return int(text)


def _jobs(text: str) -> int:
    return parse_jobs(text) or 0


def _count(text: str) -> int:
    if not (found := _count_or_none(text)):
        raise ValueError("expected a whole number of 1 or more")
    return found


def _count_or_none(text: str) -> int:
    if not text.strip().isdecimal() or len(text.strip()) > 9:
        raise ValueError("expected a whole number of 0 or more")
    return int(text)


def _seconds(text: str) -> float:
    value = float(text) if re.fullmatch(r"\d+(\.\d+)?", text.strip()) else 0.0
    if not 0 < value <= _LONGEST:
        raise ValueError(f"expected a number of seconds above 0, at most {_LONGEST}")
    return value


def _patterns(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user can set; the fields' metadata are the documentation's table."""

    jobs: int = _setting(
        0,
        "``annex.jobs``, or auto",
        "files downloaded at a time, at most 1000 (-J overrides it); auto begins with 8, and "
        "raises the number as long as this brings more in the same time",
        _jobs,
    )
    most_jobs: int = _setting(
        _MOST_FOUND,
        f"{_MOST_FOUND}",
        "if jobs is auto: the largest number of files downloaded at a time, and the largest "
        "number of connections to one mirror",
        _count,
    )
    connections: int = _setting(
        0,
        "16, or the largest number of files at a time if that is more than 16",
        "connections in total",
        _count_or_none,
    )
    connections_per_host: int = _setting(
        0,
        "8, or the number of files at a time if that is more than 8",
        "connections to one mirror; fewer are used when it answers 429 or 503",
        _count_or_none,
    )
    segments: int = _setting(
        4, "4", "connections to one mirror for one large file; 1 never splits a file", _count
    )
    bandwidth: int = _setting(
        0,
        "``annex.bwlimit``, or no limit",
        "bytes per second in total, such as 500k or 20M",
        parse_bytes,
    )
    connect_timeout: float = _setting(5.0, "5", "seconds to wait for a connection", _seconds)
    read_timeout: float = _setting(
        10.0,
        "10",
        "seconds without data until a connection is given up; if no other mirror is left, the "
        "first byte may take 3 times as long in the second attempt, and 9 times in the third",
        _seconds,
    )
    min_speed: int = _setting(
        1024,
        "1k",
        "bytes per second: a connection that brings fewer, on average over ``read-timeout``, is "
        "given up",
        parse_bytes,
    )
    retries: int = _setting(3, "3", "consecutive attempts at one URL without progress", _count)
    max_wait: float = _setting(
        30.0, "30", "longest wait that a mirror may ask for, in seconds (Retry-After)", _seconds
    )
    prefer: tuple[str, ...] = _setting(
        (),
        "none",
        "patterns of mirrors to try first, such as ``*.amazonaws.com`` or ``https://a.example/s3/*``",
        _patterns,
    )
    avoid: tuple[str, ...] = _setting((), "none", "patterns of mirrors to try last", _patterns)
    credential: tuple[Rule, ...] = _setting(
        (),
        "none",
        "``ORIGIN SOURCE``: where the login for an origin is kept; can be set several times, for "
        "one repository and globally; see :doc:`logins`",
        parse_rule,
    )

    @property
    def first_jobs(self) -> int:
        """Files at a time to begin with."""
        return self.jobs or START

    @classmethod
    def from_config(cls, config: Mapping[str, Sequence[str]]) -> Settings:
        """The settings that git config asks for.

        Args:
            config: name (lower case) to all its values; see `git_config_values`.

        Raises:
            SettingError: a value cannot be understood.
        """
        found: dict[str, Any] = {}
        _refuse_misspelt(config, [item.name.replace("_", "-") for item in dataclasses.fields(cls)])
        for item in dataclasses.fields(cls):
            names = [prefix + item.name.replace("_", "-") for prefix in PREFIXES]
            if item.name == "credential":
                given = [(name, value) for name in names for value in config.get(name, ())]
                found[item.name] = tuple(_rule(name, value) for name, value in given)
                continue
            for name in names:
                if name not in config:
                    continue
                values = config[name]
                text = " ".join(values) if item.type == "tuple[str, ...]" else values[-1]
                try:
                    found[item.name] = item.metadata["parse"](text)
                except ValueError as error:
                    raise SettingError(f"git config {name} is {text!r}: {error}") from None
                break
            else:
                if (value := _of_git_annex(item.name, config)) is not None:
                    found[item.name] = value
        return cls(**found)


def _of_git_annex(name: str, config: Mapping[str, Sequence[str]]) -> int | None:
    """What git-annex's own settings say where ours say nothing.

    As git-annex, what cannot be understood is passed over.
    """
    for setting in _OF_GIT_ANNEX.get(name, ()):
        text = config.get(setting, [""])[-1].strip()
        if name == "jobs":
            number = os.cpu_count() if text in ("cpus", "cpu") else _whole(text)
        else:
            number = parse_size(text)
        if number:
            return max(1, number)
    return None


def _whole(text: str) -> int | None:
    """A whole number, or None."""
    return int(text) if text.isascii() and text.isdecimal() else None


def _rule(name: str, line: str) -> Rule:
    try:
        return parse_rule(line)
    except ValueError as error:  # the line may have a secret in it, where none belongs
        scope = line.partition(" ")[0]
        shown = f", the line for {redact(scope)}" if "://" in scope and "@" not in scope else ""
        raise SettingError(
            f"git config {name}{shown}: {error}; correct it with: git config --edit, "
            "or git config --global --edit"
        ) from None


def _refuse_misspelt(config: Mapping[str, Sequence[str]], known: list[str]) -> None:
    """A limit that nobody reads would be missed too late."""
    for name in config:
        place, _, setting = name.rpartition(".")
        if f"{place}." not in PREFIXES or setting in known:
            continue
        from difflib import get_close_matches  # hardly ever needed

        if close := get_close_matches(setting, known, 1, 0.8):
            raise SettingError(f"git config {name}: unknown setting; did you mean {close[0]}?")


def named(setting: str) -> str:
    """How a message names a setting, so that whoever reads it can change the limit."""
    return f"git config {PREFIXES[1]}{setting}"


def in_words(seconds: float) -> str:
    """A number of seconds for a message."""
    return "1 second" if seconds == 1 else f"{seconds:g} seconds"


def settings_table() -> list[Setting]:
    """All settings, for the documentation."""
    return [
        Setting(item.name.replace("_", "-"), item.metadata["words"], item.metadata["meaning"])
        for item in dataclasses.fields(Settings)
    ]
