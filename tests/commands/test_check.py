"""download-manifest --check: would the download go well?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datalad_jsdl.commands._check_table import summary
from tests.conftest import run
from tests.lab import Lab, refused_url
from tests.portal import content_of, datalad, described, git, publish, write_manifest
from tests.running import run_datalad

LARGE = bytes(400_000)


def by_name(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Mirrors by their port, files by their path, and the dataset."""
    names = {"mirror": lambda r: r["mirror"].rpartition(":")[2], "file": lambda r: r["entry"]}
    return {names.get(r["type"], lambda r: "dataset")(r): r for r in records}


def port(lab: Lab) -> str:
    return str(lab.port)


def test_all_faults_at_once(lab: Lab, other_lab: Lab) -> None:
    dead = refused_url("x")
    with Lab() as login, Lab() as terms, Lab() as busy, Lab() as weary:
        wall = {"wants": ("Authorization", "x"), "challenge": "Bearer"}
        wait = {"status": 429, "headers": {"Retry-After": "1"}}
        urls = {
            "here": [lab.put("here", content_of("here"), head=False), dead],
            "no-size": [lab.put("no-size", b"12345")],
            "large": [other_lab.put("large", LARGE, rate=400_000, ranges=False)],
            "shorter": [other_lab.put("s", content_of("shorter"), shorter=1), lab.put("s")],
            "lost": [lab.put("lost", status=404), dead],
            "wrong": [lab.put("wrong", b"12345")],
            "login": [login.put("login", b"", **wall)],
            "forbidden": [terms.put("forbidden", status=403), f"{lab.url}/here"],
            "page": [terms.put("page", html=True)],
            "inside": ["http://10.0.0.1/inside", f"{lab.url}/here"],
            "wait": [busy.put("wait", content_of("wait"), times=1, **wait)],
            "never": [weary.put("never", **wait)],
        }
        lab.put("s", content_of("shorter"))
        members = {path: described(path, *found) for path, found in urls.items()}
        members["no-size"] = urls["no-size"]
        members["large"] = {"urls": urls["large"], "size": len(LARGE)}
        members["../out"] = [f"{lab.url}/here"]
        manifest = write_manifest("m.json", members)
        records = datalad("download-manifest", "--check", manifest, "ds", code=1)
        assert not Path("ds").exists()
        assert len(weary.requests) == 2
    assert "refused '../out'" in records[0]["message"]
    found = by_name(records[1:])
    dead_port = dead.split(":")[2].partition("/")[0]
    # (state, status): of whose files some are lost is in error, unless it gives files
    assert {name: (r["state"], r["status"]) for name, r in found.items() if "state" in r} == {
        port(lab): ("ok", "ok"),
        port(other_lab): ("ok", "ok"),
        dead_port: ("dead", "error"),
        port(login): ("login", "error"),
        port(terms): ("terms", "error"),
        port(busy): ("ok", "ok"),
        port(weary): ("busy", "error"),
        "//10.0.0.1": ("refused", "ok"),
        "shorter": ("size", "ok"),
        "lost": ("gone", "error"),
        "wrong": ("size", "error"),
        "login": ("login", "error"),
        "page": ("terms", "error"),
        "never": ("busy", "error"),
    }
    good, slow, down = found[port(lab)], found[port(other_lab)], found[dead_port]
    assert (good["files"], good["only"], good["lost"]) == (7, 2, 2)
    assert good["answers"] == {"ok": 5, "gone": 1, "size": 1}
    assert good["rate"] is None  # so small a file tells nothing
    assert good["ranges"] is True
    assert good["latency"] > 0
    assert 200_000 < slow["rate"] < 800_000
    assert (slow["rate_from"], slow["ranges"]) == ("sample", False)
    assert (down["files"], down["only"], down["bytes"]) == (2, 0, 6000)
    assert down["fault"].startswith("cannot connect:")
    assert found["shorter"]["answers"][0]["size"] == 2999
    assert "the manifest says 3000 bytes, but the server has 2999" in found["shorter"]["message"]
    whole = found["dataset"]
    assert whole["status"] == "error"
    assert (whole["files"], whole["files_to_download"], whole["files_lost"]) == (12, 12, 5)
    assert (whole["files_unsized"], whole["files_asked"]) == (0, 12)  # its mirror told the size
    assert whole["bytes_to_download"] == 10 * 3000 + 5 + len(LARGE)
    assert 0.2 < whole["seconds_least"] < whole["seconds_most"] < 4
    assert whole["bytes_free"] > 0
    assert (whole["disk_full"], whole["short_of"]) == (False, [])


def test_what_is_unknown_or_too_little_is_said(lab: Lab, other_lab: Lab) -> None:
    members = {
        "a": [lab.put("a", b"12345")],
        "b": [lab.put("b", status=403)],
        "c": [lab.put("c", status=403)],
        "d": [other_lab.put("d", status=404)],
    }
    manifest = write_manifest("m.json", members)
    text = run("datalad", "download-manifest", "--check", manifest, "ds", check=False)
    assert "(see above)" not in text
    # in full, once, below the mirror
    (full,) = [line for line in text.splitlines() if "; to log in, run:" in line]
    assert full.startswith("  other responses: 2 terms; HTTP status 403 (")
    assert text.count(f"\n    datalad jsdl-login {lab.url}/") == 1
    assert text.count("see the mirror (terms)") == 2
    first, _, _, second, _ = text.splitlines()[1:6]
    assert "  over 5 bytes  " in first
    assert second.split()[1:5] == ["gone", "1", "1", "unknown"]
    fields = {
        "files_to_download": 0,
        "files_asked": 0,
        "files_lost": 0,
        "files_skipped": 0,
        "files_unsized": 0,
        "files_here": 0,
        "bytes_to_download": 9000,
        "bytes_staged": 0,
        "bytes_free": 5000,
        "bytes_reserved": 2000,
        "inodes_free": 7,
    }
    kept = "(annex.diskreserve keeps 2000 bytes)"
    for short, said in {
        (): "; 5000 bytes free",
        ("bytes",): f". Not enough disk space: 5000 bytes free {kept}",
        ("inodes",): ". Not enough inodes: 7 free",
        ("bytes", "inodes"): (
            f". Not enough disk space: 5000 bytes free {kept}. Not enough inodes: 7 free"
        ),
    }.items():
        assert summary(fields | {"short_of": short}) == f"0 files to download{said}"


def test_a_download_that_will_go_well(lab: Lab, other_lab: Lab) -> None:
    """What is here is not asked for, a dead mirror is no failure, and no secret is shown."""
    members = {path: described(path, url) for path, url in publish(lab, ["a", "b"]).items()}
    datalad("download-manifest", "--get", write_manifest("m.json", members), "ds")
    signed = other_lab.put("c", LARGE) + "?sig=SECRET"
    members["c"] = {"urls": [refused_url("c?token=SECRET"), signed], "size": len(LARGE)}
    members["d"] = described("d", lab.put("d", content_of("d")))
    manifest = write_manifest("m.json", members)
    lab.requests.clear()
    head = git(Path("ds"), "rev-parse", "HEAD", "git-annex")
    lines = run("datalad", "download-manifest", "--check", "--get", manifest, "ds").splitlines()
    assert [(r.method, r.path) for r in lab.requests] == [("HEAD", "/d"), ("GET", "/d")]
    assert sum(request.sent for request in other_lab.requests) == len(LARGE)
    assert "SECRET" not in "".join(lines)
    header, *rows = [line for line in lines if not line.startswith("  ")]
    columns = [header.index(word) for word in ("state", "resumes")]
    assert sorted([row[at:].split()[0] for at in columns] for row in rows[:3]) == [
        ["dead", "unknown"],
        ["ok", "yes"],
        ["ok", "yes"],
    ]
    assert "2 files to download (0.4 MB, " in rows[3]
    assert "), 2 already present; all are available; " in rows[3]
    assert git(Path("ds"), "rev-parse", "HEAD", "git-annex") == head
    # it leaves nothing behind; what a download has measured need not be measured again
    check = ("download-manifest", "--check", "--get", manifest, "ds")
    mirror = by_name(datalad(*check))[port(other_lab)]
    assert (mirror["rate_from"], mirror["requests"]) == ("sample", 2)
    datalad("download-manifest", "--get", manifest, "ds")
    git(Path("ds"), "annex", "drop", "--force", "c")
    other_lab.requests.clear()
    mirror = by_name(datalad(*check))[port(other_lab)]
    assert mirror["rate_from"] == "earlier"
    assert sum(request.sent for request in other_lab.requests) <= 1


def test_addresses_that_are_not_public_are_allowed_by_one_command(tmp_path: Path) -> None:
    """Each command of its own would replace what the one before it has allowed."""
    hosts = [f"10.0.0.{number}" for number in range(12)]
    members = {host: described(host, f"http://{host}/f") for host in hosts}
    manifest = write_manifest("m.json", members)
    *records, whole = datalad("download-manifest", "--check", manifest, "ds", code=1)
    assert {"git config" in record["message"] for record in records} == {False}
    assert records[0]["message"].endswith("; 10.0.0.0 is not a public address")
    told = whole["message"].splitlines()[1]
    assert told == whole["private"]
    assert "10.0.0.9 and 2 more are not public addresses; to allow them, run" in told
    assert f"allowed-ip-addresses '127.0.0.1 {' '.join(hosts)}' (before" in told
    said = run_datalad("download-manifest", "--check", manifest, "ds")
    assert (said.stdout + said.stderr).count("git config") == 1
