"""What is read by a short way is read as by the long one."""

from __future__ import annotations

import io
import json
import shlex
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datalad_jsdl.manifest.formats.shell import words
from datalad_jsdl.manifest.formats.values import name_in_url
from datalad_jsdl.manifest.plain import plain_entry
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.manifest.record import Record, entry_from_record, fully_checked
from datalad_jsdl.model.entry import Entry
from datalad_jsdl.model.secrecy import Secrecy
from datalad_jsdl.model.stores import web_form
from datalad_jsdl.model.times import parse_mtime
from datalad_jsdl.model.urls import is_normal_url, is_plain_url, normalise_url

SHA256 = "a1" * 32
NAMES_OF_ONE = ("sha-256", "SHA256")
URL = "https://data.example.org/study/sub-01/a.nii.gz"

# what is near to plain, and what is near to that
pieces = st.sampled_from(
    [
        *(
            "a",
            "sub-01",
            "b.nii.gz",
            "run 1",
            "é",
            ".git",
            "..",
            ".",
            "~",
            "a~1",
            "git~1",
            "\\",
            "",
            "\n",
            "\x7f",
        ),
        *(
            "con",
            "x" * 254,
            "x" * 256,
            "a:b",
            "a.zarr",
            "%41",
            "#1",
            "?q=1",
            ";v=1",
            "_(2)",
            "\u200c",
            "\ud800",
        ),
    ]
)
paths = st.one_of(
    st.lists(pieces, min_size=1, max_size=4).map("/".join),
    st.lists(pieces, min_size=1, max_size=3).map("".join),
    st.text(max_size=8),
    st.none(),
    st.integers(),
)
names = st.lists(pieces, min_size=1, max_size=3).map("/".join)
origins = st.sampled_from(
    [
        *(
            "https://data.example.org",
            "http://127.0.0.1:8080",
            "https://h",
            "https://H.example",
            "s3://b",
            "s3://study-data",
            "gs://study-data",
        ),
        *("https://u:p@h", "https://h:0", "https://h:65536", "https://h:59999", "https://h:080"),
        *(
            "https://-a-.b",
            "https://a..b",
            "https://.a",
            "https://xn--a.b",
            "https://é.example",
            "",
        ),
        *(
            f"https://{'a' * 63}.b",
            f"https://{'a' * 64}.b",
            "https://[::1]",
            "//h",
            "https:/h",
            "data:",
        ),
    ]
)
urls = st.one_of(
    st.builds("{}/{}".format, origins, paths),
    paths.map(str),
    st.lists(st.sampled_from("ab./:?#%~@é "), max_size=8).map("".join),
    st.text(max_size=6),
)
bases = st.sampled_from(
    [
        *("https://base.example/x/", "https://base.example/x", "https://base.example"),
        *("HTTPS://Base.example/x/y.json?token=1", "https://h/a/?b=c/d", "https://u:p@h/", "é"),
    ]
)
hexes = st.sampled_from(
    [
        *(SHA256, SHA256.upper(), "a1" * 16, "a1" * 20, "a1" * 64, "zz" * 32, "a1 " * 21 + "a", ""),
        *("\n" + "a" * 63, "\uff11" * 32, "é" * 64),
    ]
)
names = st.sampled_from(
    [
        *("sha256", "md5", "sha1", "sha512", "SHA-256", "sha3-256", "crc32", "é"),
        *("sha-256", "SHA256", "MD5"),
    ]
)
digests = st.dictionaries(names, hexes | st.none() | st.integers(), max_size=3)
times = st.sampled_from(
    [
        *(
            "2024-05-01T12:00:00Z",
            "2024-05-01",
            "2016-12-31T23:59:60Z",
            "2024-02-30T00:00:00Z",
            "x",
            7,
        ),
        *(
            "0000-01-01T00:00:00Z",
            "\uff12024-05-01T12:00:00Z",
            1.5,
            True,
            "2024-05-01T12:00:00.5+02:00",
        ),
    ]
)
# parameters that are no secret, and those that are or may be
versions = st.builds(
    "{}?{}{}".format,
    st.sampled_from([URL, "https://[::1]/a", "https://h.example/a;b=c", "https://h/%zz"]),
    st.sampled_from(["versionId=", "generation=", "versionId=a&token=", "key=", "versionid="]),
    st.sampled_from(["", "7", "1" * 32, "null", "abc.DEF_1", "AKIA0123456789ABCDEF", "a%20b", "é"]),
)
sizes = st.integers() | st.booleans() | st.floats() | st.text(max_size=2) | st.none()
given_urls = st.one_of(
    st.lists(urls | st.integers() | st.none(), max_size=3),
    st.lists(st.sampled_from([URL, f"{URL}?v=1", URL.replace("data", "mirror")]), max_size=3),
    urls,
    st.none(),
    st.fixed_dictionaries({"url": urls}),
    st.lists(
        st.sampled_from([URL, f"{URL}2", "s3://study-data/a.nii"])
        | st.fixed_dictionaries(
            {"url": urls | st.sampled_from([URL, f"{URL}3", "s3://study-data/b.nii"])},
            optional={
                "priority": st.none() | st.booleans() | st.integers(-1, 3),
                "location": st.none() | st.sampled_from(["de", "", "é", "\ud800"]) | st.integers(),
                "size": st.integers(0, 1),
            },
        ),
        max_size=3,
    ),
    st.lists(versions, max_size=2),
)
values = st.one_of(
    given_urls,
    st.fixed_dictionaries(
        {},
        optional={
            "path": paths,
            "urls": given_urls,
            "url": given_urls,
            "extra_urls": given_urls,
            "size": sizes,
            "digests": digests | st.none() | st.integers(),
            "sha256": hexes,
            "md5": hexes | st.none(),
            "mtime": times,
            "executable": st.booleans(),
            "twice": st.booleans() | st.just("perhaps"),
            "reason": st.just("gone"),
            "more": st.integers(),
        },
    ),
)
records = st.builds(Record, paths, values, st.just("line 1"), st.none() | st.just("broken"))


@given(records, st.none() | bases)
@example(Record("a", ["/study/b.nii"], "line 1"), "https://base.example/x/y.json?token=1")
@example(Record("a", ["b/..c/d~1"], "line 1"), "https://base.example/x/y/z")
@example(Record("a", [f"{URL}\n{URL}"], "line 1"), None)
@example(Record("a", {"urls": [URL, URL]}, "line 1"), None)
@example(Record("a", [[URL]], "line 1"), None)
@example(Record("a", {"urls": [URL], "url": URL}, "line 1"), None)
@example(
    Record("a", {"urls": [URL], "sha256": SHA256, "digests": {"sha256": "b2" * 32}}, "x"), None
)
@example(Record("a", {"urls": [URL], "sha256": SHA256, "digests": {"md5": "b2" * 16}}, "x"), None)
@example(Record("a", {"urls": [URL], "size": 1 << 63}, "line 1"), None)
@example(Record("a", {"urls": [URL], "digests": dict.fromkeys(NAMES_OF_ONE, SHA256)}, "x"), None)
@example(Record("a", [{"url": URL}, {"url": URL, "priority": 1}], "line 1"), None)
@example(Record("a", [{"url": URL}, {"url": f"{URL}2", "priority": 1}], "line 1"), None)
@example(Record("a", {"urls": [URL], "digests": {"md5": int("1" * 32)}}, "line 1"), None)
@example(Record("a", {"urls": [URL], "digests": {"crc32": None, "sha256": SHA256}}, "x"), None)
@example(Record("a", {"urls": [URL], "digests": {"é": "x"}, "sha256": SHA256}, "x"), None)
@example(Record("a", [URL, {"url": f"{URL}2", "priority": 1}], "line 1"), None)
@example(Record("a", [{"url": URL, "priority": 2}, {"url": f"{URL}2", "priority": 1}], "x"), None)
def test_any_record_gives_what_the_full_check_gives(record: Record, base: str | None) -> None:
    by_short_way = entry_from_record(record, base)
    checked = fully_checked(record, base)
    assert by_short_way == checked
    assert repr(by_short_way) == repr(checked)


@given(paths)
@example(".git/config")
@example("a/git~1/b")
def test_any_path_gives_what_the_full_check_gives(path: object) -> None:
    record = Record(path, {"urls": [URL]}, "line 1")
    assert entry_from_record(record) == fully_checked(record)


@given(values)
def test_any_value_gives_what_the_full_check_gives(value: object) -> None:
    record = Record("a", value, "line 1")
    assert entry_from_record(record) == fully_checked(record)


@given(st.fixed_dictionaries({"size": sizes, "digests": digests, "mtime": times}))
def test_anything_else_gives_what_the_full_check_gives(fields: dict[str, object]) -> None:
    for name, value in fields.items():
        record = Record("a", {"urls": [URL], name: value}, "line 1")
        assert entry_from_record(record) == fully_checked(record)


@pytest.mark.parametrize(
    "value",
    [
        [URL],
        [URL, "http://127.0.0.1:8080/a"],
        {"url": URL},
        {"urls": [URL], "size": 7, "digests": {"sha256": SHA256}, "mtime": "2024-05-01T12:00:00Z"},
        {"urls": [URL], "size": None, "md5": "a1" * 16},
        {"urls": [URL], "size": 7, "digests": {"crc32": "1a2b3c4d"}},
        [URL, {"url": f"{URL}2", "priority": 1, "location": "de"}],
    ],
)
def test_what_most_records_are_is_plain(value: object) -> None:
    found = plain_entry("sub-01/ses 1/a.nii.gz", value, "line 1")
    assert isinstance(found, Entry)
    assert found == fully_checked(Record("sub-01/ses 1/a.nii.gz", value, "line 1"))


@given(urls)
@example("https://h:59999/a;b?c=d;e")
def test_a_url_without_spaces_around_it_is_normalised_as_one_with_spaces(url: str) -> None:
    # which takes the long way
    try:
        expected = normalise_url(f" {url} ")
    except ValueError:
        assert not is_plain_url(url)
        return
    if is_plain_url(url):
        assert expected == url
    assert normalise_url(url) == expected


@given(urls)
def test_a_name_in_a_url_is_the_same_by_the_long_way(url: str) -> None:
    assert name_in_url(url) == name_in_url(f" {url} ")


@given(
    st.datetimes().map(lambda moment: moment.replace(microsecond=0).isoformat()),
    st.sampled_from(["", ".5", ".123", ".123456", ".1234567"]),
)
@example("2016-12-31T23:59:60", ".123")
def test_a_time_is_the_same_by_the_long_way(text: str, fraction: str) -> None:
    # which a zone without a colon takes
    expected = parse_mtime(f"{text}{fraction}+0000")
    for zone in ("Z", "+00:00"):
        assert parse_mtime(f"{text}{fraction}{zone}") == expected
        assert repr(parse_mtime(f"{text}{fraction}{zone}")) == repr(expected)


@given(versions, st.sampled_from([(), ("versionId",), ("generation",), ("versionid", "key")]))
def test_a_version_is_no_secret_by_the_long_way_neither(url: str, names: tuple[str, ...]) -> None:
    for secrecy in (Secrecy.of(iter(()), iter(names)), Secrecy.of(iter(names), iter(()))):
        assert secrecy.is_signed(url) == (secrecy.finding(url) is not None)
        if secrecy.is_mere_version(url):
            assert is_normal_url(url)


@given(st.lists(st.sampled_from([*"sg3:/.-a1?#*%~ é", "s3://b1c/", "gs://b-1", "x"])).map("".join))
@example("s3://b1c-protected/a.nii")
@example("s3://abc/a/../b")
def test_an_object_has_the_url_that_it_has_with_spaces_around_it(address: str) -> None:
    assert web_form(address) == web_form(f" {address} ")


@given(st.lists(st.sampled_from([*" \t'\"\\$;&|#~(é", "wget", "-O", "a/b.nc", "https://h/a?b=c"])))
def test_a_command_has_the_words_that_a_shell_finds(parts: list[str]) -> None:
    command = "".join(parts)
    with suppress(ValueError):  # where only a shell can tell
        found = words(command)
        assert found == ([] if command.lstrip().startswith("#") else shlex.split(command))


def test_a_whole_manifest_is_read_by_the_short_way() -> None:
    document = {f"sub-{n}/a.nii.gz": {"urls": [URL], "size": n} for n in range(5000)}
    found = list(read_manifest(io.BytesIO(json.dumps(document).encode())))
    assert [(entry.path, entry.size) for entry in found] == [
        (path, value["size"]) for path, value in document.items()
    ]
