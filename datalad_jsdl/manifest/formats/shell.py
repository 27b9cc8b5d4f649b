"""What formats share that are scripts of a shell: read, never run."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.lines import lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["arguments", "commands", "words"]

_MAX_COMMAND = 1 << 20  # characters

# What a shell does not look into, but for the $ and ` in double quotes.
_QUOTED = re.compile(r"""\\.|'[^']*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)

# Words without anything that a shell would look into.
_BARE = r"A-Za-z0-9/._:=+@%,?\-"
_is_simple = re.compile(rf"[{_BARE} \t]*").fullmatch

# The same, and words in quotation marks that are nothing but their content.
_WHOLE = rf"""'[^']*'|"[^"\\$`]*"|[{_BARE}]+"""
_is_simply_quoted = re.compile(rf"[ \t]*(?:(?:{_WHOLE})(?:[ \t]+|$))*").fullmatch
_words = re.compile(_WHOLE).findall


def commands(text: Iterator[str]) -> Iterator[tuple[int, str]]:
    """The lines, with those joined that end in a backslash; each with its number, from 1.

    Raises:
        ManifestError: a command does not end.
    """
    start, parts, length = 0, list[str](), 0
    for number, line in lines(text):
        line = line.rstrip("\r\n")
        if not parts and not line.endswith("\\") and len(line) <= _MAX_COMMAND:
            yield number, line  # as most are
            continue
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


def words(command: str) -> list[str]:
    """A command's words; none of a comment.

    Raises:
        ValueError: only a shell could tell what they are.
    """
    if _is_simple(command):
        return command.split()  # in a tenth of the time
    if _is_simply_quoted(command):
        return [word[1:-1] if word[0] in "'\"" else word for word in _words(command)]
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


def arguments(
    words: list[str], short: Collection[str], long: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Options with their values; what is no option has an empty name.

    Args:
        words: those behind the program's name.
        short: letters of options that a value follows.
        long: names of such options.
    """
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if not equals:
                value = next(rest, "") if name in long else ""
            yield name, value
        elif word.startswith("-") and word != "-":
            for at, letter in enumerate(word[1:], 2):
                if letter in short:
                    yield letter, word[at:] or next(rest, "")
                    break
                yield letter, ""
        else:
            yield "", word
