"""Tables of subjects as people and their programs write them."""

from __future__ import annotations

import pytest

from datalad_jsdl.errors import QueryError
from datalad_jsdl.orders.choosing.tables import Tables
from datalad_jsdl.orders.table_filter import TableFilter

PATHS = ["sub-01/a", "sub-02/a", "sub-02_b", "_x", "new"]
HEAD = "participant_id\tnote\tage\n"


def chosen(content: str | bytes, where: str, name: str = "participants.tsv") -> list[str]:
    raw = content if isinstance(content, bytes) else content.encode()
    tables = Tables([name, *PATHS], lambda path: raw)
    return sorted(tables.chosen(TableFilter.parse(where), PATHS))


@pytest.mark.parametrize("inside", ["\u2028", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_what_ends_no_line_in_a_file_ends_no_row(inside: str) -> None:
    text = f"{HEAD}sub-01\ta{inside}b\t31\nsub-02\tx\t29\n"
    assert chosen(text, "age > 30") == ["sub-01/a"]
    csv = f"participant_id,note,age\nsub-01,a{inside}b,31\n"
    assert chosen(csv, "age > 30", "participants.csv") == ["sub-01/a"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_ends_of_lines_and_a_byte_order_mark(end: str, mark: str) -> None:
    text = mark + f"{HEAD}sub-01\tx\t31\nsub-02\tx\t29\n".replace("\n", end)
    assert chosen(text, "age > 30") == ["sub-01/a"]


def test_a_quoted_cell_of_several_lines() -> None:
    text = 'participant_id,note,age\nsub-01,"a\nb, c",31\nsub-02,x,32\n'
    assert chosen(text, "age == 31", "participants.csv") == ["sub-01/a"]


def test_subjects_without_their_prefix() -> None:
    assert chosen(f"{HEAD}02\tx\t31\n", "age > 30") == ["sub-02/a", "sub-02_b"]


def test_a_row_of_nobody_is_about_no_file() -> None:
    assert chosen(f"{HEAD}\tx\t31\n", "age > 30") == []


def test_two_rows_of_a_subject() -> None:
    with pytest.raises(QueryError, match="has two rows of 01, which differ"):
        chosen(f"{HEAD}01\tx\t31\n01\tx\t29\n", "age > 30")
    assert chosen(f"{HEAD}sub-01\tx\t31\nsub-01\tx\t31\n", "age > 30") == ["sub-01/a"]


def test_a_column_twice() -> None:
    with pytest.raises(QueryError, match="has the column age twice"):
        chosen("participant_id\tage\tage\nsub-01\t31\t29\n", "age > 30")


@pytest.mark.parametrize("text", ["-" * 900 + "1", "a" + ".b" * 1900, "a == " + "-" * 900 + "1"])
def test_a_filter_that_is_too_deep_to_be_shown(text: str) -> None:
    with pytest.raises(QueryError, match="nested too deeply"):
        TableFilter.parse(text)
