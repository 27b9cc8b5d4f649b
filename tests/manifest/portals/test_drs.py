"""Objects and bundles of a Data Repository Service, by themselves and in lines of a manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.manifest.portals import find_address
from datalad_jsdl.model.entry import Entry, Refusal
from tests.lab import sha256
from tests.manifest.portals.test_named_addresses import read
from tests.portal import datalad, git, summary, write_manifest
from tests.portals import answer, listed, md5, paths

if TYPE_CHECKING:
    from tests.lab import Lab
    from tests.vault import Vault

OBJECTS = "/ga4gh/drs/v1/objects"


def publish(lab: Lab, identifier: str, name: str | None, **more: Any) -> bytes:
    """An object with its content, which an access method leads to."""
    content = f"content of {identifier}".encode()
    lab.put(f"store/{identifier}.bam", content)
    url = f"{lab.url}/store/{identifier}.bam"
    checksums = [("sha-256", sha256(content)), ("md5", md5(content)), ("crc32c", "8a366443")]
    document = {
        "id": identifier,
        "self_uri": f"drs://drs.example/{identifier}",
        "size": len(content),
        "created_time": "2024-01-02T03:04:05Z",
        "updated_time": "2024-02-02T03:04:05Z",
        "checksums": [{"type": kind, "checksum": digest} for kind, digest in checksums],
        "access_methods": [{"type": "https", "access_url": {"url": url}, "access_id": "web"}],
        **({} if name is None else {"name": name}),
        **more,
    }
    answer(lab, f"{OBJECTS}/{identifier}", document)
    return content


def bundle(lab: Lab, identifier: str, **contents: str) -> None:
    inside = [
        {"name": name.replace("_", "."), "id": inner, "drs_uri": [f"drs://drs.example/{inner}"]}
        for name, inner in contents.items()
    ]
    document = {"id": identifier, "self_uri": f"drs://drs.example/{identifier}", "size": 1}
    answer(lab, f"{OBJECTS}/{identifier}", {**document, "checksums": [], "contents": inside})


@pytest.fixture
def set_base(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server that all addresses are asked for at."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "datalad.jsdl.address.drs")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", lab.url)


@pytest.mark.parametrize("base", ["", "/ga4gh/drs/v1"])
def test_an_object(lab: Lab, base: str) -> None:
    content = publish(lab, "1", "a.bam")
    (entry,) = listed("drs://drs.example/1", lab.url + base)
    assert isinstance(entry, Entry)
    assert (entry.path, entry.size) == ("a.bam", len(content))
    assert entry.digests == {"sha256": sha256(content), "md5": md5(content)}
    assert [c.url for c in entry.candidates] == [f"{lab.url}/store/1.bam"]
    assert entry.mtime is not None
    assert entry.unknown == ()
    publish(lab, "2", None)
    assert paths(listed("drs://dg.0:2", lab.url)) == ["2.bam"]


def test_what_is_asked() -> None:
    """Host, compact identifier, and the GUIDs of Gen3 that have its namespace for a host."""
    servers = {
        "drs://drs.example/1": "https://drs.example",
        "drs://dg.4DFC:1": "https://nci-crdc.datacommons.io",
        "drs://dg.4503/1": "https://gen3.biodatacatalyst.nhlbi.nih.gov",
        "DRS://drs.anv0:v2_1": "https://data.terra.bio",
    }
    for address, server in servers.items():
        assert find_address(address, None, lambda name: None).base == server
    with pytest.raises(ManifestError, match=r"drs\.0 is unknown; set datalad\.jsdl\.address\.drs"):
        find_address("drs://drs.0:1", None, lambda name: None)
    for address in ("drs:1", "drs://h", "drs://h/", "drs:///1", "drs://h/1?x", "drs://a@h/1"):
        with pytest.raises(ManifestError, match="expected an object's URI"):
            listed(address, None)


def test_a_bundle(lab: Lab) -> None:
    """Files have the names that the bundle gives them, in folders of those of inner ones."""
    for number in ("1", "2", "3"):
        publish(lab, number, f"own-{number}.bam")
    bundle(lab, "top", a_bam="1", inner="in")
    bundle(lab, "in", b_bam="2", c_bam="3")
    assert paths(listed("drs://h/top", lab.url)) == ["a.bam", "inner/b.bam", "inner/c.bam"]
    # an inner one may be given whole, without an id
    inside = [{"name": "x", "contents": [{"name": "y.bam", "id": "1"}, {"name": "z"}]}, {"id": "1"}]
    answer(lab, f"{OBJECTS}/whole", {"id": "whole", "contents": inside})
    *refused, entry = listed("drs://h/whole", lab.url)
    assert [type(one) for one in refused] == [Refusal, Refusal]
    assert entry.path == "x/y.bam"
    del lab.files[f"{OBJECTS}/3"]
    with pytest.raises(ManifestError, match="no object top, or no longer all of it"):
        listed("drs://h/top", lab.url)


def test_a_bundle_without_end(lab: Lab) -> None:
    bundle(lab, "top", again="top")
    with pytest.raises(ManifestError, match="more than 100 nested bundles"):
        listed("drs://h/top", lab.url)
    assert len(lab.requests) == 100


def test_urls_that_expire(lab: Lab) -> None:
    """Nothing is asked for one: it could neither be recorded nor committed."""
    methods = [
        {"type": "s3", "access_id": "s3"},
        {"type": "https", "access_url": {"url": f"{lab.url}/x", "headers": ["Authorization: B"]}},
        {"type": "htsget", "access_url": {"url": "htsget://h/x"}},
    ]
    publish(lab, "1", "a.bam", access_methods=methods)
    (refused,) = listed("drs://h/1", lab.url)
    assert isinstance(refused, Refusal)
    assert "a URL that expires for this object (access_id)" in refused.reason
    assert len(lab.requests) == 1
    # a commons of Gen3 has one that stays
    publish(lab, "dg.4503/1-2", "a.bam", access_methods=methods)
    (entry,) = listed("drs://dg.4503/1-2", lab.url)
    assert isinstance(entry, Entry)
    assert [(c.url, c.signed) for c in entry.candidates] == [
        (f"{lab.url}/user/data/download/dg.4503/1-2?redirect", False)
    ]


def test_a_signed_url_is_not_registered(lab: Lab) -> None:
    signed = {"url": f"{lab.url}/store/1.bam?X-Amz-Signature=0a1b"}
    content = publish(lab, "1", "a.bam", access_methods=[{"type": "s3", "access_url": signed}])
    place = ("--base-url", lab.url, "drs://h/1")
    done = datalad("download-manifest", "--get", *place, "ds")
    assert summary(done) == {"added": 1, "fetched": 1}
    assert Path("ds/a.bam").read_bytes() == content
    assert "Signature" not in git(Path("ds"), "log", "--all", "-p")


def test_refusals(lab: Lab) -> None:
    for status, says in ((401, "requires a login"), (403, "requires a login"), (410, "410")):
        lab.put(f"{OBJECTS}/1".lstrip("/"), b"{}", status=status)
        with pytest.raises(StatusError, match=says):
            listed("drs://h/1", lab.url)
    with pytest.raises(ManifestError, match=r"drs://h/2: the server has no object 2"):
        listed("drs://h/2", lab.url)
    answer(lab, f"{OBJECTS}/1", [])
    with pytest.raises(ManifestError, match="expected an object of DRS"):
        listed("drs://h/1", lab.url)


def test_busy_and_moved(lab: Lab) -> None:
    publish(lab, "1", "a.bam")
    moved = lab.files[f"{OBJECTS}/1"]
    lab.files["/v2/1"] = moved
    lab.put(f"{OBJECTS}/2".lstrip("/"), b"", location="/v2/1")
    moved.status, moved.times, moved.headers = 429, 1, {"Retry-After": "0"}
    assert paths(listed("drs://h/2", lab.url)) == ["a.bam"]
    assert [request.path for request in lab.requests] == [f"{OBJECTS}/2", "/v2/1"] * 2


def test_a_token(vault: Vault, lab: Lab) -> None:
    secret = vault.secret("drs")
    publish(lab, "1", "a.bam")
    lab.files[f"{OBJECTS}/1"].wants = ("Authorization", f"Bearer {secret}")
    vault.keyring("drs", "secret", secret)
    assert paths(listed("drs://h/1", lab.url, f"{lab.url} datalad:drs")) == ["a.bam"]


@pytest.mark.usefixtures("set_base")
def test_a_table(lab: Lab) -> None:
    """As Terra exports it: an id a row, addresses in the cells, no names of files."""
    contents = [publish(lab, number, f"{number}.cram") for number in ("1", "2", "3")]
    bundle(lab, "top", x_bam="2", y_bam="3")
    file = Path("sample.tsv").absolute()
    file.write_text(
        "entity:sample_id\tcram\tindex\n"
        "NA1\tdrs://h/1\tdrs://h/2\n"
        "NA2\tdrs://dg.0:3\t\n"
        "NA3\tdrs://h/none\t\n"
    )
    found = read(file)
    assert paths(found) == ["1.cram", "2.cram", "3.cram", None]
    first, last = found[0], found[3]
    assert isinstance(first, Entry)
    assert (first.size, first.where) == (len(contents[0]), "line 2, column 'cram'")
    assert isinstance(last, Refusal)
    assert (last.where, "no object none" in last.reason) == ("line 4, column 'cram'", True)
    assert last.given["urls"] == ["drs://h/none"]
    file.write_text(
        f"file_name,drs_uri,md5\nsub/a.bam,drs://h/1,{md5(b'x')}\nsub/top,drs://h/top,\n"
    )
    one, *others = read(file)
    assert isinstance(one, Entry)
    # what the table says goes before
    assert (one.path, one.digests["md5"]) == ("sub/a.bam", md5(b"x"))
    assert one.digests["sha256"] == sha256(contents[0])
    assert paths(others) == ["sub/top/x.bam", "sub/top/y.bam"]


@pytest.mark.usefixtures("set_base")
def test_other_manifests(lab: Lab) -> None:
    """Lists of addresses, the project's own form, and a server's answer for a bundle."""
    for number in ("1", "2"):
        publish(lab, number, f"{number}.bam")
    bundle(lab, "top", x_bam="1", y_bam="2")
    bare = {"id": "top", "self_uri": "drs://h/top", "checksums": [], "contents": [{"name": "x"}]}
    documents = {
        "list.txt": ("drs://h/1\ndrs://h/2\n", ["1.bam", "2.bam"]),
        "own.json": (json.dumps({"a/b": ["drs://h/1"], "c": "drs://h/2"}), ["a/b", "c"]),
        "drs.json": (json.dumps(bare), ["x.bam", "y.bam"]),
    }
    for name, (text, expected) in documents.items():
        file = Path(name).absolute()
        file.write_text(text)
        assert paths(read(file)) == expected


@pytest.mark.usefixtures("set_base")
def test_an_object_that_wants_a_login(lab: Lab) -> None:
    """It is refused alone; if all do, there is no manifest."""
    publish(lab, "1", "a.bam")
    lab.put(f"{OBJECTS}/2".lstrip("/"), b"{}", status=403)
    file = Path("list.txt").absolute()
    file.write_text("drs://h/2\ndrs://h/1\n")
    refusal, entry = read(file)
    assert isinstance(refusal, Refusal)
    assert (refusal.where, refusal.given) == ("line 1", {"urls": ["drs://h/2"]})
    assert "requires a login" in refusal.reason
    assert isinstance(entry, Entry)
    assert entry.path == "a.bam"
    file.write_text("drs://h/2\n")
    said = "line 1: an address of DRS needs an answer of its server: .* requires a login"
    with pytest.raises(StatusError, match=said):
        read(file)


@pytest.mark.usefixtures("set_base")
def test_what_a_bundle_that_wants_a_login_had_is_not_deleted(lab: Lab) -> None:
    for number in ("1", "2", "3"):
        publish(lab, number, f"{number}.bam")
    bundle(lab, "top", x_bam="1", y_bam="2")
    rows = {"a/s": ["drs://h/top"], "a/3.bam": ["drs://h/3"], "a/old.bam": ["drs://h/3"]}
    Path("m.json").write_text(json.dumps(rows))
    assert summary(datalad("download-manifest", "m.json", "ds")) == {"added": 4}
    lab.put(f"{OBJECTS}/top".lstrip("/"), b"{}", status=401)
    del rows["a/old.bam"]
    Path("m.json").write_text(json.dumps(rows))
    found = datalad("download-manifest", "m.json", "ds", "--delete", code=1)
    assert [r["entry"] for r in found if r["status"] in ("error", "impossible")] == ["a/s"]
    files = {path.as_posix() for path in Path("ds").rglob("*.bam") if ".git" not in path.parts}
    assert files == {"ds/a/3.bam", "ds/a/s/x.bam", "ds/a/s/y.bam"}


@pytest.mark.usefixtures("set_base")
@pytest.mark.parametrize("folder", ["x/", "", "x/y/"])
@pytest.mark.parametrize("include", [(), ("--include", "*n?.bam")])
def test_files_of_a_row_with_several_addresses_that_wants_a_login_are_not_deleted(
    lab: Lab, folder: str, include: tuple[str, ...]
) -> None:
    """Their servers name them, so all of the row's folder is kept, and is where they come again."""
    for number in ("a", "b", "c"):
        publish(lab, number, f"n{number}.bam")
    served = dict(lab.files)
    rows = {f"{folder}y.bin": ["drs://h/a", "drs://h/b"], "z/nz.bam": ["drs://h/c"]}
    manifest = write_manifest("m.json", rows)
    assert summary(datalad("download-manifest", manifest, "ds")) == {"added": 3}
    lab.put(f"{OBJECTS}/b".lstrip("/"), b"{}", status=403)
    asked = ("download-manifest", manifest, "ds", "--delete", "--failed", "left.json")
    done = datalad(*asked, *include, code=1)
    assert [r["entry"] for r in done if r["status"] == "error"] == [folder or "./"]
    assert summary(done)["refused"] == 1
    names = [f"{folder}na.bam", f"{folder}nb.bam", "z/nz.bam"]
    assert all(Path("ds", name).is_symlink() for name in names)
    lab.files.update(served)
    publish(lab, "b", "new.bam")
    done = datalad("download-manifest", "left.json", "ds", "--delete")
    assert summary(done) == {"added": 1, "unchanged": 1}
    assert Path("ds", folder, "new.bam").is_symlink()
    assert all(Path("ds", name).is_symlink() for name in names)


@pytest.mark.usefixtures("set_base")
@pytest.mark.parametrize("path", ["", "a.bam"])
def test_a_row_tried_again_replaces_no_file_of_another_row(lab: Lab, path: str) -> None:
    """Whoever names it; where the content is the same, nothing is replaced."""
    for number in ("1", "2"):
        publish(lab, number, "a.bam")
    same = publish(lab, "3", "b.bam")
    publish(lab, "4", "b.bam", size=len(same), checksums=[{"type": "md5", "checksum": md5(same)}])
    served = dict(lab.files)
    for number in ("1", "3"):
        lab.put(f"{OBJECTS}/{number}".lstrip("/"), b"{}", status=403)
    Path("m.jsonl").write_text(
        "".join(
            f"{json.dumps({'path': name, 'urls': [f'drs://h/{number}']})}\n"
            for number, name in {"1": path, "2": path, "3": "", "4": ""}.items()
        )
    )
    done = datalad("download-manifest", "m.jsonl", "ds", "--failed", "left.json", code=1)
    assert summary(done) == {"added": 2, "refused": 2}
    before = git(Path("ds"), "rev-parse", "HEAD:a.bam")
    lab.files.update(served)
    done = datalad("download-manifest", "left.json", "ds", code=1)
    counts = summary(done)
    assert (counts.pop("conflicts"), sum(counts.values())) == (1, 1)
    assert "changed" not in counts
    assert git(Path("ds"), "rev-parse", "HEAD:a.bam") == before


@pytest.mark.usefixtures("set_base")
def test_an_import(lab: Lab) -> None:
    content = publish(lab, "1", "a.bam")
    Path("t.csv").write_text("name,drs_uri\nx/a.bam,drs://h/1\n")
    assert summary(datalad("download-manifest", "t.csv", "ds")) == {"added": 1}
    git(Path("ds"), "annex", "get", ".")
    assert Path("ds/x/a.bam").read_bytes() == content
