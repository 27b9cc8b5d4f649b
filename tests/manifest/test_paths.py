"""Which paths are let in, refused and warned about."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.model.paths import (
    is_housekeeping,
    is_reserved,
    looks_alike_key,
    marked_path_fault,
    path_fault,
    path_warning,
)

LET_IN = ["a", "sub-01/anat/T1w.nii.gz", "with space/ümlaut/日本語", "...", "..a/a../.a", "~/a~b"]
LET_IN += [
    ".gitkeep",
    "a.gitignore",
    ".gitignored",
    ".github/.gitkeep",
    "git/modules",
    "a.git",
    "a:b",
    "CON",
    "a\u2028b",
]
LONGEST = "/".join(["a" * 199] * 18 + ["a" * 200])  # 3800 bytes
LET_IN += ["n" * 255, "a/" * 500 + "aa", LONGEST]

EMPTY = "the path contains an empty component"
ABSOLUTE = "the path is absolute"

REFUSED = {
    "the path is empty": [""],
    EMPTY: ["a//b", "a/", "a/b//"],
    ABSOLUTE: ["/etc/passwd", "/", "//a"],
    "the path contains a '..' component": ["..", "../a", "a/../b", "a/.."],
    "the path contains a '.' component": [".", "./a", "a/./b", "a/."],
    "the path contains a backslash": ["a\\b", "C:\\a", "..\\a", "\\"],
    "the path contains a control character": [
        *("a\nb", "a\n", "a\tb", "a\0", "\x1b[2J", "a\x7f", "a\x85b", "a/\r/b")
    ],
    "the path is not valid Unicode (lone surrogate)": ["\ud800", "a/\udcff/b"],
    "a component of the path is longer than 255 bytes": [
        *("n" * 256, "é" * 128, f"a/{'n' * 256}/b")
    ],
    "the path is 3801 bytes long, more than 3800": [f"{LONGEST}a", "a/" * 1900 + "a"],
    "the path is more than 500 folders deep": ["a/" * 501 + "a"],
}

# What some file system takes for a name that configures git or DataLad.
NAMES = [".git", ".datalad", ".gitattributes", ".gitmodules", ".gitignore", ".mailmap"]
NAMES += [".lfsconfig", ".noannex"]
LOOK_ALIKES = [*NAMES, *(name.upper() for name in NAMES), *(f"{name}. ." for name in NAMES)]
LOOK_ALIKES += [".gIt", ".git ", ".git.", ".git\u00a0", ".git:", ".git::$INDEX_ALLOCATION"]
LOOK_ALIKES += [".git ::$INDEX_ALLOCATION", "\ufeff.git", ".gitm\u200dodules"]
LOOK_ALIKES += [f".g{ignored}it" for ignored in "\u200c\u200f\u202a\u202e\u206a\u206f"]
LOOK_ALIKES += ["\uff0e\uff47\uff49\uff54", ".\uff27IT", ".g\u0131t"]
LOOK_ALIKES += ["git~1", "GIT~12", "datala~1", "gitatt~1", "gi7d29~1", "GITMOD~1", "gi7eba~1"]
LOOK_ALIKES += ["gitign~1", "GI250A~1", "mailma~1", "maba30~1", "lfscon~1", ".Git\u200cIgnore"]

TRICKY = st.text("/\\. :~1.gGitT\u0131\u0130\u200c\u200f\uff0e\uff27\n\0\x7f\x85\ud800\u0301")


@pytest.mark.parametrize("path", LET_IN)
def test_let_in(path: str) -> None:
    assert path_fault(path) is None


@pytest.mark.parametrize(("path", "why"), [(p, why) for why in REFUSED for p in REFUSED[why]])
def test_refused(path: str, why: str) -> None:
    assert path_fault(path) == why


# with a mark of where a subdataset begins
MARKED = {
    "a": None,
    "/a": ABSOLUTE,
    "a//b": None,
    "a//b//c/d": None,
    "1a://b": None,
    "a b://c": None,
    "a/b://c": None,
    "http://h/a": "the path is a URL",
    "HTTP://h/a": "the path is a URL",
    "a+B.9-z://h": "the path is a URL",
    "//a//b": ABSOLUTE,
    "a//": EMPTY,
    "a/b//": EMPTY,
    "a///b": EMPTY,
    "a////b": EMPTY,
    "a//b/": EMPTY,
    "..//a": "the path contains a '..' component",
    "a//b//..": "the path contains a '..' component",
    f"a//{LONGEST[:-2]}": None,
    f"a//{LONGEST[:-1]}": "the path is 3801 bytes long, more than 3800",
}


@pytest.mark.parametrize("path", MARKED)
def test_paths_into_subdatasets(path: str) -> None:
    assert marked_path_fault(path) == MARKED[path]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_repository_keeps_for_itself(name: str) -> None:
    assert is_reserved(name)
    assert not is_reserved(f"a{name}")
    is_file_of_git = name not in {".git", ".datalad", ".noannex"}
    for path in (name, name.upper(), f"a/{name}", f"a/b/{name}"):
        assert is_housekeeping(path) is is_file_of_git
    assert not is_housekeeping(f"{name}/a")


@pytest.mark.parametrize("name", LOOK_ALIKES)
@pytest.mark.parametrize("place", ["{}", "a/{}", "{}/config", "a/b/{}/c"])
def test_what_configures_git_and_datalad_is_refused(name: str, place: str) -> None:
    assert path_fault(place.format(name)) is not None


@settings(max_examples=200)
@given(st.text() | TRICKY | st.tuples(TRICKY, st.sampled_from(NAMES), TRICKY).map("".join))
def test_what_is_let_in_stays_inside(path: str) -> None:
    if path_fault(path) is not None:
        return
    components = path.split("/")
    assert not {"", ".", ".."}.intersection(components)
    assert not set(NAMES).intersection(name.casefold() for name in components)
    assert "\\" not in path
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in path)


WARNINGS = {
    None: ["a/b.txt", "console", "com10", ".a", "é", "aX", "a/comb.txt"],
    "'CON' is a device name on Windows": ["CON", "a/CON"],
    "'nul.txt' is a device name on Windows": ["a/nul.txt"],
    "'Aux' is a device name on Windows": ["Aux/b"],
    "'com1.nii.gz' is a device name on Windows": ["com1.nii.gz"],
    "'lpt³' is a device name on Windows": ["lpt³"],
    "Windows does not allow : in a name": ["10:30.dcm", "a:/b"],
    'Windows does not allow "? in a name': ['a/what?"'],
    "Windows does not allow a name to end in a space or dot": ["a/b.", "a /b"],
}


@pytest.mark.parametrize(("path", "why"), [(p, why) for why in WARNINGS for p in WARNINGS[why]])
def test_what_windows_cannot_hold(path: str, why: str | None) -> None:
    assert path_warning(path) == why


ALIKE = [("a/B", "A/b"), ("\u00e9", "e\u0301"), ("\u00c9", "e\u0301"), ("straße", "STRASSE")]
ALIKE += [("\uff21", "a"), ("\u212a", "k")]
UNLIKE = [("a", "b"), ("e", "é"), ("a/b", "ab")]


@pytest.mark.parametrize(("one", "other"), ALIKE + UNLIKE)
def test_names_that_are_one_file_elsewhere(one: str, other: str) -> None:
    assert (looks_alike_key(one) == looks_alike_key(other)) is ((one, other) in ALIKE)
