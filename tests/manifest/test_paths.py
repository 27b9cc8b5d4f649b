"""Which paths are let in, refused and warned about."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.model.paths import looks_alike_key, path_fault, path_warning

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
LET_IN += ["n" * 255, "a/" * 500 + "aa"]

REFUSED = {
    "path is empty": [""],
    "empty component": ["a//b", "a/", "a/b//"],
    "absolute": ["/etc/passwd", "/", "//a"],
    "'..'": ["..", "../a", "a/../b", "a/.."],
    "'.'": [".", "./a", "a/./b", "a/."],
    "backslash": ["a\\b", "C:\\a", "..\\a", "\\"],
    "control": ["a\nb", "a\n", "a\tb", "a\0", "\x1b[2J", "a\x7f", "a\x85b", "a/\r/b"],
    "surrogate": ["\ud800", "a/\udcff/b"],
    "255 bytes": ["n" * 256, "é" * 128, f"a/{'n' * 256}/b"],
    "3801 bytes long, more than 3800": ["a/" * 1900 + "a"],
    "more than 500 folders deep": ["a/" * 501 + "a"],
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
    assert why in (path_fault(path) or "")


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
    "None": ["a/b.txt", "console", "com10", ".a", "é"],
    "device": ["CON", "a/nul.txt", "Aux/b", "com1.nii.gz", "lpt³"],
    "does not allow :": ["10:30.dcm", "a:/b"],
    'does not allow "?': ['a/what?"'],
    "end in": ["a/b.", "a /b"],
}


@pytest.mark.parametrize(("path", "why"), [(p, why) for why in WARNINGS for p in WARNINGS[why]])
def test_what_windows_cannot_hold(path: str, why: str) -> None:
    assert why in str(path_warning(path))


ALIKE = [("a/B", "A/b"), ("\u00e9", "e\u0301"), ("\u00c9", "e\u0301"), ("straße", "STRASSE")]
ALIKE += [("\uff21", "a"), ("\u212a", "k")]
UNLIKE = [("a", "b"), ("e", "é"), ("a/b", "ab")]


@pytest.mark.parametrize(("one", "other"), ALIKE + UNLIKE)
def test_names_that_are_one_file_elsewhere(one: str, other: str) -> None:
    assert (looks_alike_key(one) == looks_alike_key(other)) is ((one, other) in ALIKE)
