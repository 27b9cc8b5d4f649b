"""Manifests behind redirects, URLs as they are given, and files that git would read."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.portal import datalad, entries, git
from tests.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.wire import Talk

SECRET = "hunter2"


def to(location: str) -> Callable[[Talk], None]:
    return lambda talk: talk.answer(302, b"", f"Location: {location}")


def urls_of(dataset: Path, path: str) -> list[str]:
    found = json.loads(git(dataset, "annex", "whereis", "--json", path))
    return sorted(url for place in found["whereis"] for url in place["urls"])


def test_relative_urls_are_relative_to_the_last_hop(tmp_path: Path) -> None:
    with Wire() as portal, Wire() as cdn:
        references = {"x": "x", "dot": "./x", "up": "../x", "root": "/x", "query": "?q", "f": "#f"}
        references |= {"host": f"//{cdn.url[7:]}/y/x", "whole": "https://a.example/x"}
        document = json.dumps({name: [url] for name, url in references.items()}).encode()
        cdn.put(f"/v3/m.json?X-Amz-Signature={SECRET}", document)
        portal.put("/10.1/latest", to("/hop"))
        portal.put("/hop", to(f"{cdn.url}/v3/m.json?X-Amz-Signature={SECRET}#there"))
        typed = f"{portal.url}/10.1/latest"
        records = datalad("download-manifest", typed, "study", code=1)
        study = tmp_path / "study"
        # what would be the signed document itself is refused
        assert {path for path, state in entries(records).items() if state == "refused"} == {"f"}
        names = {"x": "/v3/x", "dot": "/v3/x", "up": "/x", "root": "/x", "query": "/v3/m.json?q"}
        names |= {"host": "/y/x"}
        for name, target in names.items():
            assert urls_of(study, name) == [f"{cdn.url}{target}"]
        assert urls_of(study, "whole") == ["https://a.example/x"]
        message = git(study, "log", "--all", "-p", "--format=%B")
        assert SECRET not in message
        assert typed in message
        assert cdn.url not in git(study, "log", "-1", "--format=%B")
        # a rerun follows the redirect again
        portal.put("/hop", to(f"{cdn.url}/v4/m.json"))
        cdn.put("/v4/m.json", document)
        datalad("rerun", cwd=study)
        assert f"{cdn.url}/v4/x" in urls_of(study, "x")
        # what the user says goes before
        said = "https://b.example/d/"
        datalad("download-manifest", "--base-url", said, typed, "other")
        assert urls_of(tmp_path / "other", "x") == [f"{said}x"]


def test_a_slash_at_the_end_of_the_last_hop_counts(tmp_path: Path) -> None:
    with Wire() as portal:
        for place in ("/v3", "/v3/"):
            portal.put(place, json.dumps({"a": ["x"]}).encode())
            portal.put("/latest" + place, to(portal.url + place))
            name = "study" + place.replace("/", "_")
            datalad("download-manifest", portal.url + "/latest" + place, name)
            expected = "/x" if place == "/v3" else "/v3/x"
            assert urls_of(tmp_path / name, "a") == [portal.url + expected]


def test_a_document_s_own_base_goes_first(tmp_path: Path) -> None:
    graph = [{"@id": "a.txt", "@type": "File"}]
    crate = {
        "@context": ["https://w3id.org/ro/crate/1.1/context", {"@base": "https://b.example/c/"}],
        "@graph": graph,
    }
    metalink = (
        '<metalink xmlns="urn:ietf:params:xml:ns:metalink" xml:base="sub/">'
        "<origin>https://wrong.example/</origin>"
        '<file name="a" xml:base="deep/"><url>x</url></file>'
        '<file name="b"><url xml:base="https://c.example/d/e">x</url></file></metalink>'
    )
    with Wire() as portal:
        portal.put("/v3/crate.json", json.dumps(crate).encode())
        portal.put("/v3/m.meta4", metalink.encode())
        portal.put("/crate", to("/v3/crate.json"))
        portal.put("/meta4", to("/v3/m.meta4"))
        datalad("download-manifest", f"{portal.url}/crate", "crate")
        assert urls_of(tmp_path / "crate", "a.txt") == ["https://b.example/c/a.txt"]
        datalad("download-manifest", f"{portal.url}/meta4", "meta4")
        assert urls_of(tmp_path / "meta4", "a") == [f"{portal.url}/v3/sub/deep/x"]
        assert urls_of(tmp_path / "meta4", "b") == ["https://c.example/d/x"]
        said = "https://said.example/"
        datalad("download-manifest", "--base-url", said, f"{portal.url}/crate", "said")
        assert urls_of(tmp_path / "said", "a.txt") == [f"{said}a.txt"]


def test_urls_are_registered_as_they_are_given(tmp_path: Path) -> None:
    base = "https://a.example/"
    rests = ["a%2cb", "a%2Cb", "%zz", "100%", "a|b", "a[1]", "{x}", "a?b=c|d&e", "a?", "a%20b%"]
    with_spaces = {"my scan.nii": " https://a.example/my scan.nii "}
    document: dict[str, list[str]] = {str(n): [base + rest] for n, rest in enumerate(rests)}
    document |= {name: [url] for name, url in with_spaces.items()}
    document["tab"] = [f"{base}a\tb"]
    Path("m.json").write_text(json.dumps(document))
    records = datalad("download-manifest", "m.json", "study", code=1)
    study = tmp_path / "study"
    for number, rest in enumerate(rests):
        assert urls_of(study, str(number)) == [base + rest]
    assert urls_of(study, "my scan.nii") == [f"{base}my%20scan.nii"]
    (refused,) = (record for record in records if record.get("entry") == "tab")
    assert "a tab, U+0009" in refused["message"]


def test_what_git_would_read_stays_out(tmp_path: Path) -> None:
    with Wire({"/a": b"*\n"}) as portal:
        names = [".gitignore", "sub/.GITIGNORE", ".mailmap", "sub/.gitmodules", ".lfsconfig"]
        document = {name: [f"{portal.url}/a"] for name in [*names, "a.bin"]}
        Path("m.json").write_text(json.dumps(document))
        found = entries(datalad("download-manifest", "--get", "m.json", "study", code=1))
        assert found == {**dict.fromkeys(names, "refused"), "a.bin": "added"}
        study = tmp_path / "study"
        done = subprocess.run(
            ["git", "status", "--short"], cwd=study, capture_output=True, text=True
        )
        assert done.stderr + done.stdout == ""
        # a dataset that has such a link from earlier on is imported into again, and keeps it
        git(study, "mv", "a.bin", ".gitignore")
        git(study, "commit", "-m", "as it was made earlier")
        again = datalad("download-manifest", "--delete", "m.json", "study", code=1)
        assert entries(again)["a.bin"] == "added"
        assert (study / ".gitignore").is_symlink()
