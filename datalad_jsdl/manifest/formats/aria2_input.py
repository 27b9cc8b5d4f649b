"""aria2's input file: a line of mirrors, and indented options for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.values import name_in_url, scheme_of, web_urls
from datalad_jsdl.manifest.lines import beginning, lines
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_URI = r"[A-Za-z][A-Za-z0-9+.-]*:\S+(?: +\S+)*"
_MIRRORS = re.compile(rf"{_URI}(?:\t+{_URI})*\t*")
_OPTION = re.compile(r"[ \t]+[a-z][a-z0-9-]*=.*")


@dataclass
class _Download:
    """A line of mirrors, and what its options say."""

    where: str
    uris: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    fault: str | None = None


def sniff(head: str) -> bool:
    """Lines of URIs, at least one with options or with several URIs; else it is a list of URLs."""
    first = [line for line in beginning(head) if not line.startswith("#")]
    if not first or not _MIRRORS.fullmatch(first[0]):
        return False
    if not all(_OPTION.fullmatch(line) or _MIRRORS.fullmatch(line) for line in first):
        return False
    return "://" in first[0] and any(line[0] in " \t" or "\t" in line.strip() for line in first)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a line of URIs; of the options ``dir``, ``out`` and ``checksum`` count."""
    download: _Download | None = None
    for number, line in lines(text):
        line = line.rstrip("\r\n")
        if not line.strip() or line.startswith("#"):
            continue
        if line[0] not in " \t":
            if download:
                yield _record(download)
            uris = [uri.strip() for uri in line.split("\t") if uri.strip()]
            download = _Download(f"line {number}", uris)
        elif not download:
            yield Record(None, None, f"line {number}", "an option without a preceding line of URLs")
        else:
            name, equals, value = line.strip().partition("=")
            download.options[name] = value
            if not equals:
                download.fault = f"an option (line {number}) is not in the form name=value"
    if download:
        yield _record(download)


def _record(download: _Download) -> Record:
    path = _path(download)
    try:
        if download.fault:
            raise ValueError(download.fault)
        if path is None:
            raise ValueError("neither an out= option nor the URL names a file")
        # a name without a scheme is a file of aria2's user: a torrent or a Metalink
        urls = web_urls([uri if scheme_of(uri) else f"file:{uri}" for uri in download.uris])
        value = {"urls": urls, "digests": _digests(download.options.get("checksum"))}
    except ValueError as error:
        return Record(path, None, download.where, str(error))
    return Record(path, value, download.where)


def _path(download: _Download) -> str | None:
    out = download.options.get("out") or name_in_url(download.uris[0])
    folder = download.options.get("dir", "").removesuffix("/")
    if out is None or folder in ("", "."):
        return out and out.removeprefix("./")
    return f"{folder.removeprefix('./')}/{out.removeprefix('./')}"


def _digests(checksum: str | None) -> dict[str, Any]:
    if not checksum:
        return {}
    name, equals, hexdigest = checksum.partition("=")
    if not equals:
        raise ValueError("the checksum option is not in the form checksum=sha-256=…")
    return {name: hexdigest.strip()}
