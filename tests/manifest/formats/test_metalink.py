"""Metalink 4 and 3: what is read of them, and hostile XML."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterator

import pytest

from datalad_jsdl.manifest.formats import FORMATS
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.formats.xml_root import root_tag
from tests.manifest.formats.samples import (
    METALINK3,
    METALINK4,
    SHA1,
    SHA256,
    entries,
    error_of,
    read,
    refused,
)


def test_metalink_4() -> None:
    first, second = entries(METALINK4)
    assert (first.path, first.size, first.where) == ("data/a.nii.gz", 300, "line 5")
    assert first.digests == {"sha256": SHA256, "md5": "0" * 32}
    # the low number first
    assert [(c.url, c.priority, c.location) for c in first.candidates] == [
        ("https://us.example/a.nii.gz", 1, None),
        ("https://de.example/a.nii.gz", 2, "de"),
    ]
    assert first.pieces is not None
    assert (first.pieces.algorithm, first.pieces.length) == ("sha1", 256)
    assert first.pieces.hexdigests == (SHA1, SHA1)
    assert (second.path, second.size, second.digests) == ("b", None, {})


def test_metalink_3() -> None:
    (entry,) = entries(METALINK3)
    assert (entry.path, entry.size, entry.digests) == ("data/a.nii.gz", 300, {"sha1": SHA1})
    # the high number first; the torrent is no mirror
    assert [(c.url, c.priority, c.location) for c in entry.candidates] == [
        ("http://us.example/a.nii.gz", 0, None),
        ("http://de.example/a.nii.gz", 90, "de"),
    ]
    assert entry.pieces is not None
    assert entry.pieces.hexdigests == ("a" * 40, "b" * 40)


def test_a_torrent_without_a_type() -> None:
    document = METALINK3.replace(' type="bittorrent"', "")
    assert ".torrent" not in "".join(entries(document)[0].registrable)


def test_the_namespace_may_have_a_prefix() -> None:
    document = METALINK4.replace("xmlns=", "xmlns:m=").replace("<!--", "<!--<")
    document = re.sub(r"<(/?)(?=[a-z])", r"<\1m:", document)
    assert repr(entries(document)) == repr(entries(METALINK4))


def test_elements_of_other_namespaces_are_passed_over() -> None:
    added = '<x:size xmlns:x="urn:x">5</x:size><x:url xmlns:x="urn:x">https://x.example</x:url>'
    document = METALINK4.replace("    <size>300", f"    {added}<size>300")
    assert repr(entries(document)) == repr(entries(METALINK4))


FAULTS = [
    ('name="data/', 'name="../', "'..' component"),
    ('name="data/', 'name="/', "absolute"),
    ('name="data/', 'name="data\\', "backslash"),
    (' name="data/a.nii.gz"', "", "path is missing"),
    (f">{SHA1}", f">{SHA1[1:]}", "39 characters"),
    ("<size>300", "<size>-1", "negative"),
    ("<size>300", "<size>1 MB", "'1 MB' is not a whole number"),
    ("<size>300", f"<size>{'9' * 5000}", "larger than any file"),
    ("<size>300", "<size>3000", "2 pieces of 256 bytes"),
    ('length="256"', 'length="0"', "length"),
    ('length="256"', "", "length"),
    (">http", ">rsync", "none of its URLs is http or https"),
]
GOOD = """<file name="good"><url>https://g.example/g</url>
<resources><url>https://g.example/g</url></resources></file>"""


@pytest.mark.parametrize(("old", "new", "why"), FAULTS)
@pytest.mark.parametrize("document", [METALINK4, METALINK3])
def test_only_the_bad_file_is_refused(document: str, old: str, new: str, why: str) -> None:
    first, end, rest = document.partition("</file>")
    if old in first:
        reason = refused(first.replace(old, new) + end + GOOD + rest)
        assert reason.startswith(("line 4: ", "line 5: "))
        assert why in reason


def test_two_digests_that_differ() -> None:
    added = f'<hash type="sha-256">{"3" * 64}</hash>'
    assert "two different 'sha-256'" in refused(METALINK4.replace("<pieces", added + "<pieces"))
    added = f'<hash type="sha-256">{SHA256.upper()}</hash>'
    assert len(entries(METALINK4.replace("<pieces", added + "<pieces"))) == 2


def test_a_file_without_any_url() -> None:
    document = re.sub("<url.*?</url>", "", METALINK3)
    assert refused(document) == "line 4: data/a.nii.gz: no URL"


def test_the_strongest_pieces() -> None:
    weak = '<pieces length="9" type="md5"></pieces><pieces length="9" type="crc32"></pieces>'
    document = METALINK4.replace("    <pieces", f"    {weak}<pieces")
    assert repr(entries(document)) == repr(entries(METALINK4))


BOMB = '<!DOCTYPE metalink [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>\n<metalink'
OUTSIDE = '<!DOCTYPE metalink [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n<metalink'


@pytest.mark.parametrize("document", [METALINK4, METALINK3])
@pytest.mark.parametrize("start", [BOMB, OUTSIDE, '<!DOCTYPE metalink SYSTEM "x.dtd">\n<metalink'])
def test_a_document_type(document: str, start: str) -> None:
    hostile = document.replace("<metalink", start, 1).replace("300", "&b;")
    assert "document type or entities" in error_of(hostile)


@pytest.mark.parametrize("document", [METALINK4, METALINK3])
def test_broken_xml_names_its_place(document: str) -> None:
    assert re.search(
        r"not XML: .* at line [56], column \d+", error_of(document.replace("<size", "<", 1))
    )
    assert "not XML: undefined entity at line" in error_of(document.replace("300", "&nbsp;"))
    assert "not XML: not well-formed" in error_of(document.replace("300", "3\0"))
    assert "not UTF-8" in error_of(document.encode("latin-1").replace(b"300", b"\xe9"))


@pytest.mark.slow
@pytest.mark.parametrize("document", [METALINK4, METALINK3])
def test_a_truncated_document_is_never_taken_for_whole(document: str) -> None:
    whole = document.rstrip()
    for end in range(whole.index("xmlns") + 60, len(whole)):
        assert "not XML" in error_of(whole[:end])


def test_what_cannot_be_held() -> None:
    deep = METALINK4.replace("<size>300", "<x>" * 200 + "<size>300")
    assert "more than 100 nested elements" in error_of(deep)


def test_an_encoding_that_is_not_the_document_s() -> None:
    # the text has been decoded, whatever the document says of itself
    for name in ("UTF-16", "no-such-thing", "ISO-8859-1"):
        assert len(read(METALINK4.replace("UTF-8", name))) == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["metalink4", "metalink3"])
def test_a_long_document_is_not_held(name: str) -> None:
    document = METALINK4 if name == "metalink4" else METALINK3
    start, file, rest = document.partition("<file ")
    file, close, _ = (file + rest).partition("</file>")

    def text() -> Iterator[str]:
        yield start
        for _ in range(3000):
            yield file + close
        yield "</files></metalink>" if "<files>" in start else "</metalink>"

    tracemalloc.start()
    try:
        assert sum(1 for _ in FORMATS[name].records(text(), Options())) == 3000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.timeout(120)  # as good as for ever
@pytest.mark.parametrize("part", ["<!DOCTYPE x>", "<!DOCTYPE x><!-- -->", "<?x?>"])
def test_a_prolog_without_end_takes_no_time(part: str) -> None:
    assert root_tag(part * 300_000, "metalink") == ""
