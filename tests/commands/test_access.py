"""That files are not for everybody: from a manifest into a dataset, and out again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datalad_jsdl.archive.content import Content
from datalad_jsdl.model.restriction import Restriction, RestrictionKind
from datalad_jsdl.operations.collect import collect
from datalad_jsdl.operations.home import Homes
from datalad_jsdl.operations.list_files import FileSelection
from datalad_jsdl.repository.annex.lookup import KeyLookup
from datalad_jsdl.repository.repository import Repository
from tests.lab import Lab
from tests.portal import (
    MTIME,
    A,
    annex_branch,
    content_of,
    datalad,
    described,
    entries,
    git,
    recorded,
    simple,
    summary,
    tree,
    write_manifest,
)

LOGIN = {"kind": "login"}
TERMS = {"kind": "terms", "url": f"{A}/terms?of=1", "text": "Accept é  first"}
REQUEST = {"kind": "request", "text": "Write to us"}


def imported(members: dict[str, Any], *options: str, code: int = 0) -> list[dict[str, Any]]:
    manifest = write_manifest("m.json", members)
    return datalad("download-manifest", "--report", "all", *options, manifest, "ds", code=code)


def restrictions() -> dict[str, dict[str, str] | None]:
    """What the dataset has recorded of its files."""
    repository = Repository(Path("ds"))
    found = {}
    with KeyLookup(repository) as lookup:
        for path in git(Path("ds"), "annex", "find", "--include", "*").splitlines():
            (state,) = lookup.states([git(Path("ds"), "annex", "lookupkey", path)])
            found[path] = state.restriction and state.restriction.to_json()
    return found


def contents() -> dict[str, Content]:
    with Homes() as homes:
        found, _ = collect(Path("ds"), FileSelection(), homes)
    return {content.path: content for content in found}


def test_what_a_manifest_says_is_kept_until_one_says_otherwise() -> None:
    members = simple("open", "login", "terms", "request")
    plain = {path: dict(fields) for path, fields in members.items()}
    members["login"] |= {"access": LOGIN}
    members["terms"] |= {"access": TERMS, "mtime": MTIME}
    members["request"] |= {"access": REQUEST}
    assert summary(imported(members)) == {"added": 4}
    kept: dict[str, Any] = {"open": None, "login": LOGIN, "terms": TERMS, "request": REQUEST}
    assert restrictions() == kept
    found = contents()["terms"]
    assert found.restriction == Restriction(
        RestrictionKind.TERMS, f"{A}/terms?of=1", "Accept é  first"
    )
    assert (found.mtime, contents()["open"].restriction) == (1714564800, None)
    # the same again
    before = git(Path("ds"), "rev-parse", "git-annex")
    assert summary(imported(members)) == {"unchanged": 4}
    assert git(Path("ds"), "rev-parse", "git-annex") == before
    # one more, another and one less
    members["open"] |= {"access": LOGIN}
    members["login"] |= {"access": REQUEST}
    del members["terms"]["access"]
    changes = {"open": "access", "login": "access", "terms": "access", "request": "unchanged"}
    plan = imported(members, "-n")
    assert entries(plan) == changes
    (stat,) = [r["stat"] for r in plan if r["type"] == "dataset"]
    assert [(kind["change"], kind["files"]) for kind in stat] == [("access", 3), ("unchanged", 1)]
    assert restrictions() == kept
    records = imported(members)
    assert entries(records) == changes
    assert "3 with a changed restriction" in records[-1]["message"]
    assert restrictions() == {"open": LOGIN, "login": REQUEST, "terms": None, "request": REQUEST}
    # all are open; what else is recorded stays
    assert summary(imported(plain)) == {"access": 3, "unchanged": 1}
    assert set(restrictions().values()) == {None}
    assert contents()["terms"].mtime == 1714564800
    text = json.dumps(annex_branch(Path("ds")))
    assert MTIME in text
    assert "access" not in text


def test_the_first_entry_of_a_key_decides_and_other_paths_count() -> None:
    one = described("one", f"{A}/one")
    members = {"a": one, "b": one | {"access": TERMS}, "c": one | {"access": LOGIN}}
    imported(members)
    assert set(map(str, restrictions().values())) == {str(TERMS)}
    assert {content.restriction for content in contents().values()} == {Restriction.parse(TERMS)}
    # silence about one path is none about the others
    assert entries(imported({"other/a": one | {"mtime": MTIME}})) == {"other/a": "added"}
    assert set(map(str, restrictions().values())) == {str(TERMS)}
    assert contents()["a"].mtime == 1714564800
    # but what is said counts
    assert entries(imported({"a": one | {"access": LOGIN}})) == {"a": "access"}
    assert set(map(str, restrictions().values())) == {str(LOGIN)}
    members = dict.fromkeys(["a", "b", "c", "other/a"], one)
    assert summary(imported(members)) == {"access": 4}
    assert set(restrictions().values()) == {None}


def test_a_malformed_one_is_refused_alone(tmp_path: Path) -> None:
    members = simple("a", "b")
    members["a"] |= {"access": {"kind": "login", "url": "https://me:hunter2@a.example/"}}
    records = imported(members, "--failed", "failed.jsonl", code=1)
    assert summary(records) == {"added": 1, "refused": 1}
    (refused,) = [r for r in records if r["status"] == "error"]
    assert refused["message"].startswith("refused 'a' (line 1): access: a URL contains a login")
    assert "hunter2" not in json.dumps(records)
    failed = json.loads(Path("failed.jsonl").read_text())
    failed["access"] = TERMS
    Path("failed.jsonl").write_text(json.dumps(failed))
    assert summary(datalad("download-manifest", "failed.jsonl", "ds")) == {"added": 1}
    assert restrictions() == {"a": TERMS, "b": None}


@pytest.mark.parametrize("name", ["m2.json", "m.jsonl", "m.meta4"])
def test_export_and_import_give_the_same_dataset(tmp_path: Path, name: str) -> None:
    members = simple("a", "b", "sub//c", "sub//d")
    members["b"] |= {"access": TERMS, "mtime": MTIME}
    members["sub//c"] |= {"access": REQUEST}
    imported(members)
    (record,) = datalad("export-manifest", "-r", "-d", "ds", name)
    assert record["lost"] == {}
    datalad("download-manifest", name, "again")
    for part in (".", "sub"):
        ds, again = tmp_path / "ds" / part, tmp_path / "again" / part
        assert recorded(ds) == recorded(again)
    assert tree(tmp_path / "ds/sub") == tree(tmp_path / "again/sub")
    datalad("export-manifest", "-r", "-d", "again", "twice.json")
    found = json.loads(Path("twice.json").read_text())
    assert {path: fields.get("access") for path, fields in found.items()} == {
        "a": None,
        "b": TERMS,
        "sub//c": REQUEST,
        "sub//d": None,
    }


def test_secrets_of_a_foreign_dataset_do_not_go_out() -> None:
    imported({"a": described("a", f"{A}/a", access=TERMS)})
    dataset = Path("ds")
    (name,) = [n for n in annex_branch(dataset) if n.endswith(".rmt")]
    text = git(dataset, "show", f"git-annex:{name}").replace("of=1", "sig=hunter2")
    # the journal is newer than the branch
    journal = dataset / ".git/annex/journal" / name.replace("_", "__").replace("/", "_")
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.write_text(f"{text.replace(text.split()[0], '1900000000s')}\n")
    datalad("export-manifest", "-d", "ds", "m2.json")
    access = json.loads(Path("m2.json").read_text())["a"]["access"]
    assert access == {"kind": "terms", "text": "Accept é  first"}


def test_a_restricted_file_is_tried_and_a_failure_says_where_to_ask(lab: Lab) -> None:
    members = {
        "free": described("free", lab.put("free", content_of("free")), access=LOGIN),
        "terms": described("terms", lab.put("terms", status=403), access=TERMS),
        "gone": described("gone", lab.put("gone", status=404), access=TERMS),
        "silent": described("silent", lab.put("silent", status=401), access=LOGIN),
    }
    imported(members)
    records = datalad("download-content", "-d", "ds", code=1)
    assert records[-1]["counts"] == {
        "fetched": 1, "failed": 3, "without_url": 0, "unverified": 0
    }  # fmt: skip
    said = {r["entry"]: r.get("message", "") for r in records if r["type"] == "file"}
    # if the one that wants a login was asked before, how to log in comes behind it
    assert f"; access (terms): Accept é  first {A}/terms?of=1" in said["terms"]
    assert "access (" not in said["gone"] + said["silent"]


def test_git_annex_hands_on_what_is_recorded(lab: Lab) -> None:
    """One state for all: the remote that is asked by git-annex gets it from there."""
    urls = [lab.put("b", status=404), lab.put("a", content_of("a"))]
    imported({"a": described("a", *urls, mtime=MTIME, access=TERMS)})
    dataset = Path("ds")
    said = git(dataset, "annex", "get", "--debug", "a", "--from", "jsdl")
    assert (dataset / "a").stat().st_mtime == 1714564800, said
    # git-annex writes the log anew, as it reads it
    key = git(dataset, "annex", "lookupkey", "a")
    git(dataset, "annex", "registerurl", "--remote", "jsdl", key, f"{A}/more")
    git(dataset, "annex", "drop", "--force", "a")
    git(dataset, "annex", "merge")
    assert restrictions() == {"a": TERMS}
