"""A manifest whose lines name what only a request resolves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.model.entry import Entry, Refusal
from datalad_jsdl.operations.manifest_place import ManifestPlace
from datalad_jsdl.operations.open_manifest import open_source
from tests.lab import File
from tests.manifest.portals.test_buckets import item, page, serve, target
from tests.portal import datalad, summary
from tests.portals import answer, listed, paths

if TYPE_CHECKING:
    from tests.lab import Lab


def read(file: Path) -> list[Entry | Refusal]:
    place = ManifestPlace(file.name, file, None, None, Options())
    with open_source(place) as source:
        return list(source.entries())


def commands(lab: Lab) -> Path:
    """Two wildcards and a single object, at an endpoint that a comment names."""
    file = Path("study.s5cmd").absolute()
    file.write_text(
        f"# s5cmd --no-sign-request --endpoint-url {lab.url} run study.s5cmd\n"
        "cp s3://b-1/series-1/* .\n"
        "cp s3://b-1/series-2/* ./two/\n"
        "cp s3://b-1/notes.txt .\n"
        "cp s3://b-1/series-3/* .\n"
    )
    serve(lab, target("series-1%2F"), page(item("series-1/a.dcm"), item("series-1/b.dcm")))
    serve(lab, target("series-2%2F"), page(item("series-2/a.dcm", 7)))
    serve(lab, target("series-3%2F"), page())
    return file


def test_wildcards_of_s5cmd(lab: Lab) -> None:
    found = read(commands(lab))
    assert paths(found)[:4] == ["a.dcm", "b.dcm", "two/a.dcm", "notes.txt"]
    third, last = found[2], found[4]
    assert isinstance(third, Entry)
    assert [c.url for c in third.candidates] == [f"{lab.url}/b-1/series-2/a.dcm"]
    assert (third.size, third.where) == (7, "line 3, page 1, object 1")
    assert isinstance(last, Refusal)
    assert "the bucket has no object below 'series-3/'" in last.reason


def test_a_bucket_that_does_not_answer(lab: Lab) -> None:
    """A manifest that is not complete is no manifest: what it lacks is not gone."""
    file = commands(lab)
    del lab.files[target("series-2%2F")]
    with pytest.raises(StatusError, match="there is no bucket b-1"):
        read(file)


SERIES = "1.3.6.1.4.1.14519.5.2.1"
IMAGES = f"/nbia-api/services/v1/getSOPInstanceUIDs?SeriesInstanceUID={SERIES}"


def test_series_of_tcia(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a manifest and by themselves."""
    answer(lab, f"{IMAGES}.1&format=json", [{"SOPInstanceUID": f"{SERIES}.1.{n}"} for n in (1, 2)])
    answer(lab, f"{IMAGES}.2&format=json", [{"SOPInstanceUID": "../x"}, {}, 7])
    answer(lab, f"{IMAGES}.3&format=json", b"")
    names = [f"{SERIES}.1/{SERIES}.1.{n}.dcm" for n in (1, 2)]
    first, second = listed(f"tcia:{SERIES}.1", f"{lab.url}/nbia-api/services/v1")
    assert paths([first, second]) == names
    assert isinstance(first, Entry)
    assert [c.url for c in first.candidates] == [
        f"{lab.url}/nbia-api/services/v1/getSingleImage?SeriesInstanceUID={SERIES}.1"
        f"&SOPInstanceUID={SERIES}.1.1"
    ]
    for address, says in {
        "tcia:x": "expected the Ser",
        f"tcia:{SERIES}.3": "no public ser",
    }.items():
        with pytest.raises(ManifestError, match=says):
            listed(address, lab.url)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "datalad.jsdl.address.tcia")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", lab.url)
    file = Path("manifest.tcia").absolute()
    series = "".join(f"{SERIES}.{n}\n" for n in (1, 2, 3))
    file.write_text(f"manifestVersion=3.0\nListOfSeriesToDownload=\n{series}")
    found = read(file)
    assert paths(found)[:2] == names
    assert [type(one) for one in found[2:]] == [Refusal] * 4
    assert found[5].where == "line 5"


def set_base(name: str, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"datalad.jsdl.address.{name}")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", lab.url)


def test_a_series_that_wants_a_login(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused alone, and nothing is taken for gone; ``--failed`` has it for another try."""
    set_base("tcia", lab, monkeypatch)
    images = {n: [{"SOPInstanceUID": f"{SERIES}.{n}.1"}] for n in (1, 2)}
    for n in images:
        answer(lab, f"{IMAGES}.{n}&format=json", images[n])
    file = Path("cart.tcia").absolute()
    file.write_text(f"ListOfSeriesToDownload=\n{SERIES}.1\n{SERIES}.2\n")
    assert summary(datalad("download-manifest", file.name, "ds")) == {"added": 2}
    answer(lab, f"{IMAGES}.1&format=json", b"", status=403)
    asked = ("download-manifest", file.name, "ds", "--delete", "--failed", "left.json")
    done = datalad(*asked, code=1)
    # told of as no longer listed, and not deleted: which images the row is of, nobody knows now
    assert summary(done) == {"unchanged": 1, "refused": 1, "gone": 1}
    (refused,) = [result for result in done if result["status"] == "error"]
    assert "line 2: " in refused["message"]
    assert "the series is not public" in refused["message"]
    assert Path(f"ds/{SERIES}.1/{SERIES}.1.1.dcm").is_symlink()
    answer(lab, f"{IMAGES}.1&format=json", [{"SOPInstanceUID": f"{SERIES}.1.5"}])
    assert summary(datalad("download-manifest", "left.json", "ds")) == {"added": 1}
    assert Path(f"ds/{SERIES}.1/{SERIES}.1.5.dcm").is_symlink()
    for n in images:
        answer(lab, f"{IMAGES}.{n}&format=json", b"", status=403)
    said = "line 2: a series of TCIA needs an answer of its server: .* the series is not public"
    with pytest.raises(StatusError, match=said):
        read(file)


def test_a_wildcard_that_wants_a_login(lab: Lab) -> None:
    """What is in the folder that it is copied to is not taken for gone."""
    file = commands(lab)
    text = "".join(line for line in file.read_text().splitlines(True) if "series-3" not in line)
    file.write_text(text.replace("cp s3://b-1/series-1/* .", "cp s3://b-1/series-1/* x/one"))
    assert summary(datalad("download-manifest", file.name, "ds")) == {"added": 4}
    for number in (1, 2):
        serve(lab, target(f"series-{number}%2F"), b"", status=403)
    file.write_text(file.read_text().replace("notes.txt", "others.txt"))
    with pytest.raises(StatusError, match=r"a wildcard needs an answer of its server: .* requires"):
        read(file)
    serve(lab, target("series-2%2F"), page(item("series-2/b.dcm", 7)))
    asked = ("download-manifest", file.name, "ds", "--delete", "--failed", "left.json")
    # a filter that lets none of the row's own names through does not make it count as gone
    for more in (("--include", "x/one/*"), ()):
        done = datalad(*asked, *more, code=1)
        refused = [r["entry"] for r in done if r["status"] in ("error", "impossible")]
        assert refused == ["x/one/"]
    files = {path.as_posix() for path in Path("ds").rglob("*") if path.is_symlink()}
    assert files == {"ds/x/one/a.dcm", "ds/x/one/b.dcm", "ds/two/b.dcm", "ds/others.txt"}
    serve(lab, target("series-1%2F"), page(item("series-1/c.dcm")))
    # the manifest of what was left over tells nothing of the others
    done = datalad("download-manifest", "left.json", "ds", "--delete")
    assert summary(done) == {"added": 1}
    assert Path("ds/x/one/c.dcm").is_symlink()


def test_a_wildcard_tried_again_replaces_no_file_of_another_one(lab: Lab) -> None:
    """One that is new comes."""
    file = Path("study.s5cmd").absolute()
    file.write_text(
        f"# s5cmd --no-sign-request --endpoint-url {lab.url} run study.s5cmd\n"
        "cp s3://b-1/series-1/* .\ncp s3://b-1/series-2/* .\n"
    )
    serve(lab, target("series-1%2F"), b"", status=403)
    serve(lab, target("series-2%2F"), page(item("series-2/a.dcm", 7)))
    done = datalad("download-manifest", file.name, "ds", "--failed", "left.json", code=1)
    assert summary(done) == {"added": 1, "refused": 1}
    serve(lab, target("series-1%2F"), page(item("series-1/a.dcm"), item("series-1/b.dcm")))
    done = datalad("download-manifest", "left.json", "ds", code=1)
    assert summary(done) == {"added": 1, "conflicts": 1}


def test_an_object_that_has_changed_is_no_other_row_s(lab: Lab) -> None:
    """Its URL is that of the file there."""
    file = Path("study.s5cmd").absolute()
    file.write_text(
        f"# s5cmd --no-sign-request --endpoint-url {lab.url} run study.s5cmd\n"
        "cp s3://b-1/series-1/* .\ncp s3://b-1/series-2/* .\n"
    )
    for number in (1, 2):
        serve(lab, target(f"series-{number}%2F"), page(item(f"series-{number}/{number}.dcm")))
    assert summary(datalad("download-manifest", file.name, "ds")) == {"added": 2}
    serve(lab, target("series-1%2F"), b"", status=403)
    done = datalad("download-manifest", file.name, "ds", "--failed", "left.json", code=1)
    assert summary(done)["refused"] == 1
    serve(lab, target("series-1%2F"), page(item("series-1/1.dcm", 7)))
    assert summary(datalad("download-manifest", "left.json", "ds")) == {"changed": 1}


def test_content_of_images_that_are_asked_for_again(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have no digests: their keys change when the content comes."""
    set_base("tcia", lab, monkeypatch)
    image = "/nbia-api/services/v1/getSingleImage?SeriesInstanceUID={0}&SOPInstanceUID={0}.1"
    for n in (1, 2):
        answer(lab, f"{IMAGES}.{n}&format=json", [{"SOPInstanceUID": f"{SERIES}.{n}.1"}])
        lab.files[image.format(f"{SERIES}.{n}")] = File(b"image %d" % n)
    file = Path("cart.tcia").absolute()
    file.write_text(f"ListOfSeriesToDownload=\n{SERIES}.1\n{SERIES}.2\n")
    assert summary(datalad("download-manifest", file.name, "ds")) == {"added": 2}
    listing = lab.files[f"{IMAGES}.1&format=json"]
    answer(lab, f"{IMAGES}.1&format=json", b"", status=403)
    datalad("download-manifest", file.name, "ds", "--failed", "left.json", code=1)
    lab.files[f"{IMAGES}.1&format=json"] = listing
    done = datalad("download-manifest", "--get", "left.json", "ds")
    assert summary(done) == {"changed": 1, "fetched": 1}
    assert Path(f"ds/{SERIES}.1/{SERIES}.1.1.dcm").read_bytes() == b"image 1"


def test_a_wildcard_for_the_top_that_wants_a_login(lab: Lab) -> None:
    """Nothing at all is taken for gone."""
    file = commands(lab)
    assert summary(datalad("download-manifest", file.name, "ds", code=1))["added"] == 4
    serve(lab, target("series-1%2F"), b"", status=401)
    file.write_text(file.read_text().replace("notes.txt", "others.txt"))
    datalad("download-manifest", file.name, "ds", "--delete", code=1)
    files = {path.as_posix() for path in Path("ds").rglob("*") if path.is_symlink()}
    names = ("a.dcm", "b.dcm", "two/a.dcm", "notes.txt", "others.txt")
    assert files == {f"ds/{name}" for name in names}


def test_a_folder_of_very_many(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those behind the first are not held in memory, and come all the same."""
    monkeypatch.setattr("datalad_jsdl.manifest.addressed._HELD", 1)
    found = read(commands(lab))
    assert paths(found)[:4] == ["a.dcm", "b.dcm", "two/a.dcm", "notes.txt"]


def test_an_import(lab: Lab) -> None:
    file = commands(lab)
    done = datalad("download-manifest", str(file), "ds", code=1)
    assert summary(done) == {"added": 4, "refused": 1}
