"""A list of ``cp`` commands for s5cmd, as the Imaging Data Commons (IDC) and others give it.

Described at https://github.com/peak/s5cmd (``run``). A command copies one object of a bucket,
``cp s3://BUCKET/KEY NAME``; a name that ends in ``/`` or ``.`` is a folder's. One with a wildcard
stands for all objects below a prefix, which only a listing of the bucket tells: it is asked for,
or, where nobody may be asked, the command is refused with the address to use. An
``--endpoint-url`` that is named in a comment is where the bucket is.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.fields import quoted
from datalad_jsdl.manifest.formats.listing import file_record
from datalad_jsdl.manifest.formats.shell import arguments, commands, words
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_COMMANDS_TO_SEE = 1000
_COPY = re.compile(r"cp\s.*s3://\S.*")
_ENDPOINT = re.compile(r"#.*--endpoint-url[ =](https?://[^\s\"']+)")
_OBJECT = re.compile(r"s3://([^/]+)/(.+)", re.DOTALL)
# of one object, without options
_is_plain = re.compile(
    r"cp[ \t]+(s3://[a-z0-9.-]+/[A-Za-z0-9/._=+@-]+)[ \t]+([A-Za-z0-9/._][A-Za-z0-9/._=+@-]*)[ \t]*"
).fullmatch
_WILDCARD = re.compile(r"[*?]")
# https://github.com/peak/s5cmd: options of cp that a value follows
_LONG = frozenset(
    {"concurrency", "part-size", "exclude", "include", "storage-class", "source-region"}
    | {"destination-region", "version-id", "sse", "sse-kms-key-id", "acl"}
)


def sniff(head: str) -> bool:
    """Only comments, and ``cp`` commands from buckets."""
    try:
        first = [c.strip() for _, c in islice(commands(iter([head])), _COMMANDS_TO_SEE)]
    except ManifestError:
        return False
    known = [command for command in first if command and not command.startswith("#")]
    return bool(known) and all(_COPY.fullmatch(command) for command in known)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a command; nothing is ever run.

    Raises:
        ManifestError: a command does not end.
    """
    endpoint = None
    for number, command in commands(text):
        if "#" in command and (said := _ENDPOINT.match(command.strip())):
            endpoint = said[1].rstrip("/")
        try:
            if (plain := _is_plain(command)) and not endpoint:
                source, name = plain.groups()
                yield file_record(_named(name, source), source, f"line {number}")
            elif found := words(command):
                yield from _copied(found, endpoint, f"line {number}", options)
        except ValueError as error:
            yield Record(None, None, f"line {number}", str(error))


def _copied(
    found: list[str], endpoint: str | None, where: str, options: Options
) -> Iterator[Record]:
    if found[0] != "cp":
        raise ValueError("not a cp command; commands are not run")
    given = list(arguments(found[1:], "", _LONG))
    source, *target = [value for name, value in given if not name]
    version = dict(given).get("version-id")
    match = _OBJECT.fullmatch(source)
    if match is None or len(target) != 1:
        raise ValueError("expected cp s3://BUCKET/KEY NAME")
    bucket, key = match.groups()
    if options.ask is not None and "*" in key and "?" not in key:
        folder = f"{target[0].rstrip('/')}/".removeprefix("./") or "./"
        address = _address(source, bucket, key, endpoint)
        yield Record(folder, {"urls": [address]}, where)  # see `addressed`
        return
    if wildcard := _WILDCARD.search(key):
        prefix = key[: wildcard.start()].rpartition("/")[0]
        raise ValueError(
            "the command has a wildcard, which only a listing of the bucket can expand: use "
            f"s3://{bucket}/{prefix} as the manifest"
        )
    yield file_record(_named(target[0], source), _url(source, key, version, endpoint), where)


def _named(target: str, source: str) -> str:
    """The path of what is copied to *target*, which may be a folder."""
    if target.endswith("/") or target.rpartition("/")[2] in (".", ""):
        target = target.removesuffix(".") + source.rpartition("/")[2]
    return target.removeprefix("./")


def _address(source: str, bucket: str, key: str, endpoint: str | None) -> str:
    """Of a listing of the bucket."""
    return source if _is_amazon(endpoint) else f"s3+{endpoint}/{bucket}/{quote(key, safe='/*')}"


def _is_amazon(endpoint: str | None) -> bool:
    host = urlsplit(endpoint).hostname or "" if endpoint else ""
    return not endpoint or host.endswith("amazonaws.com")


def _url(source: str, key: str, version: str | None, endpoint: str | None) -> str:
    pinned = f"?versionId={quoted(version)}" if version else ""
    if _is_amazon(endpoint):
        return source + pinned
    bucket = source.removeprefix("s3://").partition("/")[0]
    return f"{endpoint}/{bucket}/{quoted(key)}{pinned}"
