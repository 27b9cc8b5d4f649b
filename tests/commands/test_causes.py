"""What a command says in the end: sums that add up, and one line for each cause of failures."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from datalad_jsdl.faults import Failed, Fault, FaultKind
from datalad_jsdl.operations.causes import cause_text
from tests.lab import Lab
from tests.portal import described, publish, write_manifest
from tests.running import run_datalad

MANY = [f"sub-{number:02}" for number in range(40)]


def said(*command: str | Path, cwd: Path | None = None, code: int = 1) -> list[str]:
    done = run_datalad(*command, cwd=cwd)
    assert done.code == code, done
    assert "Traceback" not in done.stderr
    return done.stdout.splitlines()


def errors(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("error:")]


def test_what_came(tmp_path: Path, lab: Lab, ready: Callable[..., Path]) -> None:
    urls = publish(lab, ["a", "b"])
    dataset = ready({path: described(path, url) for path, url in urls.items()}, tmp_path / "ds")
    (line,) = said("download-content", cwd=dataset, code=0)
    assert re.fullmatch(
        r".*/ds: 2 files, 6000 bytes in [\d.]+ s \([\d.]+ [kM]B/s\), all verified", line
    )


def test_what_nobody_can_verify(tmp_path: Path, lab: Lab, ready: Callable[..., Path]) -> None:
    urls = publish(lab, ["a", "b"])
    members = {"a": described("a", urls["a"]), "b": {"urls": [urls["b"]]}}
    dataset = ready(members, tmp_path / "ds")
    (line,) = said("download-content", cwd=dataset, code=0)
    assert line.endswith("1 of them not verified: there is no checksum")


def test_files_without_a_checksum_are_no_leftovers(tmp_path: Path, lab: Lab) -> None:
    """A run that gives them a key from their digest has downloaded them itself."""
    members = {path: {"urls": [url]} for path, url in publish(lab, ["a", "b"]).items()}
    write_manifest(manifest := tmp_path / "m.json", members)
    lines = said("download-manifest", "--get", manifest, tmp_path / "ds", code=0)
    came = re.search(r"2 files, 6000 bytes in [\d.]+ s \([^)]+\), all not verified", lines[-1])
    assert came, lines


def test_content_that_was_here_is_not_told_as_downloaded(tmp_path: Path, lab: Lab) -> None:
    """Nor as kept by an earlier run, when it gets its digest."""
    members = {path: {"urls": [url]} for path, url in publish(lab, ["a", "b"]).items()}
    write_manifest(manifest := tmp_path / "m.json", {"a": members["a"]})
    dataset = tmp_path / "ds"
    said("download-manifest", manifest, dataset, code=0)
    said("download-content", cwd=dataset, code=0)
    write_manifest(manifest, members)
    lines = said("download-manifest", "--get", manifest, dataset, code=0)
    assert re.search(r"; 1 file, 3000 bytes in ", lines[-1]), lines


def test_forty_files_that_a_mirror_refuses(
    tmp_path: Path, lab: Lab, ready: Callable[..., Path]
) -> None:
    refused = publish(lab, MANY, status=403)
    open_ = publish(lab, ["open"])
    members = {path: described(path, url) for path, url in {**refused, **open_}.items()}
    dataset = ready(members, tmp_path / "ds")
    lines = said("download-content", cwd=dataset)
    assert ": 1 of 41 files, 3000 bytes in " in lines[0]
    assert len(errors(lines)) == 1
    host = lab.url.removeprefix("http://")
    assert errors(lines)[0].startswith(f"error: 40 files: could not be downloaded: {host}: ")
    assert re.search(r" \((sub-\d\d, ){3}…\)$", errors(lines)[0])
    assert lines[-2].startswith("  ")
    assert "may require a login" in lines[-2]
    assert lines[-1].startswith(f"  datalad jsdl-login {lab.url}/sub-")  # what helps


def test_one_file_is_told_with_its_url(
    tmp_path: Path, lab: Lab, ready: Callable[..., Path]
) -> None:
    urls = publish(lab, ["a"], status=404)
    dataset = ready({"a": described("a", urls["a"])}, tmp_path / "ds")
    line = errors(said("download-content", cwd=dataset))[-1]
    assert line.startswith(f"error: a: could not be downloaded: {urls['a']}: ")


def test_forty_files_that_are_imported_and_refused(tmp_path: Path, lab: Lab) -> None:
    urls = publish(lab, MANY, status=403)
    members = {path: described(path, url) for path, url in urls.items()}
    lines = said("download-manifest", "--get", write_manifest(tmp_path / "m.json", members), "ds")
    assert len(errors(lines)) == 1
    assert errors(lines)[0].startswith("error: 40 files: could not be downloaded: ")


def test_forty_entries_that_are_refused(tmp_path: Path, lab: Lab) -> None:
    members = {f"../{path}": described(path, f"{lab.url}/{path}") for path in MANY}
    members["good"] = described("good", f"{lab.url}/good")
    lines = said("download-manifest", write_manifest(tmp_path / "m.json", members), "ds")
    assert len(errors(lines)) == 1
    assert errors(lines)[0].startswith("error: 40 files: refused: ")


def test_all_records_are_there_for_programs(
    tmp_path: Path, lab: Lab, ready: Callable[..., Path]
) -> None:
    urls = publish(lab, MANY, status=403)
    dataset = ready({p: described(p, url) for p, url in urls.items()}, tmp_path / "ds")
    records = run_datalad("-f", "json", "download-content", cwd=dataset).results
    failed = [record for record in records if record["status"] == "error" and record.get("entry")]
    assert sorted(record["entry"] for record in failed) == MANY
    assert len({record["cause"] for record in failed}) == 1
    assert len({record["message"] for record in failed}) == 40


def test_a_full_disk_is_one_cause() -> None:
    full = Failed((Fault(FaultKind.DISK_FULL, detail="a: No space left on device"),))
    cause = Fault(FaultKind.DISK_FULL, detail="b: No space left on device")
    rest = Failed((Fault(FaultKind.NOT_ASKED, url="https://a.example/b?token=x", cause=cause),))
    assert cause_text(full) == cause_text(rest)


def test_a_cause_with_a_url_that_is_none() -> None:
    text = cause_text(Failed((Fault(FaultKind.BUG, url="http://[x/secret", detail="d"),)))
    assert text.startswith("(unreadable URL): ")
    assert "secret" not in text


def test_a_cause_names_no_more_than_mirrors() -> None:
    faults = [
        Fault(FaultKind.BUG, url=f"https://user:pw@h{n}.example/secret?token=x", detail="d")
        for n in (1, 1, 2, 3, 4, 5)
    ]
    text = cause_text(Failed(tuple(faults)))
    assert text.count("h1.example") == 1
    assert text.endswith("; 2 more mirrors failed")
    assert not re.search("secret|token|pw", text)
