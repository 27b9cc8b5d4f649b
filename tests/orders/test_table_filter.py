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
    "change": "-2.5",
    "score": "nan",
}
LONG = "9" * 400  # more than a float can be


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
        ("change == -2.5", True),
        ("change == 2.5", False),
        ("age == +34", True),
        (f"age < {LONG}", True),
        (f"age < -{LONG}", False),
        (f"change < -{LONG}", False),
        ("site in ('A', 'B')", True),
        ("site not in ['A', 'B']", False),
        ("site in ('A',)", True),
        ("site in ('B', 'C')", False),
        ("not site in ('B', 'C')", True),
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
        ("not scanner in ('x',)", False),
        ("not scanner not in ('x',)", False),
        ("age > 30 and scanner == 'x'", False),
        ("not (age > 30 and scanner == 'x')", False),
        ("not (age > 40 and scanner == 'x')", True),
        ("not (age > 40 or scanner == 'x')", False),
        ("not sex == 'M'", True),
        # nor is what is no number, compared with one
        ("sex > 3", False),
        ("sex != 3", False),
        ("score != 3", False),
    ],
)
def test_what_is_chosen(text: str, chosen: bool) -> None:
    assert TableFilter.parse(text).matches(ROW) is chosen


def test_columns() -> None:
    parsed = TableFilter.parse("`handedness score` > 1 and (sex == 'F' or not age < 3)")
    assert parsed.columns == {"handedness score", "sex", "age"}
    assert TableFilter.parse("site in ('A', other) or age < 3").columns == {"site", "other", "age"}


CONDITION = "expected a comparison such as age > 30 or sex == 'F' in the filter, got "
OPERAND = "expected a column, a number or a string in the filter, got "
LIST = "expected a list of values after 'in', such as site in ('A', 'B')"
TOO_DEEP = "the filter is nested too deeply"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("age", CONDITION + "age"),
        ("age is 3", "a filter has no 'is'; to compare, use == or !="),
        ("age in 3", LIST),
        ("age in ()", LIST),
        ("age > 3 + 4", OPERAND + "3 + 4"),
        ("3 + 4 in (age,)", OPERAND + "3 + 4"),
        ("__import__('os').system('true') == 0", OPERAND + "__import__('os').system('true')"),
        ("().__class__ == 1", OPERAND + "().__class__"),
        ("[x for x in y] == 1", OPERAND + "[x for x in y]"),
        ("(lambda: 1) == 1", OPERAND + "lambda: 1"),
        ("age == True", OPERAND + "True"),
        ("age == None", OPERAND + "None"),
        ("age == -'3'", OPERAND + "-'3'"),
        ("age == b'3'", OPERAND + "b'3'"),
        ("age == f'{age}'", OPERAND + "f'{age}'"),
        ("age == 3j", OPERAND + "3j"),
        ("age > 3 if sex else 4", CONDITION + "age > 3 if sex else 4"),
        ("(age := 3) > 2", OPERAND + "(age := 3)"),
        ("not " * 200 + "age > 1", TOO_DEEP),
        ("age > 1 or " * 1000 + "age > 1", "the filter is too long: 11007 characters, of 4000"),
        ("age > '\udcff'", "cannot read the filter \"age > '\\udcff'\""),
    ],
)
def test_what_is_refused(text: str, says: str) -> None:
    with pytest.raises(QueryError) as caught:
        TableFilter.parse(text)
    assert str(caught.value) == says


@pytest.mark.parametrize(
    "text", ["", "age >", "age = 3", "age > '\0'", "(" * 3000 + "age" + ")" * 900]
)
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(QueryError, match=r"^cannot read the filter ['\"]"):
        TableFilter.parse(text)


def test_an_operand_that_is_nested_as_deep_as_python_goes() -> None:
    # some versions of Python cannot read it, others read it and cannot write it
    with pytest.raises(QueryError, match=r"nested too deeply|cannot read the filter"):
        TableFilter.parse("age" + "[0]" * 1300 + " > 1")


def test_how_long_a_filter_may_be() -> None:
    text = "age > 1".ljust(4000)
    assert TableFilter.parse(text).text == text
    with pytest.raises(QueryError, match="too long"):
        TableFilter.parse(text + " ")


@pytest.mark.parametrize("outer", ["not ({})", "age > 1 and ({})"])
def test_how_deep_a_filter_may_be(outer: str) -> None:
    text = "age > 1"
    for _ in range(49):
        text = outer.format(text)
    assert TableFilter.parse(text).columns == {"age"}
    with pytest.raises(QueryError, match="nested too deeply"):
        TableFilter.parse(outer.format(text))


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
