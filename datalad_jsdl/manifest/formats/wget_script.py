"""A script of ``wget`` commands, as ENA, NCAR and others give it; it is only read, never run.

Variables with a plain value are known (``set opts = "-N"``, ``opts=-N``), and so is the list that
scripts of NCAR go through (``set filelist= ( URL … )``). What else only a shell can tell is
refused line by line; so are ``wget -r``, whose files only a request names, and logins, whose
tokens are never kept.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.listing import file_record, url_record
from datalad_jsdl.manifest.formats.shell import arguments, commands, words
from datalad_jsdl.manifest.formats.values import name_in_url
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_COMMANDS_TO_SEE = 1000

# Commands that change nothing about where files go, and what loops and conditions consist of.
_HARMLESS = frozenset(
    {"set", "mkdir", "echo", "exit", "export", "if", "then", "else", "endif", "fi", "end"}
    | {"while", "do", "done", "shift", "module", "date", "umask", "unset", "}", ")"}
)

# Options of wget that a value follows (wget's manual, 2), as far as download scripts have them.
_SHORT = frozenset("OPiotTwQURIABDXleaB")
_LONG = frozenset(
    {"output-document", "directory-prefix", "input-file", "tries", "timeout", "wait", "quota"}
    | {"user-agent", "user", "password", "http-user", "http-password", "header", "referer"}
    | {"load-cookies", "save-cookies", "post-data", "post-file", "method", "body-data"}
    | {"cut-dirs", "level", "accept", "reject", "output-file", "append-output", "base"}
    | {"limit-rate", "waitretry", "read-timeout", "dns-timeout", "connect-timeout"}
    | {"ca-certificate", "certificate", "private-key", "progress", "start-pos", "prefer-family"}
)
_LIST = frozenset({"i", "input-file"})
_FOLDER = frozenset({"r", "recursive", "m", "mirror", "p", "page-requisites"})
_OTHER = frozenset({"post-data", "post-file", "method", "body-data", "start-pos", "spider"})

_SET = re.compile(r"""(?:set\s+|export\s+)?([A-Za-z_]\w*)\s*=\s*("[^"$`]*"|'[^']*'|[^\s"'$`(]*)""")
_FILES = re.compile(r"\s*(?:set\s+)?[A-Za-z_]\w*\s*=\s*\((.*)\)\s*")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))(?![\w\[])")
_is_download = re.compile(r"wget [^\s=]").match  # for sure, and no variable of the name
_BACKGROUND = re.compile(r"[^&]&\s*")


def sniff(head: str) -> bool:
    """Only commands that such a script has, with a download by ``wget`` among them."""
    try:
        first = [c.strip() for _, c in islice(commands(iter([head])), _COMMANDS_TO_SEE)]
    except ManifestError:
        return False
    known = [command for command in first if command and not command.startswith("#")]
    downloads = any(c.startswith("wget ") and "://" in c for c in known) or (
        any('"wget ' in c for c in known) and any(_urls(c) for c in known)
    )
    return downloads and all(map(_is_known, known))


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a download; nothing is ever run.

    Raises:
        ManifestError: a command does not end.
    """
    variables: dict[str, str] = {}
    for number, command in commands(text):
        where = f"line {number}"
        if _is_download(command):
            yield from _downloaded(command, variables, where)
        elif urls := _urls(command):
            yield from (url_record(url, where) for url in urls)
        elif setting := _SET.fullmatch(command.strip()):
            variables[setting[1]] = setting[2].strip("\"'")
        elif command.lstrip().startswith("wget "):
            yield from _downloaded(command, variables, where)
        elif not _is_known(command.strip()):
            yield Record(None, None, where, "not a wget command; commands are not run")


def _downloaded(command: str, variables: dict[str, str], where: str) -> list[Record]:
    try:
        return list(_downloads(_expanded(command, variables) if "$" in command else command, where))
    except ValueError as error:
        return [Record(None, None, where, str(error))]


def _is_known(command: str) -> bool:
    if not command or command.startswith(("#", "$")) or _SET.fullmatch(command):
        return True
    return command.split()[0].split("(")[0] in _HARMLESS | {"wget"} or bool(_urls(command))


def _urls(command: str) -> list[str]:
    """Those in a list of nothing but URLs."""
    match = _FILES.fullmatch(command)
    found = match[1].split() if match else []
    return [url.strip("\"'") for url in found] if all("://" in url for url in found) else []


def _expanded(command: str, variables: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        return variables.get(match[1] or match[2], match[0])

    return _VARIABLE.sub(value, command)


def _downloads(command: str, where: str) -> Iterator[Record]:
    if "&" in command and _BACKGROUND.fullmatch(command.strip()[-2:]):
        raise ValueError("the command runs in the background (&); remove the & behind it")
    urls: list[str] = []
    path: str | None = None
    folder = ""
    for name, value in arguments(words(command)[1:], _SHORT, _LONG):
        if name in _LIST:
            raise ValueError("the URLs are in another file (-i); use that as the manifest")
        if name in _FOLDER:
            raise ValueError("the command downloads a folder of the web, whose files it lacks")
        if name in _OTHER:
            raise ValueError("the wget command does more than download")
        if name == "":
            urls.append(value)
        elif name in ("O", "output-document"):
            path = value
        elif name in ("P", "directory-prefix"):
            folder = value.rstrip("/") + "/"
    if not urls or not all("://" in url for url in urls):
        raise ValueError("the wget command has no URL with a scheme")
    if path is not None and len(urls) > 1:
        raise ValueError("the wget command puts several URLs into one file")
    for url in urls:
        # wget ignores -P where there is -O
        found = path or name_in_url(url)
        if found is None:
            yield Record(None, None, where, "the URL does not end in a file name")
        else:
            whole = found if path else f"{folder}{found}"
            yield file_record(whole.removeprefix("./"), url, where)
