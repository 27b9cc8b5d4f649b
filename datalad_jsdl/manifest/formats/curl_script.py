"""A script of ``curl`` commands, as OpenNeuro gives it to download a dataset; it is only read."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.shell import arguments, commands, words
from datalad_jsdl.manifest.formats.values import name_in_url, web_urls
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

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


def sniff(head: str) -> bool:
    """Only commands that such a script has, with a download by ``curl`` among them."""
    try:
        first = [c.strip() for _, c in islice(commands(iter([head])), _COMMANDS_TO_SEE)]
    except ManifestError:
        return False
    known = [command for command in first if command and not command.startswith("#")]
    downloads = any(c.startswith("curl ") and "://" in c for c in known)
    return downloads and {c.split()[0] for c in known} <= _HARMLESS | {"curl"}


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a download; nothing is ever run.

    Raises:
        ManifestError: a command does not end.
    """
    for number, command in commands(text):
        where = f"line {number}"
        try:
            found = words(command)
            if found and found[0] == "curl":
                yield from _downloads(found[1:], where)
            elif found and found[0] not in _HARMLESS:
                raise ValueError("not a curl command; commands are not run")
        except ValueError as error:
            yield Record(None, None, where, str(error))


def _downloads(given: list[str], where: str) -> Iterator[Record]:
    urls: list[str] = []
    paths: list[str | None] = []
    folder = ""
    for name, value in arguments(given, _SHORT, _LONG):
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
    for url, path in zip(urls, paths, strict=True):
        yield _record(url, path, folder, where)


def _record(url: str, name_given: str | None, folder: str, where: str) -> Record:
    name = name_given or name_in_url(url)
    path = None if name is None else (folder + name.removeprefix("./")).removeprefix("./")
    try:
        return Record(path, web_urls([url]), where)
    except ValueError as error:
        return Record(path, None, where, str(error))
