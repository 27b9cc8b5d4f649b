"""Keys, compared with those that git-annex makes itself."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from datalad_jsdl.model.content import Expected
from datalad_jsdl.model.digests import ALGORITHMS
from datalad_jsdl.model.entry import Candidate, Entry
from datalad_jsdl.repository.annex.keys import (
    POINTER_MAX,
    ExtensionRule,
    Key,
    branch_path,
    digest_key,
    entry_key,
    expected_of,
    key_file,
    key_from_link,
    key_from_pointer,
    link_target,
    parse_key,
    pointer,
    vurl_key,
)
from tests.conftest import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.lab import Lab

SHA256 = sha256(b"x").hexdigest()

# few examples of many questions each: it is the starting of git-annex that takes time
ASKING = settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def repo(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("annex")
    run("git", "init", "-q", folder)
    run("git", "annex", "init", "-q", cwd=folder)
    return folder


def ask(repo: Path, *command: str, about: Sequence[str]) -> list[str]:
    """What one git command answers to many questions, line by line."""
    said = run("git", *command, cwd=repo, input="".join(question + "\0" for question in about),
               encoding="utf-8", errors="surrogateescape")  # fmt: skip
    return said.split("\n")[:-1]


# --- keys by digest


def check_keys(repo: Path, names: Sequence[str], rule: ExtensionRule, *options: str) -> None:
    folder = repo / f"names of {sha256(repr(names).encode()).hexdigest()}"
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    keys = ask(
        folder, *options, "annex", "calckey", "--backend=SHA256E", "--batch", "-z", about=names
    )
    assert keys == [digest_key("sha256", SHA256, 1, name, rule) for name in names]


NAMES = (
    "plain|a.txt|a.TXT|a.tar.gz|a.nii.gz|a.b.c.d|a.1.2.3|a.longer.gz|a.gz.longer|a.1234|a.12345"
    "|a.12345678|.hidden|.hidden.txt|..two.gz|...|a.|a..|a..gz|a.gz.|a.gz..|a.b..gz|a...gz|.a."
    "|sub.dir/plain|sub.dir/a.gz|a.x y|a.x-y.gz|a.x_y.b.c|a.b~|a.,.gz|a.\x01.gz|a.b\n|a. .b|-a.gz"
    "|ü.ü|a.ää|a.äää|a.日|a.脳脳|a.\u0661|a.\U0001f9e0|a.e\u0301|a.½.gz|a.\u00a0|a.\x7f.gz|a.\x80"
)
RULES = [(4, 2), (0, 2), (1, 1), (3, 3), (8, 5), (4, 0), (64, 9)]


@pytest.mark.parametrize(("length", "count"), RULES)
def test_extensions(repo: Path, length: int, count: int) -> None:
    options = f"-c annex.maxextensionlength={length} -c annex.maxextensions={count}".split()
    check_keys(repo, NAMES.split("|"), ExtensionRule(length, count), *options)


def test_extensions_by_default(repo: Path) -> None:
    check_keys(repo, NAMES.split("|"), ExtensionRule())


FILE_NAMES = (
    st.text(st.sampled_from("..ab1_- ,é脳") | st.characters(exclude_categories=["Cs"]), min_size=1)
    .map(lambda name: name.replace("/", ".").replace("\0", "."))
    .filter(lambda name: name not in (".", "..", ".git") and len(name.encode()) < 256)
)


@ASKING
@given(st.lists(FILE_NAMES, min_size=20, max_size=60))
def test_extensions_of_any_name(repo: Path, names: list[str]) -> None:
    check_keys(repo, names, ExtensionRule())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_has_its_backend(repo: Path, algorithm: str) -> None:
    (repo / "a.gz").write_bytes(b"content")
    digest = ALGORITHMS[algorithm].new()
    digest.update(b"content")
    key = digest_key(algorithm, digest.hexdigest(), 7, "a.gz", ExtensionRule())
    backend = f"--backend={ALGORITHMS[algorithm].backend}E"
    assert run("git", "annex", "calckey", backend, "a.gz", cwd=repo) == key + "\n"
    assert parse_key(key) == Key(key, backend[10:], 7, algorithm, digest.hexdigest())


# --- keys by URL

URLS = [
    "http://example.com/",
    "http://example.com/a.nii.gz",
    "https://example.com/query?a=1&b=2;c#part",
    "http://example.com/comma,and,,two",
    "http://example.com/percent%20escape%2C%2f",
    "http://example.com/~u/(a)'!*;@+$=[x]|^`{}\\\"<>",  # over 64 bytes only with the escapes
    "http://example.com:8080/-._a",
    "http://[::1]/a",
    *(f"http://example.com/{'a' * n}" for n in (44, 45, 46, 200)),  # 63 to 65 bytes, and more
    *(f"http://example.com/{'&' * n}" for n in (44, 45, 46, 200)),  # cut within an escape
]


def check_urls(repo: Path, urls: Sequence[str], folder: str) -> None:
    names = [f"{folder}/{number}" for number in range(len(urls))]
    questions = [f"{url} {name}" for url, name in zip(urls, names, strict=True)]
    command = ("annex", "addurl", "--fast", "--relaxed", "--verifiable", "--raw")
    ask(repo, *command, "--batch", "-z", "--with-files", about=questions)
    targets = [os.readlink(repo / name) for name in names]
    keys = [vurl_key(url, None) for url in urls]
    assert targets == [link_target(name, key) for name, key in zip(names, keys, strict=True)]
    assert [key_from_link(target) for target in targets] == keys


def test_keys_of_urls(repo: Path) -> None:
    check_urls(repo, URLS, "urls")


URL_PATHS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60)


@ASKING
@given(st.lists(st.tuples(URL_PATHS, st.integers(1, 60)), min_size=10, max_size=20))
def test_keys_of_any_url(repo: Path, paths: list[tuple[str, int]]) -> None:
    urls = [f"http://example.com/{(path * length)[:length]}" for path, length in paths]
    check_urls(repo, urls, sha256("\0".join(urls).encode()).hexdigest())


def test_the_key_of_a_url_of_known_size(repo: Path, lab: Lab) -> None:
    url = lab.put("a,b?.gz", b"12345")
    run("git", "annex", "addurl", "--fast", "--verifiable", "--raw", url, "--file=sized", cwd=repo)
    assert key_from_link(os.readlink(repo / "sized")) == vurl_key(url, 5)


MD5, SHA1 = "0" * 32, "1" * 40
SIGNED, PLAIN = Candidate("http://a/?sig=1", signed=True), Candidate("http://b/")


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        (Entry("a.gz", (PLAIN,), 3, {"md5": MD5, "sha1": SHA1}), f"SHA1E-s3--{SHA1}.gz"),
        (Entry("a.gz", (PLAIN,), None, {"md5": MD5}), f"MD5E--{MD5}.gz"),
        (Entry("a.gz", (SIGNED, PLAIN), 3), "VURL-s3--http://b/"),
        (Entry("a.gz", (PLAIN,), mtime=datetime.now(timezone.utc)), "VURL--http://b/"),
    ],
)
def test_the_key_of_an_entry(entry: Entry, key: str) -> None:
    assert entry_key(entry, ExtensionRule()) == key


def test_an_entry_may_have_nothing_to_make_a_key_of() -> None:
    with pytest.raises(ValueError, match="a key needs a digest or a URL"):
        entry_key(Entry("a.gz", (SIGNED,), 3), ExtensionRule())


# --- where they stand, and the way back

KEY_NAMES = st.text(
    st.sampled_from("&%:/acs-.,")
    | st.characters(exclude_categories=["Cs", "Cc", "Zs"], exclude_characters="\\"),
    min_size=1,
)
NOT_UTF_8 = KEY_NAMES.map(lambda name: name + b"\xff".decode("utf-8", "surrogateescape"))
KEYS = st.builds(
    "{}{}--{}".format,
    st.sampled_from(["WORM", "URL", "VURL", "XFOO", "SHA256", "GITMANIFEST"]),
    st.sampled_from(["", "-s0", "-s5-m7", "-m7", "-s9223372036854775807"]),
    KEY_NAMES | NOT_UTF_8,
)


@ASKING
@given(st.lists(KEYS, min_size=20, max_size=60))
@example(["SHA256E-s1--0.gz", "URL--&c&&s%c:a/&a%"])
def test_links_pointers_and_logs_are_where_git_annex_has_them(repo: Path, keys: list[str]) -> None:
    form = "--format=${objectpath}\\n${hashdirlower}\\n${objectpointer}"
    lines = ask(repo, "annex", "examinekey", form, "--batch", "-z", about=keys)
    for key, path, folder, target in zip(keys, lines[::3], lines[1::3], lines[2::3], strict=True):
        assert link_target("a", key) == path
        assert link_target("a/b/c", key) == "../../" + path
        assert branch_path(key) == f"{folder}{key_file(key)}.log"
        assert pointer(key) == f"{target}\n".encode("utf-8", "surrogateescape")


@settings(max_examples=100)
@given(KEYS, st.sampled_from(["a", "sub/a", "s p/ü/a"]))
def test_the_way_back(key: str, path: str) -> None:
    assert key_from_link(link_target(path, key)) == key
    assert key_from_pointer(pointer(key)) == key


GOOD = f"SHA256E-s1--{SHA256}.gz"


@pytest.mark.parametrize(
    "target",
    [
        *("", "a", GOOD, f"{GOOD}/{GOOD}", "../elsewhere", "/annex/objects/", "/annex/objects"),
        f"annex/objects/{GOOD}/{GOOD}",
        f"../.git/annex/other/Vz/9k/{GOOD}/{GOOD}",
        f"../.git/myannex/objects/Vz/9k/{GOOD}/{GOOD}",
        f"../.git/annex/objects/Vz/9k/{GOOD}/{GOOD}/x",
        "../.git/annex/objects/Vz/9k/a/a",
        f"../.git/annex/objects/Vz/9k/{GOOD[1:]}/{GOOD}",
    ],
)
def test_other_links_stand_for_no_key(target: str) -> None:
    assert key_from_link(target) is None


POINTER = f"/annex/objects/{GOOD}\n".encode()
BLOBS = [
    POINTER,
    POINTER[:-1],
    POINTER[:-1] + b"\r\n",
    POINTER + POINTER,
    POINTER + b"see /annex/ for more\n",
    POINTER + b"/annex/" + b"x" * (POINTER_MAX - 8 - len(POINTER)) + b"\n",
    b"/annex/objects/SHA256E-s1--0.\xff\n",
    b"/annex/objects/URL--http&c%%a%&s20&a\n",
    # ordinary files
    b"",
    b"\n",
    POINTER + b"more\n",
    POINTER + b"\n",
    POINTER + b"/annex/",
    POINTER + b"/annex/" + b"x" * (POINTER_MAX - 7 - len(POINTER)) + b"\n",
    b"/annex/objects/\n",
    b"/annex/objects/README\n",
    b"/annex/objects\n" + POINTER,
    b"#!/bin/sh\n" + POINTER,
    b"/annex/objects/SHA256E-s--0\n",
    b"/annex/objects/SHA256E-m1-s1--0\n",
    b"/annex/objects/SHA256E-s1-s1--0\n",
    b"/annex/objects/SHA256E-x1--0\n",
    b"\xff" * 100,
]


def test_blobs_are_told_apart_as_git_annex_does(repo: Path, tmp_path: Path) -> None:
    for number, blob in enumerate(BLOBS):
        (tmp_path / str(number)).write_bytes(blob)
    paths = "".join(f"{tmp_path / str(number)}\n" for number in range(len(BLOBS)))
    objects = run(
        "git", "hash-object", "-w", "--no-filters", "--stdin-paths", cwd=repo, input=paths
    )
    keys = ask(repo, "annex", "lookupkey", "--ref", "--batch", "-z", about=objects.split())
    assert [key_from_pointer(blob) or "" for blob in BLOBS] == keys
    assert [bool(key) for key in keys] == [number < 8 for number in range(len(BLOBS))]


@pytest.mark.parametrize(
    ("text", "size", "algorithm", "hexdigest"),
    [
        (GOOD, 1, "sha256", SHA256),
        (f"SHA256-s0--{SHA256}", 0, "sha256", SHA256),
        (f"SHA256E--{SHA256}.tar.gz", None, "sha256", SHA256),
        ("MD5E-s12--ABCDEF", 12, "md5", "abcdef"),
        ("BLAKE2B512E-s1--ab.x", 1, "blake2b-512", "ab"),
        ("SHA3_256-s1--ab", 1, "sha3-256", "ab"),
        ("SHA1E-s3-S20-C109--ab", 3, "sha1", "ab"),
        ("WORM-s5-m1714564800--a-s7--b.txt", 5, None, ""),
        ("VURL--http://example.com/a-s3--b", None, None, ""),
        ("XE-s1--a", 1, None, ""),
        ("URL-s1--a\nb", 1, None, ""),
    ],
)
def test_parse_key(text: str, size: int | None, algorithm: str | None, hexdigest: str) -> None:
    assert parse_key(text) == Key(text, text.split("-")[0], size, algorithm, hexdigest)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "SHA256E", "SHA256E--", "--a", "SHA256E-s1-a", "SHA256E-s--a", "SHA256E-s-1--a"),
        *("SHA256E-s1x--a", "SHA256E-S1-s1--a", "SHA256E-s1-s1--a", "SHA256E-t1--a", "SHA 1--a"),
        *("SHA256E-s\u0661--a", f"SHA256E-s{'9' * 5000}--a", "sha256--a", "a/SHA256E--a"),
    ],
)
def test_what_is_no_key(text: str) -> None:
    assert parse_key(text) is None


def test_what_a_key_says_of_its_content() -> None:
    key = "SHA256E-s5--" + "AB" * 32 + ".nii.gz"
    assert expected_of(key, "a.nii.gz") == Expected(5, "sha256", "ab" * 32, ("a.nii.gz",))
    assert expected_of("VURL--http://a.example/f") == Expected()
    assert expected_of("no key") == Expected()
