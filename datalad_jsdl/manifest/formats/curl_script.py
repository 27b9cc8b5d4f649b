"""A script of ``curl`` commands, as OpenNeuro gives it to download a dataset; it is only read."""

from __future__ import annotations

import re
import shlex
from itertools import islice
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.values import name_in_url, web_urls
from datalad_jsdl.manifest.lines import lines
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_MAX_COMMAND = 1 << 20  # characters
_COMMANDS_TO_SEE = 1000

# Commands that change nothing about where files go.
_HARMLESS = frozenset({"set", "mkdir", "echo", "exit"})

# Options of curl that a value follows (curl's manual), as far as download scripts have them.
_SHORT = frozenset("AbCcDdeEFHKmoPQrtTuUwxXyYz")
_LONG = frozenset(
    {"user-agent", "cookie", "continue-at", "cookie-jar", "dump-header", "referer", "cert"}
    | {"header", "config", "max-time", "output", "output-dir", "range", "user", "proxy-user"}
    | {"write-out", "proxy", "speed-time", "speed-limit", "time-cond", "connect-timeout"}
    | {"retry", "retry-delay", "retry-max-time", "limit-rate", "max-redirs", "cacert", "key"}
    | {"data", "form", "upload-file", "request", "url", "resolve", "interface", "proto"}
)
# Options that make something else of it than a download of a whole file.
_OTHER = frozenset(
    {"d", "data", "F", "form", "T", "upload-file", "X", "request", "K", "config", "r", "range"}
)

# What a shell does not look into, but for the $ and ` in double quotes.
_QUOTED = re.compile(r"""\\.|'[^']*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)


def sniff(head: str) -> bool:
    """Nothing but commands that such a script has, and a download among them."""
    try:
        first = [c.strip() for _, c in islice(_commands(iter([head])), _COMMANDS_TO_SEE)]
    except ManifestError:
        return False
    commands = [command for command in first if command and not command.startswith("#")]
    downloads = any(c.startswith("curl ") and "://" in c for c in commands)
    return downloads and {c.split()[0] for c in commands} <= _HARMLESS | {"curl"}


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a download; nothing is ever run.

    Raises:
        ManifestError: a command does not end.
    """
    for number, command in _commands(text):
        where = f"line {number}"
        try:
            words = _words(command)
            if words and words[0] == "curl":
                yield from _downloads(words[1:], where)
            elif words and words[0] not in _HARMLESS:
                raise ValueError("not a curl command; commands are not run")
        except ValueError as error:
            yield Record(None, None, where, str(error))


def _commands(text: Iterator[str]) -> Iterator[tuple[int, str]]:
    """The lines, with those joined that end in a backslash."""
    start, parts, length = 0, list[str](), 0
    for number, line in lines(text):
        line = line.rstrip("\r\n")
        start = start if parts else number
        length += len(line)
        if length > _MAX_COMMAND:
            where = f"line {start}"
            long = f"a command is longer than {_MAX_COMMAND} characters"
            raise ManifestError(f"{where}: {long}", where=where)
        if (len(line) - len(line.rstrip("\\"))) % 2:
            parts.append(line[:-1])
            continue
        yield start, "".join([*parts, line])
        parts, length = [], 0
    if parts:
        yield start, "".join(parts)


def _words(command: str) -> list[str]:
    if command.lstrip().startswith("#"):
        return []
    double = "".join(part for part in _QUOTED.findall(command) if part.startswith('"'))
    bare = _QUOTED.sub("", command)
    if re.search(r"[$`]", bare + re.sub(r"\\.", "", double)):
        raise ValueError(
            "the command contains variables or other commands, which only a shell can expand"
        )
    if re.search(r"[;&|<>()]", bare):
        raise ValueError("the line has several commands or redirects output")
    if re.search(r"(?:^|[ \t])~", bare):
        raise ValueError("a path refers to a home folder (~)")
    if not re.search(r"[\"'\\]", command):
        return re.findall(r"[^ \t]+", command)  # shlex takes 50 times as long
    try:
        return shlex.split(command)
    except ValueError:
        raise ValueError("a closing quotation mark is missing") from None


def _downloads(words: list[str], where: str) -> Iterator[Record]:
    urls: list[str] = []
    paths: list[str | None] = []
    folder = ""
    for name, value in _arguments(words):
        if name in _OTHER:
            raise ValueError("the curl command does more than download")
        if name in ("", "url"):
            urls.append(value)
        elif name in ("o", "output"):
            paths.append(value)
        elif name in ("O", "remote-name"):
            paths.append(None)
        elif name == "output-dir":
            folder = value.rstrip("/") + "/"
    if not urls or len(urls) != len(paths) or not all("://" in url for url in urls):
        # OpenNeuro puts no quotation marks around names, so that one with a space falls apart
        raise ValueError(
            "the curl command must have one URL with a scheme, and one file name for it"
        )
    if any(re.search(r"[\[{]", url) for url in urls):
        raise ValueError("the URL contains [ or {, which curl expands to several URLs")
    for url, given in zip(urls, paths, strict=True):
        yield _record(url, given, folder, where)


def _record(url: str, given: str | None, folder: str, where: str) -> Record:
    name = given or name_in_url(url)
    path = None if name is None else (folder + name.removeprefix("./")).removeprefix("./")
    try:
        return Record(path, web_urls([url]), where)
    except ValueError as error:
        return Record(path, None, where, str(error))


def _arguments(words: list[str]) -> Iterator[tuple[str, str]]:
    """Options with their values; what is no option has an empty name."""
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            name = word[2:]
            yield name, next(rest, "") if name in _LONG else ""
        elif word.startswith("-") and word != "-":
            for at, letter in enumerate(word[1:], 2):
                if letter in _SHORT:
                    yield letter, word[at:] or next(rest, "")
                    break
                yield letter, ""
        else:
            yield "", word
