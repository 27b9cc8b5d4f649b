"""What decides without a disk, a network or another program: which tests have to know it."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ROWS", "Row"]


class Row(NamedTuple):
    """A module, below ``datalad_jsdl/``.

    Attributes:
        module: its file.
        tests: those that have to notice each change of it, below ``tests/``.
        floor: per cent of its lines and branches that these alone run.
    """

    module: str
    tests: str
    floor: int


ROWS = {
    "layout": Row("archive/zip/layout.py", "archive/test_layout.py", 99),
    "ranges": Row("portal/ranges.py", "serving/test_ranges.py", 99),
    "segments": Row("fetch/file/segments.py", "fetch/test_segments.py", 99),
    "journal": Row("fetch/file/journal.py", "fetch/test_journal.py", 99),
    "paths": Row("model/paths.py", "manifest/test_paths.py", 99),
    "selection": Row("manifest/selection.py", "manifest/test_selection.py", 99),
    "record": Row("manifest/record.py", "manifest/test_record.py", 99),
    "table filter": Row("orders/table_filter.py", "orders/test_table_filter.py", 99),
}
