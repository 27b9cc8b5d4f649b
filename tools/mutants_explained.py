"""Changes of the pure core that no test can notice: the same program in other words.

`tools/mutants.py` does not list them.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["EXPLAINED", "Change"]


class Change(NamedTuple):
    """One of mutmut's changes; lines are without their indentation, several joined by a space.

    Attributes:
        without: the line as it stands.
        instead: what it is changed into.
    """

    without: str
    instead: str


def _not_strict(line: str, why: str) -> dict[Change, str]:
    """What is zipped is of the same length, for some reason."""
    with_it = "strict=True"
    return {
        Change(line, line.replace(with_it, other)): why
        for other in ("strict=None", "strict=False", "")
    }


# by row of `pure_core`
EXPLAINED: dict[str, dict[Change, str]] = {
    "journal": {
        Change("offset = 0", "offset = 1"): "a line is longer than a byte",
        Change("synced = 0", "synced = 1"): "only the first line is before byte 1",
        Change("self._unsynced = 0", "self._unsynced = 1"): "a byte sooner is as good",
        Change(
            "file, length, self._unsynced = self._file, self._length, 0",
            "file, length, self._unsynced = self._file, self._length, 1",
        ): "a byte sooner is as good",
    },
    "layout": {
        **{
            Change(line, line.replace("Q", "q")): "nothing has 2**63 bytes"
            for line in (
                'self._name_starts = array("Q")',
                'self._sizes = array("Q")',
                'self._offsets = array("Q")',
                'self._centrals = array("Q")  # offsets in the central directory',
            )
        },
        **_not_strict(
            "for structure, length in zip(_OF_A_MEMBER, lengths(member), strict=True):",
            "both are three",
        ),
        **{
            Change(
                "for index in range(max(bisect_right(starts, start) - 1, 0), "
                "bisect_left(starts, stop)):",
                f"for index in range({first}bisect_left(starts, stop)):",
            ): "more is looked at, and nothing is cut out of it: it only takes longer"
            for first in ("", "max(bisect_right(starts, start) - 2, 0), ")
        },
    },
    "ranges": {
        Change(
            "if not _matches(tags, validators.etag, weak=False):",
            "if not _matches(tags, validators.etag, weak=None):",
        ): "None is as false",
        Change(
            'found = parsedate_to_datetime(given or "")',
            'found = parsedate_to_datetime(given or "XXXX")',
        ): "neither text is a date",
        **{
            Change('if field.strip(" \\t") == "*":', f'if field.strip({other}) == "*":'): (
                "a field has no other white space at its ends, and no X beside a star"
            )
            for other in ("None", '"XX \\tXX"')
        },
    },
    "record": {
        **{
            Change(
                "if fault is None and (entry := plain_entry(path, value, where, base_url, secrecy))"
                " is not None:",
                f"if fault is None and (entry := plain_entry({given}, secrecy)) is not None:",
            ): "the full check gives the same entry, in more time"
            for given in (
                *("None, value, where, base_url", "path, None, where, base_url"),
                *("value, where, base_url", "path, where, base_url", "path, value, where, None"),
            )
        },
    },
    "segments": {
        Change("self.ended = False", "self.ended = None"): "None is as false",
        Change(
            "if not self._last or now - self._before[0] < _TELLING:",
            "if not self._last or now - self._before[0] <= _TELLING:",
        ): "no two times are that apart to the last digit",
        Change(
            "if worth and (best is None or gain > best[0]):",
            "if worth and (best is None or gain >= best[0]):",
        ): "of two that are as good either may be cut",
    },
    "selection": {
        Change("fault = None", 'fault = ""'): "both are no fault",
        Change(
            "selection.entries[path] = entry if path == entry.path else replace(entry, path=path)",
            "selection.entries[path] = entry if (path == entry.path) and False "
            "else replace(entry, path=path)",
        ): "an equal entry, made anew",
    },
    "table filter": {
        **_not_strict(
            "return zip(node.ops, node.comparators, strict=True)",
            "Python's parser makes as many operators as comparators",
        ),
    },
}
