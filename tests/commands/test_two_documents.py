"""Manifests of several documents: checksum lists beside one, and a bag's folder."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

from tests.lab import Lab
from tests.portal import content_of, datalad, entries, git, publish, summary


def md5(path: str) -> str:
    return hashlib.md5(content_of(path), usedforsecurity=False).hexdigest()


def copied(dataset: Path) -> dict[str, dict[str, object]]:
    """The copy of the manifest that the last commit has."""
    name = git(dataset, "log", "-1", "--name-only", "--format=", "--", ".datalad/jsdl")
    found: dict[str, dict[str, object]] = json.loads((dataset / name).read_text())
    return found


def test_checksums_beside_a_list_of_urls(tmp_path: Path, lab: Lab) -> None:
    urls = publish(lab, ["a", "b", "c"])
    Path("urls.gz").write_bytes(gzip.compress("\n".join(urls.values()).encode()))
    listed = lab.put("MD5SUMS", f"{md5('a')}  some/a\n".encode())
    Path("sums").write_text(f"{'0' * 31}1  c\nMD5 (c) = {md5('c')}\n")
    call = ("download-manifest", "--checksums", listed, "--checksums", "sums", "urls.gz", "study")
    records = datalad(*call, code=1)
    assert entries(records)["c"] == "refused"
    study = tmp_path / "study"
    assert git(study, "annex", "lookupkey", "a") == f"MD5E--{md5('a')}"
    assert git(study, "annex", "lookupkey", "b").startswith("VURL-")
    # several documents are recorded as one copy, which a rerun reads
    message = git(study, "log", "-1", "--format=%B")
    assert "--checksums" not in message
    assert copied(study)["a"]["digests"] == {"md5": md5("a")}
    head = git(study, "rev-parse", "HEAD")
    datalad("rerun", cwd=study)
    assert git(study, "rev-parse", "HEAD") == head


def test_a_bag_s_folder(tmp_path: Path, lab: Lab) -> None:
    urls = publish(lab, ["a", "b"])
    bag = tmp_path / "bag"
    (bag / "data").mkdir(parents=True)
    (bag / "data/here").touch()
    (bag / "bagit.txt").write_text("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    (bag / "fetch.txt").write_text("".join(f"{url} 3000 data/{p}\n" for p, url in urls.items()))
    paths = [*(f"data/{p} {md5(p)}".split() for p in urls), ["data/here", "0" * 32]]
    (bag / "manifest-md5.txt").write_text("".join(f"{digest}  {p}\n" for p, digest in paths))
    records = datalad("download-manifest", "--get", bag, "study")
    assert summary(records)["added"] == 2
    study = tmp_path / "study"
    assert git(study, "annex", "lookupkey", "data/b") == f"MD5E-s3000--{md5('b')}"
    assert (study / "data/b").read_bytes() == content_of("b")
    assert set(copied(study)) == {"data/a", "data/b"}
    assert not (study / "data/here").is_symlink()
    (failed,) = datalad("download-manifest", "-n", bag / "data", "other", code=1)
    assert "is a folder, but not a BagIt bag" in failed["message"]
