"""export-manifest: a dataset becomes a manifest, and a manifest the same dataset."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import run
from tests.lab import sha256
from tests.portal import (
    MTIME,
    A,
    B,
    content_of,
    datalad,
    described,
    git,
    recorded,
    tree,
    write_manifest,
)
from tests.running import run_datalad

C = "https://c.example"


@pytest.mark.slow
def test_a_dataset_survives_export_and_import(tmp_path: Path) -> None:
    odd = """sub-01/a &<"'%0A> é.nii.gz"""
    members: dict[str, Any] = {
        odd: described(odd, f"{B}/1", f"{A}/1?a=1&b=2", f"{C}/1", mtime=MTIME),
        "run.sh": described("run.sh", f"{A}/run.sh", executable=True),
        "no/digest": [f"{B}/no,digest?x=1", f"{A}/no"],
        "no/size.txt": {"urls": [f"{A}/size"], "digests": {"md5": "0" * 32}},
        "same": described(odd, f"{A}/1?a=1&b=2", mtime="1999-12-31T23:59:59.25Z"),
        "with/signed": described("x", f"{A}/x?sig=hunter2", f"{A}/x"),
    }
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    names = ["m2.json", "m.jsonl", "m.meta4"]
    Path(names[0]).write_text("older")
    # all in one process, which is quicker
    call = "dl.export_manifest(name, dataset='ds', result_renderer='disabled')"
    code = f"import json, datalad.api as dl; print(json.dumps([{call} for name in {names}]))"
    records = json.loads(run(sys.executable, "-c", code))
    for name, (record,) in zip(names, records, strict=True):
        assert (record["status"], record["path"]) == ("ok", str(tmp_path / name))
        assert (record["entries"], record["left_out"], record["lost"]) == (6, 0, {})
        assert "hunter2" not in Path(name).read_text()
        datalad("download-manifest", name, f"of-{name}")
        assert tree(tmp_path / f"of-{name}") == tree(tmp_path / "ds")
        assert recorded(tmp_path / f"of-{name}") == recorded(tmp_path / "ds")
    (record,) = datalad("export-manifest", "-d", "ds", "fetch.txt", "ds/no", "ds/run.sh")
    assert Path("fetch.txt").read_text() == (
        f"{B}/no,digest?x=1 - no/digest\n{A}/size - no/size.txt\n{A}/run.sh 3000 run.sh\n"
    )
    assert record["lost"] == {"further URLs": 1, "digests": 2, "executable bits": 1}
    assert "bagit-fetch cannot hold further URLs (1 file)" in record["message"]
    assert not [name for name in tmp_path.iterdir() if "part" in name.name]


def exported(*args: str | Path, code: int) -> tuple[dict[str, Any], str]:
    """The manifest on standard output, and what is said."""
    done = run_datalad("export-manifest", *args)
    assert done.code == code, done.stderr
    return json.loads(done.stdout), done.stderr


def test_what_git_annex_has_made(tmp_path: Path) -> None:
    dataset = tmp_path / "theirs"
    run("git", "init", "-q", dataset)
    git(dataset, "annex", "init", "-q")
    for name in ["README", *(f"notes-{n}" for n in range(12))]:
        (dataset / name).write_text("in git")
        git(dataset, "add", name)
    key = f"SHA256E-s3000--{sha256(content_of('f'))}.nii"
    keys = {"f.nii": key} | {name: f"MD5-s1--{n:032}" for n, name in enumerate(["none", "secret"])}
    listing = "".join(f"{key} {name}\n" for name, key in keys.items())
    git(dataset, "annex", "fromkey", "--force", "--batch", input=listing)
    git(dataset, "annex", "addurl", "--fast", "--relaxed", f"{B}/web", "--file", "web")
    urls = {
        key: [
            f"{B}/f",
            f"{A}/a b",
            f"{A}/f?token=q8Zt3LwX0vNcB5RyK7dM",
            "yt:https://youtube.example/f",
        ],
        keys["secret"]: [f"{A}/?sig=hunter2", "https://me:hunter2@a.example/", "magnet:?xt=1"],
        git(dataset, "annex", "lookupkey", "web"): [f"{A}/web"],
    }
    listing = "".join(f"{key} {url}\n" for key, found in urls.items() for url in found)
    git(dataset, "annex", "registerurl", "--batch", input=listing)
    git(dataset, "commit", "-q", "-m", "first")
    expected = {
        "f.nii": {
            "urls": [f"{A}/a%20b", f"{B}/f"],
            "size": 3000,
            "digests": {"sha256": sha256(content_of("f"))},
        },
        "web": [f"{B}/web", f"{A}/web"],  # the first makes the key
    }
    found, said = exported("-d", dataset, code=1)
    assert found == expected
    assert "skipped none: it has no recorded URL" in said
    for what in ("1 signed", "1 with a login", "1 not http or https"):
        assert what in said
    assert "skipped README: its content is in git" in said
    assert said.count("its content is in git") == 10
    assert "skipped 3 more files in git" in said
    assert "hunter2" not in said
    # as a clone, on an adjusted branch, in a superdataset
    run("git", "init", "-q", "super")
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    git(tmp_path / "super", *add, str(dataset), "sub")
    git(tmp_path / "super", "commit", "-q", "-m", "subdataset")
    clone = tmp_path / "super/sub"
    git(clone, "annex", "init", "-q")
    git(clone, "annex", "adjust", "--unlock")
    wanted = ("--include", "*/f.nii", "--include", "*/web")
    found, said = exported("-d", "super", "-r", *wanted, "-", code=0)
    assert found == {f"sub//{path}": value for path, value in expected.items()}
    assert exported("-d", clone, "--exclude", "[Rns]*", "--ref", "HEAD", "-", code=0)[0] == expected
    # nothing to write: what is there stays
    Path("m.json").write_text("older")
    name = "super/../m.json"
    records = datalad("export-manifest", "-d", dataset, name, dataset / "none", code=1)
    assert [r["status"] for r in records] == ["impossible", "error"]
    assert records[1]["path"] == str(tmp_path / "m.json")
    assert "nothing to export" in records[1]["message"]
    assert Path("m.json").read_text() == "older"
    (record,) = datalad("export-manifest", "-d", dataset, "m.csv", code=1)
    assert record["message"].startswith("m.csv: cannot write this kind of manifest; known are")
    assert not Path("m.csv").exists()
