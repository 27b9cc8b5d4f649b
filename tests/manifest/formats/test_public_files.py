"""Traits of manifests that public projects hand out or test with, one a test.

Each was seen in files of the project that is named; what stands here are made-up values in the
same shape.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from datalad_jsdl.model.entry import Entry, Refusal
from tests.manifest.formats.samples import (
    BASE,
    MD5,
    METALINK4,
    SHA1,
    SHA256,
    UUID,
    entries,
    error_of,
    read,
    refused,
)

H = "https://h.example"
META4 = '<metalink xmlns="urn:ietf:params:xml:ns:metalink">{}</metalink>'
META3 = '<metalink version="3.0" xmlns="http://www.metalinker.org/"><files>{}</files></metalink>'


def one(document: Any, name: str | None = None) -> Entry:
    text = document if isinstance(document, str) else json.dumps(document)
    (entry,) = entries(text, name)
    return entry


def urls(entry: Entry) -> list[str]:
    return [candidate.url for candidate in entry.candidates]


# libmetalink, aria2: priority="-100", priority="", preference="x"
@pytest.mark.parametrize("word", ["", "-100", "high", "1.5"])
def test_a_priority_that_is_no_number_only_comes_last(word: str) -> None:
    four = f'<file name="a"><url priority="{word}">{H}/1</url><url priority="9">{H}/2</url></file>'
    assert urls(one(META4.format(four))) == [f"{H}/2", f"{H}/1"]
    three = (
        four.replace("priority", "preference")
        .replace("<url", "<resources><url", 1)
        .replace("</file>", "</resources></file>")
    )
    assert set(urls(one(META3.format(three)))) == {f"{H}/2", f"{H}/1"}


# Rucio, and whoever fills in a template
def test_an_empty_hash_says_nothing() -> None:
    entry = one(META4.format(f'<file name="a"><hash type="md5"></hash><url>{H}/1</url></file>'))
    assert entry.digests == {}


# clients' own writers: the namespace of version 4 around the elements' order of version 3
def test_a_metalink_4_with_files_around_its_files() -> None:
    inner = (
        f'<files><file name="a"><hash type="sha256">{SHA256}</hash><url>{H}/1</url></file></files>'
    )
    assert one(META4.format(inner)).digests == {"sha256": SHA256}


# libmetalink: a hash without a type; aria2: types nobody knows
def test_hashes_of_no_known_type_are_passed_over() -> None:
    inner = f'<hash>x</hash><hash type="z">y</hash><hash type="sha1">{SHA1}</hash>'
    entry = one(META4.format(f'<file name="a">{inner}<url>{H}/1</url></file>'))
    assert entry.digests == {"sha1": SHA1}
    assert entry.unknown == ("digests.(no type)", "digests.z")


# aria2, libmetalink: one file of many that is hostile or broken
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../unsafe", "'..' component"),
        ("/etc/passwd", "absolute"),
        ("..\\a", "backslash"),
        ("a/../../b", "'..' component"),
        ("", "the path is empty"),
    ],
)
def test_a_hostile_name_costs_that_file_only(name: str, why: str) -> None:
    files = [f'<file name="{n}"><url>{H}/1</url></file>' for n in (name, "good")]
    reason = refused(META4.format("\n".join(files)))
    assert reason.startswith(f"line 1: {name}: ")
    assert why in reason


# DownThemAll: attributes of a namespace that is not declared in what was cut out of it
def test_a_prefix_without_a_namespace_names_its_line() -> None:
    said = error_of(METALINK4.replace("<size></size>", '<size a0:n="1">5</size>'))
    assert said == "not XML: unbound prefix at line 15, column 18"


# conformance suite of BagIt: escapes in both cases
def test_a_fetch_txt_escapes_percent_signs_and_line_ends_only() -> None:
    paths = [entry.path for entry in entries(f"{H}/a - data/a%252fb\n{H}/a - data/%2F%25\n")]
    assert paths == ["data/a%2fb", "data/%2F%"]


# bdbag: identifiers in place of URLs
@pytest.mark.parametrize("url", ["ark:/99999/fk4x", "minid:b9x", "globus://e/f", "file:///x/a.png"])
def test_a_bag_of_other_schemes_is_known_and_refused(url: str) -> None:
    assert "none of its URLs is http or https" in refused(f"{url}\t223\tdata/a.txt\n")


# bdbag: a stream of objects; lengths that are not known; names that no folder can hold
def test_bdbag_as_a_stream_of_objects() -> None:
    lines = [
        {"url": f"{H}/t t%25®.txt", "length": "201", "filename": "t t®.txt", "md5": MD5},
        {"url": f"{H}/b", "length": "-", "filename": "b"},
        {"url": f"{H}/c", "length": 1, "filename": "c\r\n"},
    ]
    document = "".join(json.dumps(line) + "\n" for line in lines)
    first, second, bad = read(document)
    assert isinstance(first, Entry)
    assert (first.path, first.size, first.digests) == ("t t®.txt", 201, {"md5": MD5})
    assert urls(first) == [f"{H}/t%20t%25%C2%AE.txt"]
    assert isinstance(second, Entry)
    assert second.size is None
    assert isinstance(bad, Refusal)
    assert (bad.where, bad.reason) == ("line 3", "the path contains a control character")
    for broken in ('{"url": ', "[]"):
        assert refused(json.dumps(lines[0]) + f"\n{broken}\n").startswith("line 2: None: not ")


# Dataverse's clients: files without a label
def test_a_dataverse_without_labels() -> None:
    files = [{"dataFile": {"id": 7, "filename": "a.mat", "filesize": 9, "md5": MD5}}]
    entry = one({"status": "OK", "data": {"latestVersion": {"files": files}}})
    assert (entry.path, entry.size) == ("a.mat", 9)


# Kaggle's Croissant: a list around it, and an md5 in base64
def test_croissant_of_kaggle() -> None:
    distribution = {
        "@id": "archive.zip",
        "@type": "cr:FileObject",
        "name": "archive.zip",
        "contentUrl": f"{H}/download/x?datasetVersionNumber=1",
        "contentSize": "134.607 KB",
        "md5": base64.b64encode(bytes(16)).decode(),
    }
    inner = {"@type": "cr:FileObject", "name": "a.csv", "containedIn": {"@id": "archive.zip"}}
    entry = one([{"@type": "sc:Dataset", "distribution": [distribution, inner]}])
    assert (entry.path, entry.size, entry.digests) == ("archive.zip", None, {"md5": MD5})


# Croissant's own examples: "sha256": "sha256" where nobody knew it
def test_a_digest_that_is_its_own_name() -> None:
    file = {"@type": "sc:FileObject", "name": "a", "contentUrl": f"{H}/a", "sha256": "sha256"}
    assert one({"distribution": [{**file, "contentSize": "13510573713 B"}]}).digests == {}
    # one of the wrong length is a digest that is wrong
    wrong = {"distribution": [{**file, "sha256": "abc"}]}
    assert "3 characters" in refused(json.dumps(wrong))


# frictionless-py: two sheets of a workbook, two members of a zip
def test_two_resources_of_one_file() -> None:
    sheets = [{"name": str(n), "path": "a.xls", "dialect": {"sheet": n}} for n in (1, 2)]
    assert urls(one({"resources": sheets})) == [f"{BASE}a.xls"]
    sheets[1]["hash"] = MD5  # then they are not the same, and that is for the user
    assert len(entries(json.dumps({"resources": sheets}))) == 2


# ENA's portal API with format=json
def test_ena_as_json() -> None:
    address = "ftp.sra.ebi.ac.uk/vol1/fastq/ERR1/ERR1_{}.fastq.gz"
    row = {"run_accession": "ERR1", "fastq_ftp": ";".join(map(address.format, (1, 2)))}
    row |= {"fastq_bytes": "7;8", "fastq_md5": f"{MD5};{MD5}", "submitted_ftp": ""}
    first, second = entries(json.dumps([row]))
    assert (first.path, second.path) == ("ERR1/ERR1_1.fastq.gz", "ERR1/ERR1_2.fastq.gz")
    assert (second.size, second.digests, urls(second)) == (
        8,
        {"md5": MD5},
        [f"https://{address.format(2)}"],
    )
    assert "not a string" in refused(json.dumps([{**row, "fastq_bytes": None}]))
    assert "not an object" in refused(json.dumps([row, 5]))


HUB = "https://huggingface.co"
TREE = [
    {"type": "directory", "oid": "0" * 40, "size": 0, "path": "d"},
    {
        "type": "file",
        "oid": "1" * 40,
        "size": 12,
        "lfs": {"oid": SHA256, "size": 12, "pointerSize": 133},
        "xetHash": "3" * 64,
        "path": "d/a b.bin",
    },
]
SIBLINGS = {
    "id": "org/name",
    "sha": "1" * 40,
    "siblings": [
        {
            "rfilename": "d/a b.bin",
            "size": 12,
            "blobId": "1" * 40,
            "lfs": {"sha256": SHA256, "size": 12, "pointerSize": 133},
        }
    ],
}


# huggingface_hub: both listings, at the URLs that they are asked for
@pytest.mark.parametrize("document", [TREE, SIBLINGS])
@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("/api/datasets/org/name/tree/main?recursive=true", "/datasets/org/name/resolve/main"),
        ("/api/models/org/name/tree/v1.0/d?expand=true", "/org/name/resolve/v1.0"),
        ("/api/models/name", "/name/resolve/main"),
        ("/api/datasets/org/name/revision/abc", "/datasets/org/name/resolve/abc"),
        ("/api/spaces/org/name?blobs=true", "/spaces/org/name/resolve/main"),
        ("/datasets/org/name/", "/datasets/org/name/resolve/main"),
    ],
)
def test_hugging_face_knows_its_repository(document: Any, base: str, expected: str) -> None:
    (entry,) = read(json.dumps(document), base_url=f"{HUB}{base}")
    assert isinstance(entry, Entry)
    assert (entry.path, entry.size, entry.digests) == ("d/a b.bin", 12, {"sha256": SHA256})
    assert urls(entry) == [f"{HUB}{expected}/d/a%20b.bin"]


@pytest.mark.parametrize("base", [None, "https://mirror.example/tree.json"])
def test_hugging_face_says_which_base_url_to_give(base: str | None) -> None:
    with pytest.raises(ValueError, match=r"--base-url https://huggingface.co/datasets/NAME/ "):
        read(json.dumps(TREE), base_url=base)


# GDC, Windows tools: UTF-16 with a mark, as PowerShell writes
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_list_that_powershell_wrote(encoding: str) -> None:
    text = ("" if encoding == "utf-16" else "\ufeff") + f"{H}/é.bin\r\n{H}/b.bin\r\n"
    assert [entry.path for entry in entries(text.encode(encoding))] == ["é.bin", "b.bin"]


# openneuro: the script with bare names at the top, and a name that a shell would split
def test_a_script_of_openneuro() -> None:
    line = "curl --create-dirs https://s3.example/ds1/CHANGES?versionId=h.dGJ_x -o CHANGES\n"
    assert one(f"#!/bin/sh\n{line}").path == "CHANGES"


# gdc-client: an empty last column, and no end of the last line
def test_a_manifest_of_gdc_without_a_state() -> None:
    assert one(f"id\tfilename\tmd5\tsize\tstate\n{UUID}\ta.bam\t{MD5}\t12\t").size == 12


# dandi-schema: times with a zone, an etag that is no digest
def test_dandi_metadata() -> None:
    asset = {
        "path": "sub-1/a.nwb",
        "contentUrl": [f"{H}/api/assets/x/download/", f"{H}/blobs/ace/16c/x"],
        "contentSize": 3,
        "digest": {"dandi:dandi-etag": f"{'7' * 32}-574", "dandi:sha2-256": SHA256},
        "blobDateModified": "2021-07-11T16:34:31-04:00",
    }
    entry = one([asset])
    assert (entry.digests, str(entry.mtime)) == ({"sha256": SHA256}, "2021-07-11 20:34:31+00:00")
    assert not entry.unknown  # the etag is of the upload, not of the content


# nf-core: the repository and the page of a workflow, as the URLs of its main file
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([f"{H}/nf-core/flow", f"{H}/docs/"], f"{BASE}src/main%201.nf"),
        ([f"{H}/nf-core/flow", f"{H}/raw/main%201.nf"], f"{H}/raw/main%201.nf"),
        (f"{H}/files/main 1.nf/content", f"{H}/files/main%201.nf/content"),
        (f"{H}/files/Main+1.nf?download=1", f"{H}/files/Main+1.nf?download=1"),
        (f"{H}/flows/main 1.nf-old", f"{BASE}src/main%201.nf"),
    ],
)
def test_a_page_about_a_file_of_a_crate_is_not_its_content(given: Any, expected: str) -> None:
    files = [{"@id": "src/main%201.nf", "@type": "File", "url": given}]
    entry = one({"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": files})
    assert (entry.path, urls(entry)) == ("src/main 1.nf", [expected])


# osf.io: identifiers of organisations and their names
def test_a_url_a_comma_and_words_are_a_table() -> None:
    rows = f"{H}/0a1,University of Somewhere\n{H}/0b2,NSF\n"
    assert "the table has no header" in error_of(rows)
    assert one(f"{H}/d/Smith,J data 1.csv\n").path == "Smith,J data 1.csv"
    some = f"{H}/d/Smith,J final report\n{H}/d/b.csv\n"
    assert [entry.path for entry in entries(some)] == ["Smith,J final report", "b.csv"]


# igv-genomes: titles, some of them twice, beside URLs of tracks
def test_a_column_of_titles_names_no_files() -> None:
    rows = f"url\tname\n{H}/1/A.bed.gz\tpeaks of S2\n{H}/2/B.bw\tpeaks of S2\n"
    assert [entry.path for entry in entries(rows)] == ["A.bed.gz", "B.bw"]
    twice = f"url\tname\n{H}/1/A.bed.gz\tS2\n{H}/1/A.bed.gz\tS2\n{H}/B.bw\tS2\n"
    assert [entry.path for entry in entries(twice)] == ["A.bed.gz", "B.bw"]


@pytest.mark.parametrize(
    ("names", "urls"),
    [
        (["sub-1", "sub-2"], ["get?id=1", "get?id=2"]),
        (["data.csv", "README"], ["blobs/1a.bin", "blobs/2b.bin"]),
        (["scan A", "scan B"], ["get/file.dcm?id=1", "get/file.dcm?id=2"]),
        (["one", "two", "three"], ["a.nii", "b.nii", "get/?id=5"]),
    ],
)
def test_a_column_of_names_names_files(names: list[str], urls: list[str]) -> None:
    rows = [f"{name},{H}/{url}" for name, url in zip(names, urls, strict=True)]
    assert [entry.path for entry in entries("\n".join(["name,url", *rows, ""]))] == names


# dataspice: a template of a description, with the files' names
def test_a_site_is_no_file_of_a_dataset() -> None:
    files = [{"@type": "DataDownload", "name": "a.csv", "contentUrl": "http://h.example/"}]
    document = {"@context": "http://schema.org/", "@type": "Dataset", "distribution": files}
    assert "that of a whole site, not of a file" in refused(json.dumps(document))
    files[0]["contentUrl"] = "drs://dg.4503:0027045b-9ed6"
    assert "that of a whole site" not in refused(json.dumps(document))


# frictionless-py: a register of organisations
def test_organisations_and_their_sites_are_no_files() -> None:
    rows = "id,name,url,email\n1,Some Council,http://a.example/,\n2,B,https://b.example,\n"
    assert "cannot tell which column of the table has the path" in error_of(rows)


def test_a_refusal_among_them_names_its_place() -> None:
    """As the rest of this file takes for granted."""
    found = read(META4.format('<file name="a"><url>ftp://h.example/a</url></file>'))
    assert [type(item) for item in found] == [Refusal]
    assert found[0].where == "line 1"
