"""Documents that can be no manifest say what they are, and what leads to their files."""

from __future__ import annotations

import io
import json

import pytest

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.reading import read_manifest

URL = "https://h.example/a"
KINDS: dict[str, list[str]] = {
    "a list of series of TCIA, which has no URLs of files": [
        f"downloadServerUrl={URL}\nListOfSeriesToDownload=\n1.2.3\n"
    ],
    "a listing of aws s3 ls, which does not say which bucket": [
        "2024-01-02 03:04:05     123456 sub-01/T1w.nii.gz\n2024-01-02 03:04:06          0 x/\n",
        "                           PRE sub-01/\n2024-01-02 03:04:05   12 README\n",
    ],
    "a run table of the SRA, which has no URLs: give the project as the manifest, as ena:PRJNA7": [
        "Run,Assay Type,BioProject\nSRR1234567,RNA-Seq,PRJNA7\n",
        "Run\tBioProject\nSRR1234567\tPRJNA7\n",
    ],
    "as ena:PRJ…": ["Run,BioProject\nSRR1234567,secret\n"],
    "a list of accessions, which has no URLs: give each as a manifest, as ena:SRR1234567": [
        "SRR1234567\nSRR1234568\n"
    ],
    "an answer of Synapse, which has no URLs of files": [
        json.dumps({"page": [{"id": "syn1", "benefactorId": 1}], "nextPageToken": None})
    ],
    "a manifest of Synapse, which has no URLs of files": [
        "path,parentId,ID,name,versionNumber\n/data/a.txt,syn1,syn2,a.txt,3\n",
        "path\tparent\n/data/a.txt\tsyn1\n",
    ],
    "the files of an NDA package, whose URLs are presigned": [
        json.dumps({"results": [{"package_file_id": 3, "download_alias": "a.png"}]})
    ],
    "a catalog of XNAT": [
        '<?xml version="1.0"?>\n<cat:Catalog xmlns:cat="http://nrg.wustl.edu/catalog"/>'
    ],
    "a bulk list of UK Biobank": ["1234567 20227_2_0\n1234568 20227_2_0\n"],
    "a manifest of HuBMAP": ["HBM123.ABCD.456 /\n"],
    "a list for Aspera": ["era-fasp@fasp.sra.ebi.ac.uk:/vol1/a.gz a.gz\n"],
    "a list of accessions of the EGA": ["EGAF00000000001\nEGAF00000000002\n"],
    "a manifest of AllenSDK": [
        json.dumps({"manifest": [{"key": "A", "parent_key": "B", "spec": "%d.nwb"}]})
    ],
    "a requirement of Repo2Data": [
        json.dumps({"src": URL, "dst": "./data", "projectName": "p"}, indent=1)
    ],
    "a bundle of the HCA's Data Store": [
        json.dumps({"bundle": {"creator_uid": 1, "files": [{"indexed": True, "name": "a"}]}})
    ],
    "a catalogue of intake-esm": [json.dumps({"esmcat_version": "0.1", "catalog_file": "a.csv"})],
    "a catalogue of intake, which": [f"sources:\n  a:\n    driver: csv\n    args: [{URL}]\n"],
    "the metadata of a Zarr store": [json.dumps({"zarr_format": 2, "shape": [1]})],
    "the listing of a folder of a web server": [
        '<!DOCTYPE HTML>\n<html><head><title>Index of /pub</title></head><a href="a">a</a></html>',
        "<html>\n<head><title>Directory listing for /</title></head></html>",
    ],
    "names no file of its own, only patterns of files, such as 'data/*.mp3'": [
        json.dumps(
            {"@type": "sc:Dataset", "distribution": [{"@type": "cr:FileSet", "includes": i}]}
        )
        for i in ("data/*.mp3", ["data/*.mp3", "b"])
    ],
    "in a git repository; give hf:datasets/o/mnist as the manifest": [
        json.dumps(
            {
                "@type": "sc:Dataset",
                "url": "https://huggingface.co/datasets/o/mnist",
                "distribution": [{"@type": "cr:FileObject", "encodingFormat": "git+https"}],
            }
        )
    ],
}


@pytest.mark.parametrize(("says", "document"), [(s, d) for s in KINDS for d in KINDS[s]])
def test_a_kind(says: str, document: str) -> None:
    with pytest.raises(ManifestError) as caught:
        list(read_manifest(io.BytesIO(document.encode())))
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


NOT_THEM = {
    "1234567 20227_2_0\nsee there\n": "unknown manifest format",
    "SRR1234567\nsee there\n": "unknown manifest format",
    "sources:\n- driver\n": "unknown manifest format",
}


@pytest.mark.parametrize(("document", "says"), NOT_THEM.items())
def test_what_only_begins_so(document: str, says: str) -> None:
    with pytest.raises(ManifestError, match=says):
        list(read_manifest(io.BytesIO(document.encode())))


def test_an_entry_by_the_same_name_is_one() -> None:
    document = json.dumps({"zarr_format": [URL], "zarr_format.txt": [URL]}).encode()
    with pytest.raises(ManifestError, match="Zarr"):
        list(read_manifest(io.BytesIO(document)))
    assert len(list(read_manifest(io.BytesIO(document), name="json"))) == 2
