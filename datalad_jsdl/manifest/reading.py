"""A manifest's bytes → entries and refusals, as a stream."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.addressed import addressed, addresses_in
from datalad_jsdl.manifest.archives import archives_from_record, names_archives
from datalad_jsdl.manifest.formats import (
    FORMATS,
    TABLES,
    Format,
    all_formats,
    json_array,
    json_lines,
    json_object,
    metalink3,
    metalink4,
    url_list,
)
from datalad_jsdl.manifest.formats.documents import forget_outline
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.plain import plain_entry
from datalad_jsdl.manifest.record import fully_checked
from datalad_jsdl.manifest.sizes import sizes_told
from datalad_jsdl.manifest.text import decoded
from datalad_jsdl.manifest.unpacking import Readable
from datalad_jsdl.manifest.unrecognised import foreign, other_json
from datalad_jsdl.manifest.without_urls import without_urls
from datalad_jsdl.model.entry import Refusal
from datalad_jsdl.model.urls import redact_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.record import Record
    from datalad_jsdl.model.entry import Entry

__all__ = ["HEAD", "Readable", "read_manifest"]

# where a size that is not known is left out
_EXACT: tuple[Format, ...] = (json_object, json_array, json_lines, metalink3, metalink4)

HEAD = 1 << 20  # characters that a format is recognised by


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
    options = replace(options or Options(), base_url=base_url)
    text = decoded(stream, options.encoding)
    head: list[str] = []
    seen = 0
    while seen < HEAD and (chunk := next(text, None)) is not None:
        head.append(chunk)
        seen += len(chunk)
    beginning = "".join(head)
    try:
        found = _format(beginning, name)
    finally:
        forget_outline()
    if options.columns:
        _require_columns(found)
    records = found.records(chain([beginning], text), options)
    if found not in _EXACT:
        records = sizes_told(records)
    items = _items(records, options)
    if options.checksums is None:
        yield from items
    else:
        yield from options.checksums.applied(items, by_name=found is url_list)


def _items(records: Iterator[Record], options: Options) -> Iterator[Entry | Refusal]:
    """What is of files, or refused; zips of the manifest are told of."""
    base_url, secrecy = options.base_url, options.secrecy
    for record in records:
        path, value, where, fault = record
        # as `entry_from_record` does; a call less for each of millions
        if (
            fault is None
            and (entry := plain_entry(path, value, where, base_url, secrecy)) is not None
        ):
            yield entry
            continue
        if path != "/" or not names_archives(record):
            found = fully_checked(record, base_url, secrecy)
            if isinstance(found, Refusal) and addresses_in(record):
                # those of the next ones are asked for at the same time
                answered = addressed(chain([record], records), options.ask)
                yield from _items(answered, replace(options, ask=None))
                return
            yield found
            continue
        archives = archives_from_record(record, base_url, secrecy)
        if isinstance(archives, Refusal):
            yield archives
        elif options.archives is not None:
            options.archives(archives)


def _format(beginning: str, name: str | None) -> Format:
    formats = all_formats()
    head = beginning[:HEAD]
    if name is not None and name not in formats:
        known = ", ".join(sorted(formats))
        raise ManifestError(f"unknown format {name!r}; known are {known}")
    rows = formats.values() if name is None else [formats[name]]
    found = next((row for row in rows if row.sniff(head)), None)
    # these two are known by little: an object, an object with a path
    fault = foreign(head) if found in (None, json_object, json_lines) else None
    if found in (None, json_object):
        fault = fault or (without_urls(head) if name is None else None)
    if found is json_object:
        fault = fault or other_json(head, said=name is not None)
    if fault:
        raise ManifestError(fault)
    if name is not None:
        return formats[name]
    if found is None:
        raise ManifestError(_unknown(beginning))
    return found


def _require_columns(found: Format) -> None:
    # what a format of another package makes of them, only that one knows
    name = next((name for name, row in FORMATS.items() if row is found), None)
    if name is not None and name not in TABLES:
        raise ManifestError(
            f"the manifest is in the format {name}, which has no columns, so --column does not "
            "apply (for a table, use --format csv)"
        )


def _unknown(beginning: str) -> str:
    start = beginning.lstrip()
    if not start:
        return "the manifest is empty; expected a JSON object of paths and URLs"
    if (number := json_array.stranger(beginning[:HEAD])) is not None:
        return (
            f"unknown manifest format: item {number} of the array is not an object with a path and "
            'URLs, nor is it the format of a known portal (see "Formats of manifests" in the '
            "documentation)"
        )
    return (
        f"unknown manifest format: it begins with {redact_text(start[:4096])[:20]!r}. Expected a "
        'JSON object {"path": ["url", …]}, JSON Lines of {"path": …, "urls": […]}, or a format '
        'listed under "Formats of manifests" in the documentation (choose it with --format)'
    )
