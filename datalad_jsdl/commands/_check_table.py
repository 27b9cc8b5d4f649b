"""What ``download-manifest --check`` shows a person: a table of mirrors, files, a summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import humanize

from datalad_jsdl.fetch.disk import RESERVE
from datalad_jsdl.model.amounts import counted, size_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["HEADER", "check_lines", "summary"]

_MOST_FILES = 10
_UNKNOWN = "unknown"
HEADER = (
    "mirror", "state", "files", "only there", "size", "per connection", "latency", "resumes",
)  # fmt: skip
_LEFT = (0, 1, 7)  # columns of words; numbers are to the right


def check_lines(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """The records of one check, as lines of text."""
    mirrors = [record for record in records if record["type"] == "mirror"]
    files = [record for record in records if record["type"] == "file"]
    lines = _table(mirrors) if mirrors else []
    for status, sign in (("ok", "warning: "), ("error", "error: ")):
        some = [record["message"] for record in files if record["status"] == status]
        lines += [f"{sign}{message}" for message in some[:_MOST_FILES]]
        if len(some) > _MOST_FILES:
            more = counted(len(some) - _MOST_FILES, "more file")
            lines.append(f"{sign}and {more} (datalad -f json)")
    for record in records:
        if record["type"] == "dataset":
            sign = "" if record["status"] == "ok" else "error: "
            lines.append(f"{sign}{record['path']}: {record['message']}")
    return lines


def _table(mirrors: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [HEADER, *map(_row, mirrors)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if number in _LEFT else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    notes = ["", *map(_note, mirrors)]
    return [text for line, note in zip(lines, notes, strict=True) for text in (line, note) if text]


def _row(mirror: Mapping[str, Any]) -> tuple[str, ...]:
    rate, latency, ranges = mirror["rate"], mirror["latency"], mirror["ranges"]
    return (
        mirror["mirror"],
        mirror["state"],
        str(mirror["files"]),
        str(mirror["only"]),
        _size(mirror),
        f"{size_text(rate)}/s" if rate else _UNKNOWN,
        f"{1000 * latency:.0f} ms" if latency else _UNKNOWN,
        _UNKNOWN if ranges is None else "yes" if ranges else "no",
    )


def _size(mirror: Mapping[str, Any]) -> str:
    if mirror["bytes"] is None:
        return _UNKNOWN
    text = size_text(mirror["bytes"])
    return f"over {text}" if mirror["unsized"] else text


def _note(mirror: Mapping[str, Any]) -> str:
    """What else there is to say of a mirror, below its line; "" for nothing."""
    parts = [mirror["fault"]] if mirror["fault"] else []
    others = {kind: number for kind, number in mirror["answers"].items() if kind != "ok"}
    if mirror["state"] == "ok" and others:
        parts.insert(0, f"other responses: {', '.join(f'{n} {k}' for k, n in others.items())}")
    return f"  {'; '.join(parts)}".replace("\n", "\n  ") if parts else ""


def summary(fields: Mapping[str, Any]) -> str:
    """The dataset's record in words; *fields* are the record's."""
    files, asked, lost = (fields[f"files_{word}"] for word in ("to_download", "asked", "lost"))
    details = []
    if files:
        details.append(size_text(fields["bytes_to_download"]))
        if unsized := fields["files_unsized"]:
            details[0] += f" plus {unsized} of unknown size"
        if fields["bytes_staged"]:
            details.append(f"{size_text(fields['bytes_staged'])} from an interrupted run")
        details.append(_time(fields["seconds_least"], fields["seconds_most"]))
    text = f"{counted(files, 'file')} to download"
    text += f" ({', '.join(details)})" if details else ""
    if fields["files_here"]:
        text += f", {fields['files_here']} already present"
    if files:
        some = "" if asked == files else f" ({asked} of them checked)"
        text += (f"; {lost} unavailable" if lost else "; all are available") + some
    if fields["files_skipped"]:
        text += f"; would skip {counted(fields['files_skipped'], 'file')}, see above"
    return f"{text}{_room(fields)}"


def _room(fields: Mapping[str, Any]) -> str:
    free, short = f"{size_text(fields['bytes_free'])} free", fields["short_of"]
    if not short:
        return f"; {free}"
    text = ""
    if "bytes" in short:
        kept = f" ({RESERVE} keeps {size_text(fields['bytes_reserved'])})"
        text = f". Not enough disk space: {free}{kept if fields['bytes_reserved'] else ''}"
    if "inodes" in short:
        text += f". Not enough inodes: {fields['inodes_free']} free"
    return text


def _time(least: float | None, most: float | None) -> str:
    if least is None or most is None:
        return "time unknown"
    short, long = _duration(least), _duration(most)
    return f"about {long}" if short == long else f"{short} to {long}"


def _duration(seconds: float) -> str:
    unit = "seconds" if seconds < 120 else "minutes" if seconds < 86_400 else "hours"
    return humanize.precisedelta(max(1, round(seconds)), minimum_unit=unit, format="%d")
