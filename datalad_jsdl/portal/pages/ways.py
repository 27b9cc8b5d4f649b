"""Lines to copy that download an order's zip, and continue it where it was interrupted."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import quote

__all__ = ["Way", "ways_of"]


@dataclass(frozen=True)
class Way:
    """A program, and what it is told.

    Attributes:
        name: of the program.
        note: where it is to be found, or what is special about it.
        line: to be copied.
    """

    name: str
    note: str
    line: str


def ways_of(address: str, path: str, name: str) -> list[Way]:
    """The lines for a zip.

    Args:
        address: of the portal, without a slash at its end.
        path: of the link to the zip; quoted.
        name: of the file to download into, which no other order's zip has: all of these append
            to a file that is there.
    """
    link = f"{address}{path}".rpartition("/")[0]
    url, manifest = f"{link}/{quote(name, safe='')}", f"{link}/manifest.json"
    # curl takes a name from a URL as it is there, with its percent signs
    is_plain = quote(name, safe="") == name
    posix = "-O" if is_plain else f"-o {shlex.quote(name)}"
    power = "-O" if is_plain else f"-o {_power(name)}"
    folder = shlex.quote(name.removesuffix(".zip"))
    return [
        Way("curl", "Linux, macOS, Windows", f"curl -fC - {posix} {_quoted(url)}"),
        Way("wget", "Linux", f"wget -c {_quoted(url)}"),
        Way("aria2c", "four connections", f"aria2c -c -x4 -o {shlex.quote(name)} {_quoted(url)}"),
        Way("PowerShell", "Windows 10 and later", f"curl.exe -fC - {power} {_quoted(url)}"),
        Way("DataLad", "as a dataset", f"datalad download-manifest {_quoted(manifest)} {folder}"),
    ]


def _quoted(url: str) -> str:
    """For all shells alike: a URL that is percent-encoded has no quotes in it."""
    return f"'{url}'"


def _power(name: str) -> str:
    # it takes typographic quotes for quotes, too
    return "'{}'".format("".join(2 * c if c in "'\u2018\u2019\u201a\u201b" else c for c in name))
