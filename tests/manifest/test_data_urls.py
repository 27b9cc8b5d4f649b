"""``data:`` URLs: what they have in them, what is none, and that nobody is shown it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from typing import Any
from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.own_form import own_form
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.manifest.record import Record, entry_from_record
from datalad_jsdl.manifest.selection import select_entries
from datalad_jsdl.manifest.writing import write_entries
from datalad_jsdl.model.data_urls import (
    MOST,
    MOST_IN_ALL,
    content_of_data_url,
    data_url,
    is_data_url,
)
from datalad_jsdl.model.entry import Entry, Refusal
from datalad_jsdl.model.inline import Inline, symlink_fault
from datalad_jsdl.model.urls import excerpt, normalise_url, redact, redact_text
from datalad_jsdl.repository.entries import Unlisted, as_far_as_there_is_room
from tests.manifest.test_checksums import lists

WORD = "hunter2"
MEDIA = ["", "text/plain", "text/plain;charset=utf-8", "application/x+json;a=b;c=d%20e"]


@given(st.binary(max_size=300), st.sampled_from(MEDIA))
def test_content_in_both_forms(content: bytes, media: str) -> None:
    assert content_of_data_url(data_url(content)) == content
    encoded = base64.b64encode(content).decode()
    assert content_of_data_url(f"data:{media};base64,{encoded}") == content
    assert content_of_data_url(f"DATA:{media};BASE64,{quote(encoded, safe='')}") == content
    assert content_of_data_url(f" data:{media},{quote_from_bytes(content)}") == content


@given(st.text() | st.text("data:;base64,AZ09+/=%2F# \n\xe9"))
def test_any_text_is_content_or_refused(text: str) -> None:
    for url in (text, f"data:{text}", f"data:,{text}", f"data:;base64,{text}"):
        said = ""
        try:
            assert len(content_of_data_url(url)) <= len(url)
        except ValueError as error:
            said = str(error)
        assert not said or (said.startswith("a data: URL ") and len(said) < 100)


MALFORMED = {
    "no comma": "data:text/plain",
    "cut off": "data:;base64,SGVsbG8",
    "in the middle": "data:;base64,SGVs=G8=",
    "of URLs": "data:;base64,SGVs_-8=",
    "white space": "data:;base64,SGVs bG8=",
    "a line": "data:,a\nb",
    "no ASCII": "data:,\xe9",
    "a fragment": "data:,a#b",
    "an escape": "data:,100%",
    "escapes": "data:;base64,%E9%E9%E9%E9",
}


@pytest.mark.parametrize("which", MALFORMED)
def test_malformed(which: str) -> None:
    with pytest.raises(ValueError, match=r"^a data: URL is malformed: it has"):
        content_of_data_url(MALFORMED[which])


def test_the_limit_is_exact() -> None:
    assert len(content_of_data_url(data_url(bytes(MOST)))) == MOST
    assert len(content_of_data_url("data:," + "a" * MOST)) == MOST
    for shift in range(4):  # portions are cut at no escape
        assert content_of_data_url(f"data:,{'a' * shift}{'%41' * 70_000}") == (
            b"a" * shift + b"A" * 70_000
        )
    for url in (
        data_url(bytes(MOST + 1)),
        "data:," + "a" * (MOST + 1),
        "data:," + "%00" * 2 * MOST,
    ):
        with pytest.raises(ValueError, match="more content than the 8 MiB that are allowed"):
            content_of_data_url(url)


def test_none_is_shown() -> None:
    for url in (f"data:,{WORD}", f"data:{WORD}", f" DATA:text/plain;a=b,{WORD}"):
        assert is_data_url(url)
        assert redact(url) == "data:…"
        assert excerpt(url) == "'data:…'"
        with pytest.raises(ValueError, match="scheme") as raised:
            normalise_url(url)
        assert WORD not in str(raised.value)
    assert redact_text(f"see data:text/plain;charset=utf-8,{WORD}!") == "see data:…"
    assert redact_text("metadata: none, data: some") == "metadata: none, data: some"


def entry(value: Any, path: str = "a") -> Entry | Refusal:
    return entry_from_record(Record(path, value, "line 7"))


def test_the_entry_is_complete() -> None:
    found = entry(["data:,Hello"])
    assert isinstance(found, Entry)
    assert found.inline is not None
    assert found.inline.content == b"Hello"
    assert (found.size, tuple(found.candidates), found.registrable) == (5, (), ())
    assert dict(found.digests) == {"sha256": hashlib.sha256(b"Hello").hexdigest()}
    assert WORD not in repr(entry([f"data:,{WORD}"]))
    assert WORD not in repr(entry([f"data:#,{WORD}#"]))
    # mirrors are not needed
    assert entry(["https://h.example/x?sig=1", {"url": "data:,Hello", "priority": 3}]) == found
    assert entry({"url": "data:;base64,SGVsbG8=", "extra_urls": "data:,Hello"}) == found


def test_what_is_said_has_to_agree() -> None:
    md5 = hashlib.md5(b"Hello").hexdigest()
    right = {"algorithm": "md5", "length": 5, "digests": [md5]}
    found = entry({"url": "data:,Hello", "size": 5, "digests": {"md5": md5}, "pieces": right})
    assert isinstance(found, Entry)
    assert found.digests.keys() == {"md5", "sha256"}
    assert found.pieces is None
    for fields in (
        {"size": 4}, {"digests": {"md5": md5, "sha1": "0" * 40}},
        {"pieces": {"algorithm": "md5", "length": 3, "digests": [md5, md5]}},
        {"pieces": {"algorithm": "md5", "length": 1 << 62, "digests": ["0" * 32]}},
    ):  # fmt: skip
        refused = entry({"url": "data:,Hello", **fields})
        assert isinstance(refused, Refusal)
        assert refused.reason.startswith("the ")
        assert refused.given["url"] == "data:,Hello"


def test_a_checksum_list_has_to_agree() -> None:
    found = entry(["data:,Hello"])
    assert isinstance(found, Entry)
    sha1 = hashlib.sha1(b"Hello").hexdigest()
    (right,) = lists(f"{sha1}  a").applied([found])
    assert isinstance(right, Entry)
    (wrong,) = lists(f"{'0' * 40}  a").applied([found])
    assert isinstance(wrong, Refusal)
    assert "the sha1 is not that" in wrong.reason


@pytest.mark.parametrize("name", ["json", "jsonl"])
@given(contents=st.lists(st.binary(max_size=50), min_size=1, max_size=4))
def test_what_is_written_reads_back(name: str, contents: list[bytes]) -> None:
    items = [entry([data_url(content)], f"p{n}") for n, content in enumerate(contents)]
    items.append(entry({"url": "data:,p0", "symlink": True, "mtime": 5}, "link"))
    entries = [item for item in items if isinstance(item, Entry)]
    assert len(entries) == len(contents) + 1
    document = "".join(write_entries(name, entries))
    back = list(read_manifest(io.BytesIO(document.encode())))
    assert [own_form(e) for e in back if isinstance(e, Entry)] == [own_form(e) for e in entries]
    assert [e.inline for e in back if isinstance(e, Entry)] == [e.inline for e in entries]


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_the_first_entry_may_be_larger_than_what_formats_are_known_by(name: str) -> None:
    found = entry([data_url(bytes(MOST))])
    assert isinstance(found, Entry)
    document = "".join(write_entries(name, [found]))
    assert list(read_manifest(io.BytesIO(document.encode()))) != []
    (back,) = read_manifest(io.BytesIO(document.encode()))
    assert isinstance(back, Entry)
    assert back.inline == found.inline


OTHERS = {
    "csv": f"path,url\na,\"data:,{WORD}\"\nb,https://h.example/b\n",
    "table": f"path\turl\na\tdata:;base64,{WORD}=\nb\thttps://h.example/b\n",
    "urls": f"https://h.example/b\ndata:text/plain,/{WORD}\n",
    "fetch.txt": f"https://h.example/b 1 data/b\ndata:,{WORD} 7 data/a\n",
    "aria2": f"https://h.example/b\n  out=b\ndata:,/{WORD}\n  out=a\n",
    "metalink": (
        '<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="a">'
        f"<url>data:,{WORD}</url></file></metalink>"
    ),
    "curl": f"curl -o b https://h.example/b\ncurl -o a 'data:,{WORD}'\n",
}  # fmt: skip


@pytest.mark.parametrize("which", OTHERS)
def test_other_formats_refuse_them_by_name(which: str) -> None:
    name = "urls" if which == "urls" else None
    found = list(read_manifest(io.BytesIO(OTHERS[which].encode()), name=name))
    refused = [item for item in found if isinstance(item, Refusal)]
    assert len(refused) == 1
    assert WORD not in f"{refused[0].path} {refused[0].reason}"


@pytest.mark.parametrize("name", ["metalink4", "bagit-fetch"])
def test_formats_that_cannot_hold_them_leave_them_out(name: str) -> None:
    found = entry([f"data:,{WORD}"])
    assert isinstance(found, Entry)
    assert WORD not in "".join(write_entries(name, [found]))


def test_the_first_entry_hides_no_token_that_the_others_share() -> None:
    token = "f3Zk8Qw1Xb7Rt5Yp2Lm9Nc4Vd6"
    records = {"readme": ["data:,Hello"]}
    records |= {str(n): [f"https://h.example/{n}?t={token}"] for n in range(3)}
    found = select_entries([entry(urls, path) for path, urls in records.items()])
    assert list(found.entries) == ["readme"]
    assert len(found.refusals) == 3


def test_all_of_a_manifest_has_a_limit_too() -> None:
    inline = Inline(bytes(MOST))  # one, held once
    number = MOST_IN_ALL // MOST
    entries = [Entry(f"f{n}", (), MOST, where="line 1", inline=inline) for n in range(number)]
    assert len(select_entries(entries).entries) == number
    more = Entry("x", (), 1, where="line 9", inline=Inline(b"x"))
    with pytest.raises(ManifestError, match=r"line 9: with 'x' .* the 256 MiB"):
        select_entries([*entries, more])
    found = list(as_far_as_there_is_room([*entries, more, Entry("empty", (), inline=Inline(b""))]))
    assert [item.path for item in found if isinstance(item, Unlisted)] == ["x"]


INSIDE = [
    ("a", "b"), ("a/b", "../c"), ("a/b/c", "../../"), ("a/b", "./../c/./d"), ("a/b", ".."),
    ("a", "."), ("a", "b c/é"), ("x/a", "..//c"), ("a", "a"),
]  # fmt: skip
OUTSIDE = [
    ("a", "/etc"), ("a", "//h"), ("a", ".."), ("a/b", "../../c"), ("a/b", "c/../../d"),
    ("a/b", "../.git/config"), ("a", ".GIT"), ("a", "C:/x"), ("a", "c:x"), ("a", "..\\x"),
    ("a", ""), ("a", "b\0c"), ("a", "\n"), ("a", "x/" * 3000), ("a", "./../x"), ("a", ".git./x"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "target"), INSIDE)
def test_symlinks_that_stay_inside(path: str, target: str) -> None:
    assert symlink_fault(path, target.encode()) is None


@pytest.mark.parametrize(("path", "target"), OUTSIDE)
def test_symlinks_that_may_not_be(path: str, target: str) -> None:
    fault = symlink_fault(path, target.encode())
    assert fault
    assert fault.startswith("the symlink")
    assert symlink_fault(path, b"\xff") is not None


@given(st.lists(st.sampled_from(["..", ".", "a", "b", "", ".git"]), max_size=8))
def test_what_is_let_through_stays_inside(parts: list[str]) -> None:
    """However the names in it are linked, as each of those is let through, too."""
    target = "/".join(parts)
    if symlink_fault("d/e/link", target.encode()) is None:
        names = [part for part in parts if part not in ("", ".")]
        up = names.count("..")
        assert names[:up] == [".."] * up
        assert up <= 2
        assert not target.startswith("/")
        assert ".git" not in names


def test_json_has_the_target_of_a_symlink() -> None:
    found = entry({"url": "data:,b", "symlink": True})
    assert isinstance(found, Entry)
    document = json.loads("".join(write_entries("json", [found])))
    assert document["a"]["symlink"] is True
    assert isinstance(entry({"url": "data:,b", "symlink": 1}), Refusal)
