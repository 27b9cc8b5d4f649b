"""Elements that are read by the shape of an earlier one are what handlers make of them."""

from __future__ import annotations

import re
import tracemalloc
from itertools import permutations
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats import metalink4, xml_parser, xml_shapes
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.formats.xml_rows import Row, rows
from datalad_jsdl.manifest.formats.xml_shapes import Shapes, shape_of
from datalad_jsdl.manifest.formats.xml_stream import Element, elements

WANTED = ("a", "b")

values = st.sampled_from(
    ["", " ", "x", "é€", "&amp;quot;", "&#x41;&lt;", "&quot;z&quot;", "y\n", "]"]
)
gaps = st.sampled_from(["", "\n", "\r\n  ", " "])


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Elements of two or three forms with other values, and sometimes something between."""
    forms = draw(
        st.lists(
            st.sampled_from(
                [
                    '<a k="{}"><k>{}</k><l>{}</l></a>',
                    '<a>\n  <k j="{}" l="v">{}</k>\n  <m>\n    <k>{}</k>\n  </m></a>',
                    "<a>\r\n<k>{}</k>\r\n<l>{}</l>\n<k>{}</k></a>",
                    "<b>{}<!-- c --></b><c>{}</c><a>{}</a>",
                    '<a k="{}"/><a><k>{}</k></a ><b>{}</b>',
                    "<a><k>{}</k><a>{}</a>{}</a>",
                    '<a xmlns="urn:o"><k>{}</k></a><a><k>{}</k>{}</a>',
                    "<n:a><k>{}</k></n:a><a><k/><k>{}</k><k>{}</k></a>",
                    "<a><k><![CDATA[{}]]></k></a><!-- </a> {} --><a>{}</a>",
                    '<d xml:base="{}"><a><k>{}</k></a><a><k>{}</k></a></d>',
                ]
            ),
            min_size=1,
            max_size=3,
        )
    )
    parts = []
    for number in range(draw(st.integers(3, 14))):
        form = forms[draw(st.integers(0, len(forms) - 1)) if number % 4 == 3 else 0]
        parts += [draw(gaps), form.format(*(draw(values) for _ in range(3)))]
    namespace = draw(st.sampled_from(["", ' xmlns="urn:x"']))
    return f'<r{namespace} xmlns:n="urn:n">{"".join(parts)}</r>'


def told(document: str, size: int) -> tuple[list[Element], list[Row]]:
    pieces = [document[at : at + size] for at in range(0, len(document), size)]
    return list(elements(iter(pieces), *WANTED)), list(rows(iter(pieces), *WANTED))


@given(documents(), st.integers(5, 200), st.integers(10, 400))
def test_they_are_what_handlers_make_of_them(document: str, size: int, portion: int) -> None:
    with patch.object(Shapes, "pay", False):  # to compare with: every tag by handlers
        expected = told(document, len(document))
    with patch.object(xml_parser, "_PORTION", portion):
        assert told(document, size) == expected


_IN_FILE = (
    *("<size>7</size>", "\n<size> 8 </size>", "<size></size>", '<size k="1">9</size>'),
    f'<hash type="sha-256">{"a1" * 32}</hash>\n',
    f'<hash type="sha-256">{"b2" * 32}</hash>',
    *('<hash type="md5"> </hash>', '<hash type="">x</hash>', "<hash>x</hash>"),
    '<hash k="1" type="md5">x</hash>',
    '<url priority="1">https://h.example/a</url>',
    '<url location="de" priority="2"> https://h.example/b </url>',
    '<url priority="x" location="">https://h.example/c</url>',
    *("<url>https://h.example/a&amp;b</url>", "<url>d</url>", "<url></url>"),
    *("<url>ftp://h.example/a</url>", '<url type="a">https://h.example/e</url>'),
    *('<metaurl mediatype="torrent">https://h.example/t</metaurl>', "<url/>"),
    '<pieces type="sha-256" length="4"><hash>x</hash></pieces>',
    '<own:mtime xmlns:own="urn:x-datalad-jsdl:metalink">2024-01-01</own:mtime>',
)


@pytest.mark.parametrize("name", ['name="a"', 'name=""', 'name="a" k="1"', "", 'k="1"'])
@pytest.mark.parametrize("base", ["", ' xml:base="https://base.example/"'])
def test_files_of_a_metalink_are_what_handlers_make_of_them(name: str, base: str) -> None:
    for pair in permutations(_IN_FILE, 2):
        # what comes first is read by handlers
        inner = f"\n<file {name}><size>7</size>{''.join(pair)}</file>" * 9
        document = f'<metalink xmlns="urn:ietf:params:xml:ns:metalink"{base}>{inner}</metalink>'
        found = metalink4.records(iter([document]), Options())
        with patch.object(xml_parser, "_PORTION", 600):
            by_shape = list(map(repr, found))
        with patch.object(Shapes, "pay", False):
            expected = list(map(repr, metalink4.records(iter([document]), Options())))
        assert by_shape == expected


def test_most_elements_are_read_without_handlers() -> None:
    document = "<r>" + "".join(f"<a><k>{n}</k></a>\n" for n in range(9000)) + "</r>"
    seen = 0
    found = Shapes.found

    def counted(shapes: Shapes[Row], line: int) -> list[Row]:
        nonlocal seen
        made = list(found(shapes, line))
        seen += len(made)
        return made

    with patch.object(Shapes, "found", counted):
        last = list(rows(iter([document]), "a"))[-1]
    assert last == Row("a", 9000, {"": "", "k": "8999"})
    assert 8000 < seen < 9000


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("<a><k>&e;</k></a>", "undefined entity"),
        ("<a><k>]]></k></a>", "not well-formed"),
        ("<a><k>\x01</k></a>", "not well-formed"),
        ("<a><k>1</k></b>", "mismatched tag"),
        ("<a><k>&#0;</k></a>", "reference to invalid character number"),
        ("<a><k>&#x110000;</k></a>", "reference to invalid character number"),
        ("<a><k>&#99999999999999999999;</k></a>", "reference to invalid character number"),
        ("<a><k>&#12a;</k></a>", "not well-formed"),
        ("<a><k>", "no element found|mismatched tag"),
    ],
)
def test_what_looks_like_the_others_and_is_wrong_is_refused(wrong: str, why: str) -> None:
    document = "<r>" + "\n<a><k>v</k></a>" * 3000 + wrong + "</r>"
    with pytest.raises(ManifestError, match=f"not XML: (?:{why}).* at line 3001"):
        list(rows(iter([document]), "a"))


@pytest.mark.parametrize(
    "source",
    [
        "<a>x<k/></a>",
        "<a/><a/>",
        "<a></b>",
        "</a>",
        "<a>",
        "<a k='v'/>",
        '<a xmlns="urn:x"/>',
        '<a n:k="v"/>',
        "<n:a/>",
        "<a><!-- c --></a>",
        "<a>\r<k/></a>",
        "<a>x\ny</a>",
        "<a>" + "<k/>" * 2000 + "</a>",
        "<k>" * 11 + "</k>" * 11,
    ],
)
def test_what_needs_a_closer_look_has_no_shape(source: str) -> None:
    assert shape_of(source) is None


def test_a_shape_has_all_values_and_the_lines() -> None:
    shape = shape_of('\n <a k="1" l="2">\n<b/><c m="3">4</c>\n</a>')
    assert shape is not None
    assert shape.pattern.fullmatch('\n <a k="x" l="">\n<b/><c m="y">z</c>\n</a>')
    assert re.compile(shape.pattern).groups == 4
    part = shape.part
    assert (shape.lines, part.line, part.attributes, part.first) == (3, 1, ("k", "l"), 0)
    assert [(child.name, child.line, child.text) for child in part.children] == [
        ("b", 2, None),
        ("c", 2, 3),
    ]
    assert (part.own, part.text) == ("\n\n", None)


def test_elements_without_a_shape_are_soon_left_to_handlers() -> None:
    odd = "<a><k>two\nlines</k></a>"
    document = "<r>" + f"<a><k>v</k></a>{odd}" * 3000 + "</r>"
    with patch.object(xml_shapes, "shape_of", wraps=shape_of) as taken_apart:
        assert sum(1 for _ in rows(iter([document]), "a")) == 6000
    assert taken_apart.call_count < 100


def test_tags_with_namespaces_are_not_held() -> None:
    text = ("<r>" if n < 0 else '<a xmlns="u"/>' * 1000 for n in range(-1, 100))
    tracemalloc.start()
    try:
        with pytest.raises(ManifestError, match="no element found"):
            list(rows(text, "b"))
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()
