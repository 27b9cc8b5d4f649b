"""The headers of ``annex.http-headers``, which git-annex's web remote sends with every request.

git-annex sends them to every host, and along with every redirect. Here those that are no secret
by their nature go with every request, and all others to the origins that they are meant for:
those of lines of the source ``annex-headers``; or without such a line, the only origin that the
dataset has URLs of, where the setting is the dataset's own.
"""

from __future__ import annotations

import re
import subprocess
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.errors import JsdlError
from datalad_jsdl.fetch.credentials.login import Gives, Source
from datalad_jsdl.notes import say_once

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["COMMAND", "CURL", "SETTING", "SOURCE", "AnnexHeaders", "HeaderSettings"]

SETTING = "annex.http-headers"
COMMAND = "annex.http-headers-command"
CURL = "annex.web-options"

SOURCE = Source(
    "annex-headers",
    "git-annex's settings ``annex.http-headers`` and ``annex.http-headers-command``, in addition "
    "to a login",
    gives=Gives.HEADERS,
)

# RFC 9110, 5.1
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

# they say what a client is or likes, and not who
_OPEN = frozenset(
    {"accept", "accept-charset", "accept-language", "cache-control", "dnt", "from", "pragma"}
    | {"priority", "referer", "user-agent", "x-requested-with"}
)

# they say how a message is framed, which part of what is wanted, or are for a proxy
_OURS = frozenset(
    {"accept-encoding", "connection", "expect", "host", "keep-alive", "range", "te", "trailer"}
    | {"content-encoding", "content-length", "content-range", "content-type"}
    | {"proxy-authenticate", "proxy-authorization", "proxy-connection"}
    | {"transfer-encoding", "upgrade"}
)

_CURL_HEADERS = {"-A": "User-Agent", "--user-agent": "User-Agent", "-e": "Referer"} | {
    "--referer": "Referer", "-H": "", "--header": "",
}  # fmt: skip
# what is done in any case
_CURL_DONE = frozenset({"-n", "--netrc", "--netrc-optional", "-L", "--location", "-s", "-S", "-f"})


@dataclass(frozen=True)
class HeaderSettings:
    """What git config says.

    Attributes:
        lines: of ``annex.http-headers``, a header each.
        command: of ``annex.http-headers-command``, whose output has them instead; or "".
        options: of ``annex.web-options``: git-annex gives them to curl.
        own: the settings are of the one dataset, and not of all.
        folder: to run the command in; None for the current one.
    """

    lines: Sequence[str] = field(default=(), repr=False)
    command: str = field(default="", repr=False)
    options: Sequence[str] = field(default=(), repr=False)
    own: bool = True
    folder: Path | None = None

    def __bool__(self) -> bool:
        return bool(self.lines or self.command or self.options)


class AnnexHeaders:
    """Headers for origins; safe for threads. Nothing is run or read before it is needed.

    Args:
        settings: what git config says.
        origins: of all URLs of the dataset (a few, if there are many).
    """

    def __init__(
        self,
        settings: HeaderSettings | None = None,
        origins: Callable[[], Collection[str]] | None = None,
    ) -> None:
        self._settings = settings or HeaderSettings()
        self._origins = origins
        self._more: set[str] = set()
        self._named = False
        self._lock = threading.Lock()
        self._open: dict[str, str] | None = None
        self._secret: dict[str, str] = {}
        self._home: str | None = None
        self._problem = ""

    def __bool__(self) -> bool:
        return bool(self._settings)

    def expect(self, origins: Collection[str]) -> None:
        """Before the first request: URLs of these origins, too, are asked for."""
        self._more.update(origins)

    def open(self) -> Mapping[str, str]:
        """What everybody may see."""
        return self._read()[0]

    def secret(self) -> Mapping[str, str]:
        """What is for an origin that a rule names."""
        return self._read()[1]

    def is_home(self, origin: str) -> bool:
        """Whether the headers are meant for an origin, though no rule says so."""
        if not self.secret():
            return False
        with self._lock:
            if self._home is None:
                self._home = self._find_home()
            return self._home == origin

    def _find_home(self) -> str:
        """The only origin that they can be meant for, or ""."""
        try:
            found = {*self._more, *(self._origins() if self._origins else ())}
        except JsdlError as error:  # of git
            return self._nowhere(f"could be for any URL ({error})")
        if not self._settings.own:
            return self._nowhere("are set for all datasets")
        if len(found) != 1:
            places = " or ".join(sorted(found)[:3])
            return self._nowhere(f"could be for {places}" if found else "match no URL")
        return found.pop()

    def _nowhere(self, why: str) -> str:
        where = "remote.jsdl.credential" if self._settings.own else "datalad.jsdl.credential"
        options = "--add" if self._settings.own else "--global --add"
        self._problem = (
            f"{self._name()} has secret headers ({', '.join(self._secret)}). They {why}, so they "
            f"are not sent; name the origin they are for: git config {options} {where} "
            f"'https://HOST {SOURCE.name}'"
        )
        say_once(self._problem)
        return ""

    def said(self, *, sent: bool) -> str:
        """What there is to say where an origin wants a login; or ""."""
        if sent and self.secret():
            return f"the headers of {self._name()} were sent"
        return self._problem

    def _name(self) -> str:
        return COMMAND if self._settings.command else SETTING

    def _read(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        with self._lock:
            if self._open is None:
                found: dict[str, str] = {}
                secret: dict[str, str] = {}
                for name, value in self._headers():
                    place = found if _is_open(name, value) else secret
                    known = next((n for n in place if n.lower() == name.lower()), name)
                    glue = "; " if name.lower() == "cookie" else ", "
                    place[known] = f"{place[known]}{glue}{value}" if known in place else value
                self._open, self._secret = found, secret
            return self._open, self._secret

    def _headers(self) -> Iterator[tuple[str, str]]:
        lines = self._output() if self._settings.command else self._settings.lines
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            name, colon, value = (part.strip(" \t") for part in line.partition(":"))
            if not colon or not _NAME.fullmatch(name):
                say_once(f"line {number} of {self._name()} is not a header (NAME: VALUE); not sent")
            else:
                yield from self._fit(name, value, self._name())
        for name, value in self._curl():
            yield from self._fit(name, value, CURL)

    def _fit(self, name: str, value: str, setting: str) -> Iterator[tuple[str, str]]:
        if name.lower() in _OURS or name.lower().startswith("if-"):
            say_once(f"{setting}: {name} is not sent; datalad-jsdl sets this header itself")
        elif not value or _CONTROL.search(value):
            say_once(f"{setting}: {name} has no value or an invalid one; not sent")
        else:
            # the bytes that stand there, which headers are written as (RFC 9110, 5.5)
            yield _spelt(name), value.encode("utf-8", "surrogateescape").decode("latin-1")

    def _output(self) -> Sequence[str]:
        """By a shell, as git-annex does it (Annex/Url.hs)."""
        try:
            done = subprocess.run(
                ["sh", "-c", self._settings.command],
                cwd=self._settings.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
            )
        except OSError as error:
            say_once(f"cannot run {COMMAND} ({error.strerror}); its headers are not sent")
            return ()
        if done.returncode:
            say_once(f"{COMMAND} failed with exit code {done.returncode}; its headers are not sent")
            return ()
        return done.stdout.decode("utf-8", "surrogateescape").replace("\r\n", "\n").split("\n")

    def _curl(self) -> Iterator[tuple[str, str]]:
        """Headers among curl's options; the others are named, once."""
        words, unknown = iter(self._settings.options), []
        for word in words:
            option, _, value = (
                word.partition("=") if word.startswith("--") else (word[:2], "", word[2:])
            )
            if option not in _CURL_HEADERS:
                if word not in _CURL_DONE:
                    unknown.append(option if option.startswith("-") else "…")
                continue
            value = value or next(words, "")
            name = _CURL_HEADERS[option]
            if not name:
                name, _, value = value.partition(":")
            if _NAME.fullmatch(name):
                yield name, value.strip()
        if unknown:
            shown = " ".join(dict.fromkeys(word for word in unknown if word != "…"))
            say_once(
                f"{CURL}: only headers are used; other options are ignored"
                f"{f' ({shown})' if shown else ''}"
            )


def _is_open(name: str, value: str) -> bool:
    if name.lower() == "referer" and ("?" in value or "@" in value):
        return False  # of a URL with a secret in it
    return name.lower() in _OPEN


def _spelt(name: str) -> str:
    """So that it takes the place of ours."""
    return (
        "-".join(word.capitalize() for word in name.split("-")) if name.lower() in _OPEN else name
    )
