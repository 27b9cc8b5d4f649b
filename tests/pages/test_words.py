"""Names, numbers and times, as pages show them."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from datalad_jsdl.operations.availability import Access
from datalad_jsdl.orders.model import BLOCKED, FileRef, ListedFile, Statistics
from datalad_jsdl.orders.ordering import Limits
from datalad_jsdl.orders.review import Group
from datalad_jsdl.portal.pages import words
from datalad_jsdl.portal.pages.names import isolated, packed, query_of, shown, unpacked
from datalad_jsdl.portal.pages.reasons import reason_of
from datalad_jsdl.portal.pages.ways import ways_of

HOSTILE = [
    "plain/name.nii.gz",
    "<script>alert(1)</script>",
    "\"quotes' & amp;",
    "rtl\u202egpj.exe",
    "new\nline\r\n\ttab",
    "percent%20 +?#&=;.txt",
    "caf\udce9.txt",
    "\u05e2\u05d1\u05e8\u05d9\u05ea",
    "=formula",
    "a\u2028b\u0085c\u00a0d",
    "back\\slash`tick`",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_survive_forms_and_addresses(name: str) -> None:
    sent = packed(name)
    assert sent.isascii()
    assert sent.isprintable()
    assert unpacked(sent) == name
    assert query_of(folder=sent).isascii()


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("plain/name.nii.gz", "plain/name.nii.gz"),
        ("new\nline", "new\\nline"),
        ("rtl\u202egpj.exe", "rtl\\u{202e}gpj.exe"),
        ("caf\udce9", "caf\\xe9"),
        ("\u05e2\u05d1", "\u05e2\u05d1"),
        ("a\u2028b\x00", "a\\u{2028}b\\u{0}"),
        ("family \U0001f468\u200d\U0001f469", "family \U0001f468\u200d\U0001f469"),
    ],
)
def test_what_is_seen_of_a_name(name: str, seen: str) -> None:
    assert shown(name) == seen


def test_a_name_is_text() -> None:
    assert isolated("<b>&") == "<bdi>&lt;b&gt;&amp;</bdi>"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (None, "size unknown"), (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"),
        (1000, "1.00 KB"), (18_300, "18.3 KB"), (3_080_000_000, "3.08 GB"),
        (41_700_000_000, "41.7 GB"), (186 * 10**9, "186 GB"), (9_999_999, "10.0 MB"),
        (1_240_000_000_000, "1.24 TB"),
    ],
)  # fmt: skip
def test_bytes(size: int | None, text: str) -> None:
    assert words.bytes_text(size).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Statistics(2, 2000, 0), "2.00 KB"),
        (Statistics(2, 2000, 1), "at least 2.00 KB"),
        (Statistics(2, 0, 2), "size unknown"),
        (Statistics(0, 0, 0), "0 bytes"),
    ],
)
def test_bytes_of_several(found: Statistics, text: str) -> None:
    assert words.total(found).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""), (0, "about 5 s"), (42, "about 40 s"), (58, "about 1 min"),
        (200, "about 3 min"), (3600, "about 1 h"), (7300, "about 2 h"), (200_000, "about 2 days"),
    ],
)  # fmt: skip
def test_how_long(seconds: float | None, text: str) -> None:
    assert words.about(seconds).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("done", "of", "percent"), [(0, 10, 0), (999, 1000, 99), (10, 10, 100), (3, None, None)]
)
def test_share(done: int, of: int | None, percent: int | None) -> None:
    assert words.share(done, of) == percent


def test_times() -> None:
    now = datetime(2026, 11, 25, 15, 0, tzinfo=timezone.utc)
    assert words.on(now.replace(hour=14, minute=2), now) == "Today, 14:02"
    assert words.on(now.replace(day=5), now) == "5 Nov 2026, 15:00"


def test_every_state_has_a_word() -> None:
    assert words.STATES.keys() == set(Access)


@pytest.mark.parametrize("access", sorted(BLOCKED, key=lambda access: access.value))
@pytest.mark.parametrize("number", [1, 7])
def test_every_reason_has_words(access: Access, number: int) -> None:
    files = [ListedFile(FileRef("s", f"f{n}", "v"), 10) for n in range(number)]
    where = "https://a.example, https://b.example"
    group = Group(access, False, where, "", files, Statistics(number, 10 * number, 0))
    reason = reason_of("id", group, Limits())
    assert reason.title.startswith("1\u00a0file " if number == 1 else "7\u00a0files ")
    assert reason.title.endswith("(a.example, b.example)")
    assert reason.action
    assert (len(reason.shown), reason.more) == ((1, 0) if number == 1 else (5, 2))
    # a list of mirrors is no page to go to, nor is what a manifest may say to do harm
    assert reason.href == ""
    bad = Group(access, False, "javascript:alert(1)", "", files, group.statistics)
    assert reason_of("id", bad, Limits()).href == ""


def test_lines_for_shells() -> None:
    plain = ways_of("http://h:1", "/d/o.s/a.zip", "a.zip")
    assert plain[0].line == "curl -fC - -O 'http://h:1/d/o.s/a.zip'"
    assert plain[4].line == "datalad download-manifest 'http://h:1/d/o.s/manifest.json' a"
    odd = ways_of("http://h:1", "/d/o.s/it%27s%20a.zip", "it's a.zip")
    assert odd[0].line == """curl -fC - -o 'it'"'"'s a.zip' 'http://h:1/d/o.s/it%27s%20a.zip'"""
    assert odd[3].line == "curl.exe -fC - -o 'it''s a.zip' 'http://h:1/d/o.s/it%27s%20a.zip'"
