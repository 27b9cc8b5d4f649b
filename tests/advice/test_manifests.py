"""What is said of manifests that cannot be read as they are."""

from __future__ import annotations

import gzip
import io
import json
import re
from pathlib import Path

import pytest

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.bag import open_bag
from datalad_jsdl.manifest.checksums import Checksums
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.manifest.selection import Selection
from datalad_jsdl.model import subdatasets as parts_module
from datalad_jsdl.model.entry import Entry, Refusal
from datalad_jsdl.model.subdatasets import advice, marked, parts_of
from datalad_jsdl.operations.import_options import ImportOptions
from datalad_jsdl.operations.manifest_place import ManifestPlace, place_of
from datalad_jsdl.operations.open_manifest import open_source
from datalad_jsdl.operations.selecting import Target
from tests.lab import sha256
from tests.manifest.formats.samples import SYNAPSE
from tests.portal import content_of

BASE = "https://h.example/"
URL = f"{BASE}a.txt"


def read(document: str | bytes, **options: object) -> list[Entry | Refusal]:
    data = document.encode() if isinstance(document, str) else document
    # mypy: passed on as they came
    return list(read_manifest(io.BytesIO(data), **options))  # type: ignore[arg-type]


def error_of(document: str | bytes, **options: object) -> str:
    with pytest.raises(ManifestError) as caught:
        read(document, **options)
    return str(caught.value)


def columns_in(said: str, **names: str) -> dict[str, str]:
    """The option that a message gives, with a name put in; None of them is left out."""
    found = re.findall(r"--column (\w+)=NAME", said)
    assert found == list(names)
    return names


def test_a_page_instead_of_one(home: Path) -> None:
    """The manifest is downloaded otherwise, and its file's name given."""
    said = error_of("<!DOCTYPE html><html>Log in</html>")
    assert "download the manifest with the browser and give its file name" in said
    file = Path("m.json").absolute()
    file.write_text(json.dumps({"a.txt": [URL]}))
    with open_source(ManifestPlace("m.json", file, None, None, Options()), None, ()) as source:
        assert len(list(source.entries())) == 1


def test_a_column_is_named() -> None:
    url = "https://h.example/files/7"  # which does not look like that of a file
    table = f"where,what\n{url},a.txt\n"
    said = error_of(table, name="csv")
    assert "'what'" in said
    options = Options(columns_in(said, path="what", url="where"))
    (entry,) = read(table, name="csv", options=options)
    assert isinstance(entry, Entry)
    assert (entry.path, entry.candidates[0].url) == ("a.txt", url)


def test_files_are_named_by_their_urls() -> None:
    table = f"url,who\n{BASE}README,me\n"
    said = error_of(table, name="csv")
    found = re.search(r"add --column (\w+)=(\w+) to name each", said)
    assert found
    (entry,) = read(table, name="csv", options=Options({found[1]: found[2]}))
    assert isinstance(entry, Entry)
    assert entry.path == "README"


def test_a_table_gets_a_header() -> None:
    row = f"a.txt,{URL},7\n"
    header = error_of(row).rpartition("such as ")[2]
    (entry,) = read(f"{header}\n{row}")
    assert isinstance(entry, Entry)
    assert (entry.path, entry.size) == ("a.txt", 7)


def test_a_column_of_mirrors(tmp_path: Path) -> None:
    file = tmp_path / "m.csv"
    file.write_text(f"path,url,page\na.txt,{URL},https://m.example/p\n")

    def selection(*columns: str) -> Selection:
        options = ImportOptions(
            target=tmp_path / "ds", manifest="m.csv", file=file, columns=columns
        )
        return Target(options).read_selection()[0]

    (said,) = selection().warnings
    assert said.startswith("ignored columns that have URLs or checksums: 'page'; ")
    assert "name all columns of URLs, each with --column url=NAME" in said
    found = selection("url=url", "url=page")
    assert not found.warnings
    assert len(found.entries["a.txt"].candidates) == 2


def test_a_role_has_one_column() -> None:
    with pytest.raises(ManifestError, match=r"say one \(only url can have several"):
        place_of("m.csv", None, None, None, ["size=a", "size=b"])
    assert place_of("m.csv", None, None, None, ["size=a"]).options.columns == {"size": "a"}


def test_a_long_article() -> None:
    files = [{"id": n, "name": f"f{n}", "size": 1, "download_url": f"{URL}{n}"} for n in range(12)]
    *_, refusal = read(json.dumps({"id": 5, "files": files[:10]}), name="figshare")
    assert isinstance(refusal, Refusal)
    # the list has them all; what the address gives is tested with addresses
    assert "use figshare:5 as the manifest, or the list" in refusal.reason
    assert len(read(json.dumps(files), name="figshare")) == 12


def test_a_listing_of_a_hub() -> None:
    listing = json.dumps([{"type": "file", "path": "a.txt", "size": 1, "oid": "0" * 40}])
    items: list[Entry | Refusal] = []
    try:
        items = read(listing, name="hugging-face")
        said = "; ".join(i.reason for i in items if isinstance(i, Refusal))
    except ManifestError as error:
        said = str(error)
    base = re.search(r"--base-url (\S+)", said)
    assert base
    (entry,) = read(listing, name="hugging-face", base_url=base[1].replace("NAME", "o/n"))
    assert isinstance(entry, Entry)
    assert entry.candidates[0].url.startswith("https://huggingface.co/datasets/o/n/resolve/")


def test_a_manifest_of_synapse() -> None:
    said = read_or_error(SYNAPSE)
    name = re.search(r"--column (url)=NAME", said)
    assert name
    header, row, *_ = SYNAPSE.splitlines()
    table = f"{header},mine\n{row},{URL}\n"
    (entry,) = read(table, options=Options({name[1]: "mine"}))
    assert isinstance(entry, Entry)
    assert (entry.path, entry.candidates[0].url) == ("a.csv", URL)


def read_or_error(document: str) -> str:
    try:
        return "; ".join(i.reason for i in read(document) if isinstance(i, Refusal))
    except ManifestError as error:
        return str(error)


def entries(*paths: str, url: str = URL) -> dict[str, Entry]:
    found = read(json.dumps({path: [url] for path in paths}))
    return {item.path: item for item in found if isinstance(item, Entry)}


def test_a_large_dataset_is_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "MOST_FILES", 3)
    many = entries(*[f"{folder}/{n}" for folder in "ab" for n in range(3)])
    (part,) = parts_of(many)
    depth = re.search(r"--split (\d+)", advice(part) or "")
    assert depth
    split = {marked(path, int(depth[1])): entry for path, entry in many.items()}
    assert [advice(part) for part in parts_of(split)] == [None] * len(parts_of(split))
    # where no depth helps, // does
    flat = entries(*[str(n) for n in range(5)])
    (part,) = parts_of(flat)
    assert "put // into the manifest's paths" in (advice(part) or "")
    apart = {(f"x//{path}" if path in "01" else path): entry for path, entry in flat.items()}
    assert [advice(part) for part in parts_of(apart)] == [None, None]


def test_a_format_is_named() -> None:
    document = "?sub/a.txt\n"
    assert "choose it with --format" in error_of(document)
    assert len(read(f"{URL}\n", name="urls")) == 1


def test_columns_of_a_table() -> None:
    said = error_of(json.dumps({"a.txt": [URL]}), options=Options({"path": "what"}))
    name = re.search(r"--format (\w+)", said)
    assert name
    found = read(f"what,url\na.txt,{URL}\n", name=name[1], options=Options({"path": "what"}))
    assert [item.path for item in found] == ["a.txt"]


def test_a_list_of_checksums() -> None:
    sums = f"{sha256(b'x')}  a.txt\n"
    said = error_of(sums)
    assert "add --base-url URL, if its paths are those of files below that URL" in said
    (entry,) = read(sums, base_url="https://h.example/data/")
    assert isinstance(entry, Entry)
    assert entry.registrable == ("https://h.example/data/a.txt",)
    assert "use it with --checksums, and a list of URLs as the manifest" in said
    checksums = Checksums()
    checksums.read(io.BytesIO(sums.encode()), "SHA256SUMS")
    (entry,) = read(f"{URL}\n", options=Options(checksums=checksums))
    assert isinstance(entry, Entry)
    assert entry.digests == {"sha256": sha256(b"x")}


def test_a_path_that_stood_twice() -> None:
    line = {"path": "a.txt", "urls": [URL], "twice": True}
    (refusal,) = read(json.dumps(line) + "\n", name="jsonl")
    assert isinstance(refusal, Refusal)
    name = re.search(r'remove "(\w+)" from it', refusal.reason)
    assert name
    del line[name[1]]
    assert isinstance(read(json.dumps(line) + "\n", name="jsonl")[0], Entry)


@pytest.mark.parametrize("damage", [slice(0, -10), slice(0, 20)])
def test_a_broken_gzip_is_fetched_again(damage: slice) -> None:
    packed = gzip.compress(json.dumps({"a.txt": [URL]}).encode())
    assert "download it again" in error_of(packed[damage])
    assert len(read(packed)) == 1


def test_relative_urls() -> None:
    document = json.dumps({"a.txt": ["a.txt"]})
    (refusal,) = read(document)
    assert isinstance(refusal, Refusal)
    assert "use --base-url to resolve it" in refusal.reason
    (entry,) = read(document, base_url="https://h.example/")
    assert isinstance(entry, Entry)
    assert entry.candidates[0].url == URL


def make_bag(folder: Path, *, fetch: bool) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "bagit.txt").write_text("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    (folder / "data/own").write_bytes(content_of("own"))
    lines = f"{sha256(content_of('own'))}  data/own\n"
    if fetch:
        (folder / "fetch.txt").write_text(f"{URL} 1 data/a.txt\n")
        lines += f"{sha256(b'x')}  data/a.txt\n"
    (folder / "manifest-sha256.txt").write_text(lines)


@pytest.mark.slow
def test_a_bag_without_fetch(tmp_path: Path, home: Path) -> None:
    """Nothing of it is changed, or lost."""
    from datalad.api import create, save

    folder = tmp_path / "bag"
    make_bag(folder, fetch=False)
    with pytest.raises(ManifestError, match="with datalad create --force and datalad save"):
        open_bag(folder)
    options = {"result_renderer": "disabled"}
    create(path=str(folder), force=True, **options)
    save(dataset=str(folder), **options)
    assert (folder / "data/own").read_bytes() == content_of("own")
    assert (folder / "data/own").is_symlink()


@pytest.mark.slow
def test_files_of_a_bag(tmp_path: Path, home: Path) -> None:
    import shutil

    from datalad.api import download_manifest, save

    folder = tmp_path / "bag"
    make_bag(folder, fetch=True)
    assert open_bag(folder).checksums is not None
    options = {"result_renderer": "disabled"}
    records = download_manifest(str(folder), str(tmp_path / "ds"), **options)
    assert records
    shutil.copy(folder / "data/own", tmp_path / "ds/own")
    save(dataset=str(tmp_path / "ds"), **options)
    assert (tmp_path / "ds/own").read_bytes() == content_of("own")
    # the bag's own file stays there when the bag is imported again
    download_manifest(str(folder), str(tmp_path / "ds"), delete=True, **options)
    assert (tmp_path / "ds/own").read_bytes() == content_of("own")


def test_a_compressed_manifest_is_unpacked() -> None:
    import bz2

    document = json.dumps({"a.txt": [URL]}).encode()
    packed = bz2.compress(document)
    assert "but only gzip is supported; unpack it" in error_of(packed)
    assert len(read(bz2.decompress(packed))) == 1
