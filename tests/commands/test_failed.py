"""download-manifest --failed: what could not be imported is a manifest to try again with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.selection import Selection
from datalad_jsdl.model.entry import Candidate, Entry, Refusal
from datalad_jsdl.operations.failed import write_failed
from tests.conftest import run
from tests.portal import (
    content_of,
    datalad,
    described,
    publish,
    recorded,
    summary,
    tree,
    write_manifest,
)

if TYPE_CHECKING:
    from tests.lab import Lab

FILE = Path("failed.jsonl")


def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in FILE.read_text().splitlines()]


def test_what_failed_is_fed_back(tmp_path: Path, lab: Lab) -> None:
    paths = ["good", "gone", "gone/no-digest.bin", "refused"]
    publish(lab, paths)
    members: dict[str, Any] = {
        "good.txt": described("good", "good"),
        "gone.txt": described("gone", "gone", f"{lab.url}/gone?sig=hunter2"),
        "sub/no digest": {"urls": ["gone/no-digest.bin"], "mtime": 1714564800},
        "refused": {"extra_urls": ["refused"], "size": -3000, "note": "café"},
    }
    manifest = write_manifest("m.json", members)
    for path in ("/gone", "/gone/no-digest.bin"):
        lab.files[path].status = 404
    options = ("--get", "--prefix", "in", "--failed", FILE)
    base = ("--base-url", f"{lab.url}/")
    command = ("download-manifest", *options, *base)
    datalad(*command, "--dry-run", manifest, "ds", code=1)
    assert not FILE.exists()
    records = datalad(*command, manifest, "ds", code=1)
    assert summary(records) == {"added": 2, "fetched": 1, "refused": 1, "failed": 2}
    assert FILE.stat().st_mode & 0o777 == 0o600
    failed = {line.pop("path"): line for line in lines()}
    reasons = {path: fields.pop("reason") for path, fields in failed.items()}
    assert failed == {
        "refused": {"extra_urls": [f"{lab.url}/refused"], "size": -3000, "note": "café"},
        "gone.txt": described("gone", f"{lab.url}/gone", f"{lab.url}/gone?sig=hunter2"),
        "sub/no digest": {
            "urls": [f"{lab.url}/gone/no-digest.bin"],
            "mtime": "2024-05-01T12:00:00Z",
        },
    }
    assert reasons["refused"] == "the size is negative"
    assert "404" in reasons["gone.txt"]
    assert "hunter2" not in "".join(reasons.values())
    # the mirror and the manifest are repaired
    for file in lab.files.values():
        file.status = 200
    FILE.write_text(FILE.read_text().replace("-3000", "3000").replace("note", "reason"))
    # of the rest it says nothing, so that nothing is gone
    records = datalad("download-manifest", *options, "--delete", FILE, "ds")
    assert FILE.read_text() == ""
    assert summary(records) == {"added": 2, "unchanged": 1, "fetched": 3}
    (record,) = datalad("download-manifest", *options, FILE, "ds")
    assert record["status"] == "notneeded"
    assert "nothing left to retry" in record["message"]
    members["refused"]["size"] = 3000
    datalad(*command, write_manifest("m.json", members), "whole")
    assert tree(tmp_path / "ds") == tree(tmp_path / "whole")
    assert recorded(tmp_path / "ds") == recorded(tmp_path / "whole")
    assert (tmp_path / "ds/in/refused").read_bytes() == content_of("refused")


def test_a_run_that_fails_as_a_whole(tmp_path: Path) -> None:
    FILE.write_text("older")
    signed = "https://a.example/f?X-Amz-Signature=hunter2"
    manifest = write_manifest("m.json", {"f": [signed]})
    (record, _) = datalad("download-manifest", "--failed", FILE, manifest, "ds", code=1)
    assert "--get" in record["message"]
    (line,) = lines()
    assert (line["path"], line["urls"]) == ("f", [signed])
    assert "--get" in line["reason"]
    (record,) = datalad("download-manifest", "--failed", "no/where", manifest, "ds", code=1)
    assert "does not exist" in record["message"]


def test_any_refusal_can_be_written(tmp_path: Path) -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    entry = Entry("in/sub//own", (Candidate("https://a.example/own"),))
    selection = Selection(
        {"in/sub//own": entry, "in/fine": replace(entry, path="in/fine")},
        [
            Refusal(None, "no path", given={"urls": ["u"]}),
            Refusal("a\udc80", "no Unicode"),
            Refusal("deep", "no list", given={"urls": deep}),
        ],
    )
    write_failed(tmp_path / FILE, selection, {"in/sub/own": "in the way"}, "in")
    assert lines() == [
        {"path": "", "urls": ["u"], "reason": "no path"},
        {"path": "a\udc80", "reason": "no Unicode"},
        {"path": "deep", "reason": "no list"},
        {"path": "sub//own", "urls": ["https://a.example/own"], "reason": "in the way"},
    ]
    write_failed(tmp_path / FILE, Selection(), {}, "")
    assert FILE.read_text() == ""


def test_what_the_file_cannot_be(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", {"a": described("a", "https://a.example/a")})
    before = manifest.read_text()
    (tmp_path / "folder").mkdir()
    for name, said in (
        ("m.json", "replace the manifest"),
        ("folder", "folder"),
        ("no/f", "does not exist"),
    ):
        (record,) = datalad("download-manifest", "--failed", name, manifest, "ds", code=1)
        assert said in record["message"]
    assert manifest.read_text() == before
    assert not (tmp_path / "ds").exists()


def test_a_manifest_is_not_replaced_by_what_is_refused_of_it() -> None:
    manifest = write_manifest(
        "m.json", {"a": ["https://h.example/a"], "../b": ["https://h.example/b"]}
    )
    given = manifest.read_bytes()
    (record,) = datalad("download-manifest", "--failed", manifest, manifest, "ds", code=1)
    assert "would replace the manifest" in record["message"]
    assert manifest.read_bytes() == given


def test_without_git_annex_what_was_left_over_stays(tmp_path: Path) -> None:
    refused = {"path": "../b", "urls": ["https://h.example/b"], "reason": "no"}
    failed = {"path": "a", "urls": ["https://h.example/a"], "reason": "down"}
    FILE.write_text("".join(f"{json.dumps(line)}\n" for line in (refused, failed)))
    given = FILE.read_bytes()
    script = (
        "import os, sys; import datalad.api as api, datalad_jsdl.repository.git.running as git;"
        "os.environ['PATH'] = sys.argv[2]; sys.executable = '/nowhere/python';"
        "print(api.download_manifest(sys.argv[1], 'ds', failed=sys.argv[1],"
        " on_failure='ignore')[0]['message'])"
    )
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(run("which", "git").strip())
    assert "git-annex is not installed" in run("python", "-c", script, FILE, tmp_path / "bin")
    assert FILE.read_bytes() == given
