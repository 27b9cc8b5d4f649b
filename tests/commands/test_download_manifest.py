"""download-manifest: what gets into a dataset, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab, sha256
from tests.portal import (
    MTIME,
    A,
    B,
    annex_branch,
    content_of,
    datalad,
    described,
    entries,
    git,
    publish,
    simple,
    summary,
    tree,
    write_manifest,
)
from tests.running import run_datalad


def test_a_manifest_becomes_a_dataset_with_every_url_registered(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", simple("sub-01/anat.nii.gz", "README.txt"))
    records = datalad("download-manifest", manifest, "ds")
    assert summary(records) == {"added": 2}
    assert entries(records) == {"sub-01/anat.nii.gz": "added", "README.txt": "added"}
    dataset = tmp_path / "ds"
    digest = sha256(content_of("sub-01/anat.nii.gz"))
    target = (dataset / "sub-01/anat.nii.gz").readlink()
    assert target.name == f"SHA256E-s3000--{digest}.nii.gz"
    urls = json.loads(git(dataset, "annex", "whereis", "--json", "README.txt"))["whereis"]
    assert [sorted(place["urls"]) for place in urls] == [[f"{A}/README.txt", f"{B}/README.txt"]]
    assert git(dataset, "status", "--short") == ""
    assert git(dataset, "for-each-ref", "--format=%(refname)", "refs/heads").splitlines() == [
        "refs/heads/git-annex",
        "refs/heads/main",
    ]


def test_it_is_what_git_annex_itself_would_have_written(tmp_path: Path) -> None:
    paths = ["sub-01/anat.nii.gz", "é/ü.tar.gz", 'quo"te', "a b/c d", ".hidden", "x/y/z.json"]
    members: dict[str, Any] = simple(*paths)
    members["no/digest"] = [f"{B}/no,digest?x=1", f"{A}/no"]
    members["same/content"] = members["sub-01/anat.nii.gz"]
    datalad("download-manifest", write_manifest("m.json", members), "ours")
    datalad("create", "theirs")
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    keys = {path: (ours / path).readlink().name for path in members}
    keys = {path: git(ours, "annex", "lookupkey", path) for path in keys}
    listing = "".join(f"{key} {path}\n" for path, key in keys.items())
    git(theirs, "annex", "fromkey", "--force", "--batch", input=listing)
    urls = "".join(
        f"{keys[path]} {url}\n"
        for path, value in members.items()
        for url in (value if isinstance(value, list) else value["urls"])
    )
    git(theirs, "annex", "registerurl", "--batch", input=urls)
    git(theirs, "commit", "-q", "-m", "import")
    housekeeping = ".gitattributes"
    mine = [line for line in tree(ours).splitlines() if housekeeping not in line]
    assert mine == [line for line in tree(theirs).splitlines() if housekeeping not in line]
    logs, oracle = annex_branch(ours), annex_branch(theirs)
    own = {"uuid.log", "remote.log", "preferred-content.log"}
    # only ours records that B comes first: in git-annex's own order it would be last
    state = {name for name in logs if name.endswith(".log.rmt")}
    assert len(state) == 1
    assert {n: v for n, v in logs.items() if n not in own | state} == {
        n: v for n, v in oracle.items() if n not in own
    }


def test_state_is_written_as_git_annex_writes_it(tmp_path: Path) -> None:
    members = {"f": described("f", f"{B}/f", f"{A}/f", mtime=MTIME)}
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    dataset = tmp_path / "ds"
    (name,) = [n for n in annex_branch(dataset) if n.endswith(".log.rmt")]
    config = git(dataset, "config", "remote.jsdl.annex-config-uuid")
    stamp, uuid, state = git(dataset, "show", f"git-annex:{name}").split(" ", 2)
    assert float(stamp.rstrip("s")) > 1_700_000_000
    assert uuid == config
    assert json.loads(state)["mtime"] == MTIME
    assert len(json.loads(state)["order"]) == 2


@pytest.mark.slow
def test_all_forms_of_a_manifest_say_the_same(tmp_path: Path, lab: Lab) -> None:
    members = simple("a/b.txt", "c.txt")
    lines = "".join(json.dumps({"path": path, **value}) + "\n" for path, value in members.items())
    (tmp_path / "m.jsonl").write_text(lines)
    manifest = write_manifest("m.json", members)
    lab.put("portal/m.json", manifest.read_bytes())
    datalad("download-manifest", manifest, "file")
    datalad("download-manifest", "m.jsonl", "lines")
    datalad("download-manifest", "-", "stdin", stdin=manifest.read_text())
    datalad("download-manifest", f"{lab.url}/portal/m.json", "url")
    trees = {tree(tmp_path / name).split(".gitattributes")[1] for name in ("file", "stdin", "url")}
    assert trees == {tree(tmp_path / "lines").split(".gitattributes")[1]}


def test_relative_urls_are_resolved(tmp_path: Path, lab: Lab) -> None:
    lab.put("portal/files/x", b"x")
    manifest = write_manifest("m.json", {"x": ["files/x"]})
    lab.put("portal/m.json", manifest.read_bytes())
    records = datalad("download-manifest", manifest, "ds", code=1)
    assert "--base-url" in records[0]["message"]
    datalad("download-manifest", "--base-url", f"{lab.url}/portal/", manifest, "ds")
    datalad("download-manifest", f"{lab.url}/portal/m.json", "other")
    for name in ("ds", "other"):
        git(tmp_path / name, "annex", "get", "x")
        assert (tmp_path / name / "x").read_bytes() == b"x"


def test_prefix_and_filters(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", simple("s1/a.nii", "s1/a.json", "s2/a.nii", "raw/s1/a.nii"))
    options = ["--prefix", "in/put", "--include", "*.nii", "--exclude", "raw"]
    records = datalad("download-manifest", *options, manifest, "ds")
    assert entries(records) == {"in/put/s1/a.nii": "added", "in/put/s2/a.nii": "added"}
    assert summary(records) == {"added": 2, "skipped": 2}
    records = datalad("download-manifest", "--prefix", "../out", manifest, "ds", code=1)
    assert "--prefix" in records[0]["message"]


def test_records_up_to_a_thousand(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", {f"f{i:04}": [f"{A}/{i}"] for i in range(1001)})
    assert entries(datalad("download-manifest", "-n", manifest, "ds")) == {}
    assert (
        len(entries(datalad("download-manifest", "-n", "--report", "all", manifest, "ds"))) == 1001
    )
    assert not (tmp_path / "ds").exists()
    manifest = write_manifest("m.json", {f"f{i:04}": [f"{A}/{i}"] for i in range(1000)})
    assert len(entries(datalad("download-manifest", "-n", manifest, "ds"))) == 1000


def test_executables(tmp_path: Path, lab: Lab) -> None:
    url = lab.put("tool", content_of("tool"))
    members = {"tool": described("tool", url, executable=True)}
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    dataset = tmp_path / "ds"
    assert git(dataset, "ls-tree", "HEAD", "tool").startswith("100755")
    assert git(dataset, "status", "--short") == ""
    git(dataset, "annex", "get", "tool")
    assert (dataset / "tool").read_bytes() == content_of("tool")
    assert (dataset / "tool").stat().st_mode & 0o111
    assert git(dataset, "status", "--short") == ""


def test_an_adjusted_branch_gets_unlocked_files(tmp_path: Path, lab: Lab) -> None:
    urls = publish(lab, ["a", "b"])
    datalad("download-manifest", write_manifest("m.json", {"a": described("a", urls["a"])}), "ds")
    dataset = tmp_path / "ds"
    git(dataset, "annex", "adjust", "--unlock")
    members = {path: described(path, url) for path, url in urls.items()}
    records = datalad("download-manifest", write_manifest("m.json", members), "ds")
    assert entries(records) == {"b": "added"}
    git(dataset, "annex", "get", "b")
    assert (dataset / "b").read_bytes() == content_of("b")
    assert git(dataset, "status", "--short") == ""
    git(dataset, "annex", "sync", "--no-pull", "--no-push", "--no-content")
    assert git(dataset, "ls-tree", "main", "b").startswith("120000")


def test_a_subdataset(tmp_path: Path) -> None:
    datalad("create", "super")
    manifest = write_manifest("m.json", simple("f"))
    datalad("download-manifest", "-d", "super", manifest, "super/in/sub")
    superdataset = tmp_path / "super"
    assert git(superdataset, "status", "--short") == ""
    assert git(superdataset, "ls-tree", "-r", "HEAD", "in/sub").split()[2] == git(
        superdataset / "in/sub", "rev-parse", "HEAD"
    )


def test_the_dataset_of_the_current_folder(tmp_path: Path) -> None:
    datalad("create", "ds")
    manifest = write_manifest("m.json", simple("f"))
    records = datalad("download-manifest", "-d", ".", manifest, cwd=tmp_path / "ds")
    assert entries(records) == {"f": "added"}
    (tmp_path / "ds/deep").mkdir()
    records = datalad("download-manifest", manifest, cwd=tmp_path / "ds/deep")
    assert summary(records) == {"unchanged": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("<!DOCTYPE html><html></html>", "HTML"),
        ('{"a": ["https://a.example"],\n "b" oops}', "line 2, column 6"),
        ('{"a": ["https://a.example"]', "end of the document"),
        ("[]", "unknown manifest format"),
        ("{}", "no entries"),
        ('{"files": [{"name": "a"}]}', "JSON in no known format"),
        ('{"../a": ["https://a.example"]}', "all entries were refused"),
    ],
)
def test_a_broken_manifest_leaves_nothing_behind(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "m.json").write_text(text)
    *_, record = datalad("download-manifest", "m.json", "ds", code=1)
    assert said in record["message"]
    assert not (tmp_path / "ds").exists()


def test_a_manifest_that_cannot_be_had(tmp_path: Path, lab: Lab) -> None:
    (record,) = datalad("download-manifest", "nowhere.json", "ds", code=1)
    assert "nowhere.json" in record["message"]
    (record,) = datalad("download-manifest", f"{lab.url}/m.json?token=hunter2", "ds", code=1)
    assert "404" in record["message"]
    assert "hunter2" not in record["message"]
    assert not (tmp_path / "ds").exists()


@pytest.mark.slow
def test_places_where_no_dataset_can_be_made(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", simple("a"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").write_text("mine")
    datalad("download-manifest", manifest, "ds")
    git(tmp_path, "init", "-q", "plain")
    git(tmp_path / "plain", "commit", "-q", "--allow-empty", "-m", "theirs")
    for place, said in {
        "full": "datalad create --force",
        "m.json": "is a file",
        "ds/new": "--prefix",
        "plain": "datalad create --force",
    }.items():
        *_, record = datalad("download-manifest", manifest, place, code=1)
        assert said in record["message"], place
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["mine"]
    assert git(tmp_path / "ds", "status", "--short") == ""


def test_options_that_cannot_be(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", simple("a"))
    for options, said in (
        (["--jobs", "0"], "--jobs"),
        (["--base-url", "a.example"], "http://"),
        (["--include", "nothing*"], "filter out 1 entry"),
    ):
        (record,) = datalad("download-manifest", *options, manifest, "ds", code=1)
        assert said in record["message"]
    (record,) = datalad("download-manifest", "ftp://a.example/m.json", "ds", code=1)
    assert "ftp" in record["message"]
    assert not (tmp_path / "ds").exists()
    records = datalad("download-manifest", "-n", "--include", "./a", manifest, "ds")
    assert entries(records) == {"a": "added"}


def test_fields_nobody_knows_are_named(tmp_path: Path) -> None:
    members = {"f": {"urls": [f"{A}/f"], "digest": {}, "digests": {"crc32": "0"}}}
    manifest = write_manifest("m.json", members)
    done = run_datalad("download-manifest", "-n", manifest, "ds")
    assert done.code == 0
    assert "ignored unknown fields 'digest' (1 entry), 'digests.crc32' (1 entry)" in done.stderr


def test_what_a_person_reads(tmp_path: Path) -> None:
    from tests.conftest import run

    manifest = write_manifest("m.json", simple("a") | {"../b": [f"{A}/b"]})
    said = run("datalad", "download-manifest", manifest, "ds", check=False)
    assert "+ a" in said
    assert "1 added, 1 refused" in said
    assert "'../b'" in said
