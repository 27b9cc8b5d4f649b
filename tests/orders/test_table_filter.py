"""The filter on a table's rows: what it chooses, and what it refuses to read."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datalad_jsdl.errors import QueryError
from datalad_jsdl.orders.table_filter import TableFilter

ROW = {
    "age": "34",
    "sex": "F",
    "site": "A",
    "handedness score": "0.5",
    "scanner": "n/a",
    "id": "007",
}


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("age > 30 and sex == 'F'", True),
        ("age>30 and sex=='M'", False),
        ("age > 30 or sex == 'M'", True),
        ("not age > 30", False),
        ("18 <= age < 65", True),
        ("40 <= age < 65", False),
        ("age == 34.0", True),
        ("age == '34'", True),
        ("age == '34.0'", False),  # text against text
        ("id == 7", True),
        ("id == '7'", False),
        ("age > -1", True),
        ("site in ('A', 'B')", True),
        ("site not in ['A', 'B']", False),
        ("age in (33, 34)", True),
        ("`handedness score` >= 0.5", True),
        ("sex == site", False),
        ("age > id", True),
        # what is missing is neither equal nor unequal
        ("scanner == 'x'", False),
        ("scanner != 'x'", False),
        ("not scanner == 'x'", False),
        ("scanner != 'x' or age > 30", True),
        ("scanner not in ('x',)", False),
        # nor is what is no number, compared with one
        ("sex > 3", False),
        ("sex != 3", False),
    ],
)
def test_what_is_chosen(text: str, chosen: bool) -> None:
    assert TableFilter.parse(text).matches(ROW) is chosen


def test_columns() -> None:
    parsed = TableFilter.parse("`handedness score` > 1 and (sex == 'F' or not age < 3)")
    assert parsed.columns == {"handedness score", "sex", "age"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "cannot read the filter ''"),
        ("age >", "cannot read the filter"),
        ("age", "expected a comparison such as .*, got age"),
        ("age = 3", "cannot read the filter"),
        ("age is 3", "has no 'is'"),
        ("age in 3", "a list of values after 'in'"),
        ("age in ()", "a list of values after 'in'"),
        ("age > 3 + 4", r"a column, a number or a string in the filter, got 3 \+ 4"),
        ("__import__('os').system('true') == 0", "got __import__"),
        ("().__class__ == 1", "got .*__class__"),
        ("[x for x in y] == 1", "got"),
        ("(lambda: 1) == 1", "got"),
        ("age == True", "got True"),
        ("age == None", "got None"),
        ("age == -'3'", "got -'3'"),
        ("age == b'3'", "got b'3'"),
        ("age == f'{age}'", "got f"),
        ("age == 3j", "got 3j"),
        ("age > 3 if sex else 4", "got"),
        ("(age := 3) > 2", "got"),
        ("not " * 200 + "age > 1", "nested too deeply"),
        ("(" * 3000 + "age" + ")" * 900, "cannot read the filter"),
        ("age > 1 or " * 1000 + "age > 1", "too long"),
        ("age > '\0'", "cannot read the filter"),
    ],
)
def test_what_is_refused(text: str, says: str) -> None:
    with pytest.raises(QueryError, match=says):
        TableFilter.parse(text)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="abc `'\"()[]{}<>=!.,:0123456789_andortifl\n\\", max_size=60))
@example("a==1e999")
@example("a<" + "9" * 400)
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    try:
        parsed = TableFilter.parse(text)
    except QueryError:
        return
    assert parsed.matches(dict.fromkeys(parsed.columns, "1")) in (True, False)
