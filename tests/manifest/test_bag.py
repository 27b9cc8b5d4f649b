"""A BagIt bag as a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.bag import Bag, open_bag
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.model.entry import Entry, Refusal

MD5, SHA256 = "0" * 32, "2" * 64
DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
URL = "https://h.example"


def make(folder: Path, encoding: str = "utf-8", **files: str) -> Path:
    for name, text in {"bagit": DECLARATION, **files}.items():
        used = "utf-8" if name == "bagit" else encoding
        (folder / f"{name.replace('_', '-')}.txt").write_bytes(text.encode(used))
    return folder


def read(folder: Path) -> tuple[Bag, list[Entry | Refusal]]:
    bag = open_bag(folder)
    options = Options(encoding=bag.encoding, checksums=bag.checksums)
    with bag.fetch.open("rb") as stream:
        items = list(bag.entries(read_manifest(stream, name="bagit-fetch", options=options)))
    return bag, items


def test_urls_and_digests_are_put_together(tmp_path: Path) -> None:
    folder = make(
        tmp_path,
        fetch=f"{URL}/a 12 data/a\n{URL}/b - data/100%25 b\n{URL}/u - data/\u00fc\n",
        manifest_md5=f"{MD5}  data/a\n{MD5} *data/100%25 b\n{MD5}\tdata/u\u0308\n",
        manifest_sha256=f"{SHA256}   data/a\n",
        manifest_whirlpool="who knows\n",
        tagmanifest_md5=f"{'3' * 32}  fetch.txt\n",
    )
    bag, items = read(folder)
    assert [(i.path, dict(i.digests), i.size) for i in items if isinstance(i, Entry)] == [
        ("data/a", {"md5": MD5, "sha256": SHA256}, 12),
        ("data/100% b", {"md5": MD5}, None),
        ("data/\u00fc", {"md5": MD5}, None),
    ]
    assert len(items) == 3
    assert bag.warnings == []


def test_payload_without_a_url(tmp_path: Path) -> None:
    (tmp_path / "bag").mkdir()
    (tmp_path / "outside").touch()  # which is not in the bag
    folder = make(
        tmp_path / "bag",
        fetch=f"{URL}/a 12 data/a\nark:/1/b 1 data/b\n{URL}/t 1 bag-info.txt\n",
        manifest_md5="".join(f"{MD5}  {p}\n" for p in ("data/a", "data/b", "data/c", "data/d"))
        + f"{MD5}  ../outside\n",
    )
    (folder / "data").mkdir()
    (folder / "data/c").touch()
    bag, (_, other, tag_file, incomplete) = read(folder)
    assert isinstance(tag_file, Refusal)
    assert "not in data/" in tag_file.reason
    assert isinstance(other, Refusal)  # which is said of itself, not once more as missing
    assert other.path == "data/b"
    assert isinstance(incomplete, Refusal)
    assert incomplete.path is None
    assert "incomplete: 2 payload files neither in it nor" in incomplete.reason
    assert "'data/d'" in incomplete.reason
    (warning,) = bag.warnings
    assert warning.startswith("not imported: 1 payload file of the bag itself")


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-16"])
def test_the_encoding_of_the_tag_files(tmp_path: Path, encoding: str) -> None:
    folder = make(
        tmp_path,
        encoding,
        bagit=DECLARATION.replace("UTF-8", encoding),
        fetch=f"{URL}/a 1 data/é\n",
        manifest_md5=f"{MD5}  data/é\n",
    )
    _, (entry,) = read(folder)
    assert isinstance(entry, Entry)
    assert (entry.path, entry.digests) == ("data/é", {"md5": MD5})


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "has no fetch.txt, so there is nothing to download"),
        ({"bagit": DECLARATION.replace("UTF-8", "rot13")}, "unknown encoding: 'rot13'"),
        ({"bagit": DECLARATION.replace("UTF-8", "x")}, "unknown encoding: 'x'"),
        ({"bagit": DECLARATION.replace("UTF-8", "utf\x00")}, "unknown encoding: 'utf"),
        ({"bagit": DECLARATION.replace("UTF-8", "undefined")}, "unknown encoding: 'undefined'"),
        (
            {"bagit": DECLARATION.replace("UTF-8", "UTF-16"), "manifest_md5": f"{MD5}  data/a\n"},
            "the manifest is not UTF-16 text",
        ),
        (
            {"bagit": DECLARATION.replace("UTF-8", "punycode"), "manifest_md5": "-!\n"},
            "not PUNYCODE text",
        ),
        ({"manifest_md5": "oops\n"}, "manifest-md5.txt line 1: expected a checksum"),
        ({"manifest_sha1": f"{MD5}  data/a\n"}, "manifest-sha1.txt line 1: the sha1 digest has 32"),
    ],
)
def test_a_bag_that_cannot_be_read(tmp_path: Path, files: dict[str, str], why: str) -> None:
    with pytest.raises(ManifestError, match=why):
        open_bag(make(tmp_path, **files))


def test_a_folder_that_is_no_bag(tmp_path: Path) -> None:
    with pytest.raises(
        ManifestError, match=r"is a folder, but not a BagIt bag: it has no bagit\.txt"
    ):
        open_bag(tmp_path)
