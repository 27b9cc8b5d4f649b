"""A manifest's bytes → entries and refusals, as a stream."""

from __future__ import annotations

import codecs
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.entry import Entry, Refusal
from datalad_jsdl.manifest.formats import Format, Options, all_formats
from datalad_jsdl.manifest.record import entry_from_record
from datalad_jsdl.manifest.urls import redact_text

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HEAD", "Readable", "read_manifest"]

HEAD = 1 << 20  # characters that a format is recognised by
_CHUNK = 1 << 18  # bytes


class Readable(Protocol):
    """As much of a binary file as reading a manifest takes."""

    def read(self, size: int, /) -> bytes:
        """The next bytes; b"" at the end."""


def read_manifest(
    stream: Readable,
    base_url: str | None = None,
    *,
    name: str | None = None,
    options: Options | None = None,
) -> Iterator[Entry | Refusal]:
    """Read the entries of a manifest in any format of the table.

    Args:
        stream: the document; only ever read forward.
        base_url: what relative URLs are resolved against.
        name: of the format; None to find it out.
        options: what the user says of the document.

    Yields:
        Each entry checked on its own. What only shows in the whole (a path twice, a
        path that is a folder of another) is for `selection.select_entries`.

    Raises:
        ManifestError: it is in no known format or breaks off; the text says where.
    """
    text = _decode(stream)
    head: list[str] = []
    seen = 0
    while seen < HEAD and (chunk := next(text, None)) is not None:
        head.append(chunk)
        seen += len(chunk)
    beginning = "".join(head)
    found = _format(beginning, name)
    for record in found.records(chain([beginning], text), options or Options()):
        yield entry_from_record(record, base_url)


def _format(beginning: str, name: str | None) -> Format:
    formats = all_formats()
    if name is not None:
        if name not in formats:
            known = ", ".join(sorted(formats))
            raise ManifestError(f"there is no format {name!r}; known are {known}")
        return formats[name]
    for found in formats.values():
        if found.sniff(beginning[:HEAD]):
            return found
    raise ManifestError(_unknown(beginning))


def _decode(stream: Readable) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    position = 0
    try:
        beginning = stream.read(1) + stream.read(1)
        if beginning == b"\x1f\x8b":
            raise ManifestError("the manifest is compressed (gzip); unpack it first")
        position = len(beginning)
        yield decoder.decode(beginning)
        while chunk := stream.read(_CHUNK):
            position += len(chunk)
            if text := decoder.decode(chunk):
                yield text
        if text := decoder.decode(b"", final=True):
            yield text
    except UnicodeDecodeError as error:
        # the decoder may have held bytes back: count from the end of what it was given
        position -= len(error.object) - error.start
        raise ManifestError(
            f"the manifest is not UTF-8 text: {error.reason} at byte {position}"
        ) from None


def _unknown(beginning: str) -> str:
    start = beginning.lstrip()
    if not start:
        return "the manifest is empty; expected a JSON object of path and URLs"
    if start[:40].lower().startswith(("<!doctype html", "<html")):
        return (
            "the manifest is an HTML page, not a manifest; if the portal wants a login, "
            "download the manifest with the browser and give its file name"
        )
    return (
        "the manifest is in no known format; expected a JSON object "
        '{"path": ["url", …]}, JSON Lines of {"path": …, "urls": […]}, or one of docs/formats.rst '
        f"(--format names it), but it begins with {redact_text(start[:4096])[:20]!r}"
    )
