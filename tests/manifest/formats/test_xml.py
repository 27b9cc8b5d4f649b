"""Elements and rows out of XML: both tell the same, and neither holds what is hostile."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.xml_rows import Row, rows
from datalad_jsdl.manifest.formats.xml_stream import Element, elements

Reader = Callable[..., Iterator[Element]] | Callable[..., Iterator[Row]]
READERS = [elements, rows]
WANTED = ("a", "b")

texts = st.sampled_from(["", " ", "x", " y\n", "&lt;", "<![CDATA[<z>]]>", "<!-- c -->", "<?p?>"])
names = st.sampled_from(["a", "b", "c", "n:a", "n:c"])


def _element(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    content = st.lists(texts | inner, max_size=5).map("".join)
    attributes = st.sampled_from(["", ' k="v"', ' xmlns="urn:other"', ' xml:base="u"', ' n:k="v"'])
    return st.builds("<{0}{1}>{2}</{0}>".format, names, attributes, content)


trees = st.recursive(st.builds("<{0}>{1}</{0}>".format, names, texts), _element, max_leaves=12)
documents = st.builds(
    '<{0} xmlns="{1}" xmlns:n="urn:n">{2}</{0}>'.format,
    st.sampled_from(["root", "a"]),
    st.sampled_from(["", "urn:x", "urn:n"]),
    st.lists(texts | trees, max_size=4).map("".join),
)


def as_row(element: Element) -> Row:
    children = {child.name: child.text for child in reversed(element.children)}
    return Row(element.name, element.line, {**children, "": element.text})


@given(documents, st.integers(1, 9))
def test_rows_are_what_elements_are(document: str, size: int) -> None:
    whole = list(map(as_row, elements(iter([document]), *WANTED)))
    assert list(rows(iter([document]), *WANTED)) == whole
    pieces = [document[at : at + size] for at in range(0, len(document), size)]
    assert list(rows(iter(pieces), *WANTED)) == whole
    assert list(map(as_row, elements(iter(pieces), *WANTED))) == whole


def test_only_the_element_s_own_text_is_its_text() -> None:
    document = "<r><a>1<k>2<a>3</a>4</k>5<k>6</k></a><k>7</k><b> 8 </b></r>"
    first, second = rows(iter([document]), *WANTED)
    assert (first.texts, second.texts) == ({"k": "24", "": "15"}, {"": "8"})
    (element, _) = elements(iter([document]), *WANTED)
    assert [child.own for child in element.all("k")] == ["24", "6"]
    assert element.all("k")[0].children[0].own == "3"


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("document", "why"),
    [
        ('<!DOCTYPE r [<!ENTITY e "x">]><r><a>&e;</a></r>', "document type or entities"),
        ('<!DOCTYPE r SYSTEM "http://127.0.0.1/x.dtd"><r/>', "document type or entities"),
        ("<r><a>&e;</a></r>", "undefined entity at line 1, column 7"),
        ("<r>\n<a></r>", "mismatched tag at line 2, column 6"),
        ("<r><a>", "no element found"),
        ("<x>" * 101, "line 1: more than 100 nested elements"),
        ("<r><a>" + "<x>" * 99, "line 1: more than 100 nested elements"),
        ("<r>\n<a>" + "<x/>" * (1 << 20), "line 2: more than 1048576 elements in one"),
    ],
)
def test_what_is_hostile_is_refused(reader: Reader, document: str, why: str) -> None:
    with pytest.raises(ManifestError, match=why):
        list(reader(iter([document]), *WANTED))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("part", "most"),
    [
        ("<a><k>x</k></a>\n", 2 << 20),
        ("<c>text</c> and more ", 2 << 20),
        ("<c{0}/>", 12 << 20),  # expat itself holds each name
    ],
)
def test_what_is_complete_is_not_held(reader: Reader, part: str, most: int) -> None:
    def text() -> Iterator[str]:
        yield "<r>"
        for number in range(100):
            yield "".join(part.format(1000 * number + n) for n in range(1000))
        yield "</r>"

    tracemalloc.start()
    try:
        found = sum(1 for _ in reader(text(), *WANTED))
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()
    assert found == (100_000 if "<a>" in part else 0)


@pytest.mark.parametrize("reader", READERS)
def test_an_element_without_end_is_not_held(reader: Reader) -> None:
    chunk = "x" * (1 << 20)
    with pytest.raises(ManifestError, match="no end of a <a> within"):
        list(reader((chunk if n else "<r><a>" for n in range(100)), *WANTED))


def test_attributes_are_named_by_their_namespace_and_bases_hold_for_what_is_inside() -> None:
    document = (
        '<r xmlns="urn:x" xmlns:n="urn:n" xml:base="1/">'
        '<c xml:base="2/"/><a k="v" n:k="w"><k xml:base="3/" k="x"/><k k="y" j="z"/></a>'
        '<a k="u"/></r>'
    )
    first, second = elements(iter([document]), *WANTED)
    assert first.attributes == {"k": "v", "{urn:n}k": "w"}
    base = "{http://www.w3.org/XML/1998/namespace}base"
    inner, other = first.by_name()["k"]
    assert inner.attributes == {base: "3/", "k": "x"}
    assert (inner.bases, first.bases, other.bases) == (("1/", "3/"), ("1/",), ("1/",))
    assert other.attributes == {"k": "y", "j": "z"}
    assert (second.attributes, second.bases, second.by_name()) == ({"k": "u"}, ("1/",), {})
