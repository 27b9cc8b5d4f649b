"""From a record to an entry or a refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from datalad_jsdl.manifest.own_form import own_form
from datalad_jsdl.manifest.record import Record, entry_from_record, fully_checked
from datalad_jsdl.model.entry import Candidate, Entry, Pieces, Refusal
from datalad_jsdl.model.inline import Inline
from datalad_jsdl.model.restriction import Restriction, RestrictionKind
from datalad_jsdl.model.secrecy import Secrecy
from datalad_jsdl.model.times import parse_mtime

URL = "https://h.org/a"
MD5 = "d41d8cd98f00b204e9800998ecf8427e"
FIELDS = ("urls", "url", "extra_urls")


def entry(value: Any, base_url: str | None = None) -> Entry:
    record = Record("a", value, "line 7")
    result = entry_from_record(record, base_url)
    assert isinstance(result, Entry), result
    # no matter whether it went the short way
    assert fully_checked(record, base_url) == result
    return result


def reason(value: Any) -> str:
    result = entry_from_record(Record("a", value, "line 7"))
    assert isinstance(result, Refusal), result
    return result.reason


def test_a_full_record() -> None:
    value = {
        "urls": [{"url": URL, "priority": 1, "location": "DE"}],
        "size": 0,
        "digests": {"MD5": MD5.upper(), "md-5": MD5, "crc32": 12, "sha256": None},
        "mtime": "2024-05-01",
        "executable": True,
        "other": {"programs": ["may", "add", "fields"]},
    }
    assert entry(value) == Entry(
        "a",
        (Candidate(URL, 1, "DE"),),
        0,
        {"md5": MD5},
        parse_mtime("2024-05-01"),
        True,
        "line 7",
        ("other", "digests.crc32"),
    )


@pytest.mark.parametrize(
    "value",
    [
        [URL],
        [URL, URL],
        [{"url": URL, "priority": None, "location": None}],
        *({field: urls} for field in FIELDS for urls in (URL, [URL], {"url": URL})),
        {"urls": [], "url": URL, "extra_urls": None},
        {"url": URL, "size": None, "digests": None, "mtime": None, "executable": None},
        {"url": URL, "access": None},
    ],
)
def test_ways_to_say_one_url(value: Any) -> None:
    assert entry(value) == Entry("a", (Candidate(URL),), where="line 7")


def test_all_url_fields_are_candidates() -> None:
    value = {"extra_urls": ["3"], "url": "2", "urls": ["1"]}
    assert entry(value, "https://h/").registrable == ("https://h/1", "https://h/2", "https://h/3")


def test_pieces() -> None:
    pieces = {"algorithm": "MD-5", "length": 3, "digests": [MD5.upper(), MD5]}
    value = {"url": URL, "size": 5, "pieces": pieces}
    assert entry(value).pieces == Pieces("md5", 3, (MD5, MD5))
    assert entry(value | {"pieces": pieces | {"algorithm": "crc32"}}).pieces is None
    assert entry({"url": URL, "size": 2, "pieces": pieces | {"length": 1}}).pieces is not None
    for wrong, why in (
        (3, "pieces is not an object of algorithm, length and a list of digests"),
        (
            {"algorithm": "md5", "length": 3},
            "pieces is not an object of algorithm, length and a list of digests",
        ),
        *(
            (
                pieces | {"length": length},
                "the pieces' length is not a whole number of bytes above 0",
            )
            for length in (0, -1, True, 3.0, "3", None)
        ),
        (pieces | {"length": 2}, "2 pieces of 2 bytes cannot make 5 bytes"),
        (pieces | {"digests": [MD5]}, "1 piece of 3 bytes cannot make 5 bytes"),
        (pieces | {"digests": [MD5, MD5[1:]]}, "a piece: the md5 digest has 31 characters, not 32"),
    ):
        assert reason(value | {"pieces": wrong}) == why
    assert reason(value | {"pieces": pieces | {"digests": [MD5, None]}}).startswith("a piece: ")


def test_candidates_are_sorted_by_priority() -> None:
    given = {"n1": None, "9": 9, "n2": None, "1a": 1, "0": 0, "1b": 1}
    urls = [{"url": f"https://{name}/", "priority": given[name]} for name in given]
    order = [candidate.url[8:-1] for candidate in entry(urls).candidates]
    assert order == ["0", "1a", "1b", "9", "n1", "n2"]


def test_signed_candidates_are_not_registrable() -> None:
    found = entry([f"{URL}?sig=hunter2", URL])
    assert [candidate.signed for candidate in found.candidates] == [True, False]
    assert found.registrable == (URL,)


@pytest.mark.parametrize("path", ["a.zarr", "sub/a.ome.zarr"])
def test_a_store_of_zarr_is_no_file(path: str) -> None:
    said = "a Zarr store is a folder, whose files have to be listed one by one"
    for value in ([URL], {"url": URL, "mtime": "2024-05-01"}, {"url": URL, "digests": {"x": "1"}}):
        refusal = entry_from_record(Record(path, value, "line 7"))
        assert isinstance(refusal, Refusal)
        assert refusal.reason == said
    for value in ({"url": URL, "size": 0}, {"url": URL, "md5": MD5}, {"url": "data:,x"}):
        assert isinstance(entry_from_record(Record(path, value, "line 7")), Entry)
    for other in ("a.zarr.zip", "a.zarr/.zattrs", "zarr"):
        assert isinstance(entry_from_record(Record(other, [URL], "line 7")), Entry)


def test_the_largest_size() -> None:
    assert entry({"url": URL, "size": (1 << 63) - 1}).size == (1 << 63) - 1


A_URL = "a URL is neither a string nor an object with a url"
PRIORITY = "a URL's priority is not a whole number of 0 or more"
LOCATION = "a URL's location is not a string of valid Unicode"

REFUSED: dict[str, list[Any]] = {
    "the value is neither a list of URLs nor an object with urls": [None, URL, 12, True],
    "no URL": [[], {}, {"urls": []}, {"size": 12}],
    "urls is neither a URL nor a list of URLs": [{"urls": 12}, {"urls": False}],
    A_URL: [[None], [12], [[URL]], [{}], [{"url": None}], [URL, 12]],
    PRIORITY: [[{"url": URL, "priority": p}] for p in (-1, 1.5, True, "1", float("nan"))],
    LOCATION: [
        *([{"url": URL, "location": location}] for location in (12, ["DE"], "\ud800", "a\udfff"))
    ],
    "the size is negative": [{"size": -1}],
    "the size 12.0 is not a whole number of bytes": [{"size": 12.0}],
    "the size nan is not a whole number of bytes": [{"size": float("nan")}],
    "the size True is not a whole number of bytes": [{"size": True}],
    "the size '1.5' is not a whole number of bytes": [{"size": "1.5"}],
    "the size [12] is not a whole number of bytes": [{"size": [12]}],
    "the size is the text '12', not a number": [{"size": "12"}],
    f"the size is the text '{'9' * 19}', not a number": [{"size": "9" * 19}],
    "the size is larger than any file": [{"size": 1 << 63}, {"size": 10**400}, {"size": "9" * 20}],
    "executable is neither true nor false": [{"executable": 1}, {"executable": "true"}],
    "own_mtime is neither true nor false": [{"own_mtime": 1}],
    "access: the url or text seems to contain a secret": [
        {"access": {"kind": "login", "url": f"{URL}?sig=hunter2"}},
        {"access": {"kind": "login", "text": f"see {URL}?sig=hunter2"}},
    ],
    "the size is 3, but its data: URL has 2 bytes": [{"extra_urls": "data:,hi", "size": 3}],
    "the md5 is not that of the content in its data: URL": [
        {"extra_urls": "data:,hi", "digests": {"md5": MD5}}
    ],
    "the pieces are not those of the content in its data: URL": [
        {"extra_urls": "data:,hi", "pieces": {"algorithm": "md5", "length": 2, "digests": [MD5]}}
    ],
}

# those whose words are other modules'
ABOUT: dict[str, list[Any]] = {
    "scheme 'file'": [[URL, "file:///etc/passwd"], {"extra_urls": "file:/a"}],
    "relative": [["b"]],
    "not an object": [{"digests": [MD5]}, {"digests": MD5}],
    "characters, not": [{"digests": {"md5": MD5[1:]}}, {"digests": {"sha256": MD5}}],
    "two different": [{"digests": {"md5": MD5, "MD-5": "0" * 32}}],
    "mtime": [{"mtime": "yesterday"}, {"mtime": False}, {"mtime": []}],
    "access": [{"access": "login"}, {"access": {}}],
}


def with_url(value: Any) -> Any:
    return {"url": URL, **value} if isinstance(value, dict) else value


@pytest.mark.parametrize(("value", "why"), [(v, why) for why in REFUSED for v in REFUSED[why]])
def test_refused(value: Any, why: str) -> None:
    assert reason(value if why == "no URL" else with_url(value)) == why


@pytest.mark.parametrize(("value", "about"), [(v, about) for about in ABOUT for v in ABOUT[about]])
def test_refused_by_others(value: Any, about: str) -> None:
    assert about in reason(with_url(value))


def test_less_common_fields() -> None:
    found = entry({"url": URL, "own_mtime": True, "digests": {"md5": MD5, "sha256": "ab"}})
    assert (found.own_mtime, found.executable) == (True, False)
    assert found.impossible == ("digests.sha256",)
    assert entry(["s3://bucket/key"]).moved == 1
    (candidate,) = entry([{"url": URL, "location": "Zürich", "priority": 0}]).candidates
    assert (candidate.location, candidate.priority) == ("Zürich", 0)


def test_who_may_have_it() -> None:
    access = {"kind": "terms", "url": "terms.html", "text": "sign them", "note": 1, "until": 2}
    found = entry({"url": URL, "access": access}, "https://h.org/x/")
    kind = RestrictionKind.TERMS
    assert found.restriction == Restriction(kind, "https://h.org/x/terms.html", "sign them")
    assert found.unknown == ("access.note", "access.until")


def test_content_that_a_record_has_itself() -> None:
    digests = {
        "md5": "49f68a5c8493ec2c0bf489821c21fc3b",
        "sha256": "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4",
    }
    for told in ({}, {"size": 2}, {"digests": {"md5": digests["md5"]}}, {"digests": digests}):
        found = entry({"urls": ["data:,hi", URL], **told})
        expected = Entry("a", (), 2, digests if "md5" in told.get("digests", {}) else {})
        expected = replace(expected, digests={"sha256": digests["sha256"], **expected.digests})
        assert found == replace(expected, where="line 7", inline=Inline(b"hi"))
    pieces = {"algorithm": "md5", "length": 2, "digests": [digests["md5"]]}
    assert entry({"url": "data:,hi", "pieces": pieces}).pieces is None  # one digest says it all
    assert entry({"url": "data:,b", "symlink": True}).inline == Inline(b"b", is_symlink=True)


def test_what_the_user_says_of_parameters() -> None:
    secrecy = Secrecy(secret=frozenset({"mine"}))
    for value in ([f"{URL}?mine=1"], {"url": f"{URL}?mine=1", "executable": True}):
        found = entry_from_record(Record("a", value, ""), secrecy=secrecy)
        assert isinstance(found, Entry)
        assert [candidate.signed for candidate in found.candidates] == [True]


NO_PATH = Refusal(None, "the path is missing or not a string", "line 7")
RECORDS = [(Record(path, [URL], "line 7"), NO_PATH) for path in (None, 12, True, ["a"], {"a": 1})]
RECORDS += [(Record("/a", [URL], "line 7"), Refusal("/a", "the path is absolute", "line 7"))]
RECORDS += [(Record(None, None, "line 7", "not JSON"), Refusal(None, "not JSON", "line 7"))]
RECORDS += [(Record("a", [URL], "line 7", "not JSON"), Refusal("a", "not JSON", "line 7"))]


@pytest.mark.parametrize(("record", "refusal"), RECORDS)
def test_refusals_name_path_reason_and_place(record: Record, refusal: Refusal) -> None:
    assert entry_from_record(record) == refusal


LOGINS = ["https://me:hunter2@h.org/", "https://hunter2@h/", "https://me:hunter2@h.org:99999/"]
LOGINS += ["https://me:hunter2@[::1/", "https://me:hunter2\uff20h/", "https://me:hunter2@h\u2100/"]
LOGINS += ["https://me:hunter2@/", "https://[hunter2]/", "ftp://me:hunter2@h/", "//me:hunter2@h/"]
QUERIES = ["https://h:x/?sig=hunter2", "https://h/\n?X-Amz-Signature=hunter2", "a?sig=hunter2"]
QUERIES += [
    "s3://h/?X-Amz-Signature=hunter2",
    "https://h/\ud800?sig=hunter2",
    "https://?sig=hunter2",
]


@pytest.mark.parametrize("url", LOGINS + QUERIES)
def test_no_secrets_in_reasons(url: str) -> None:
    assert "hunter2" not in reason([url])


SECRETS = ["https://u:hunter2@h/x?token=hunter2", "s3://id:hunter2@b/k", " ftp://u:hunter2@h/"]
SECRETS += ["x" * 500_000, f"https://u:{'p' * 5000}hunter2@h/"]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_value_is_quoted_short_and_without_secrets(secret: str) -> None:
    pieces = {"algorithm": "md5", "length": 10**4000, "digests": []}
    for field in ({"mtime": secret}, {"size": secret}, {"size": [secret]}, {"pieces": pieces}):
        said = reason({"url": URL, "size": 1} | field)
        assert "hunter2" not in said
        assert len(said) < 200
    assert len(reason([f"{secret[:500].replace(':', 'x')}://h/"])) < 200


def test_the_reason_of_an_earlier_failure_marks_what_is_left_over() -> None:
    found = entry({"urls": [URL], "reason": "not found"})
    assert found == replace(entry([URL]), left_over=True)


def test_what_may_have_stood_twice_is_let_in_and_marked() -> None:
    found = entry({"urls": [URL], "reason": "", "twice": "perhaps"})
    assert found == replace(entry([URL]), left_over=True, perhaps_twice=True)
    assert own_form(found, signed=True) == {"urls": [URL], "twice": "perhaps"}
    assert own_form(found) == {"urls": [URL]}


def test_what_stood_twice_is_not_let_in_alone() -> None:
    value = {"urls": [URL], "reason": "", "twice": True}
    refusal = entry_from_record(Record("a", value, ""))
    assert isinstance(refusal, Refusal)
    assert "would replace the other" in refusal.reason
    assert refusal.given == value


def test_a_refusal_has_what_was_given() -> None:
    def given(path: Any, value: Any, base_url: str | None = "https://h.org/x/") -> Any:
        result = entry_from_record(Record(path, value, ""), base_url)
        assert isinstance(result, Refusal)
        return result.given

    assert given("..", [URL, "a?sig=hunter2", {"url": "../b", "priority": 1}, 5, {}]) == {
        "urls": [
            URL,
            "https://h.org/x/a?sig=hunter2",
            {"url": "https://h.org/b", "priority": 1},
            5,
            {},
        ]
    }
    # what is wrong with a URL stays, and other fields are kept
    value = {"path": 5, "url": "ftp://h/a", "extra_urls": ["", "a\n"], "size": "x", "note": [1]}
    assert given(5, value) == {name: field for name, field in value.items() if name != "path"}
    assert given("..", ["HTTPS://h.org/a", "data:,a b"]) == {
        "urls": ["HTTPS://h.org/a", "data:,a b"]
    }
    assert given("..", {"url": URL, "access": {"kind": "terms", "url": "../t"}})["access"] == {
        "kind": "terms",
        "url": "https://h.org/t",
    }
    assert given("..", ["a"], None) == {"urls": ["a"]}
    assert given("a", 7) == {"urls": 7}
    assert given("a", None) == {}
    # it may have secrets in it
    assert "hunter2" not in repr(entry_from_record(Record("..", [f"{URL}?sig=hunter2"], "")))
