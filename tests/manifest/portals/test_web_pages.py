"""From a web page's address, which a user has at hand, to the one that can be imported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.errors import JsdlError, ManifestError
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.portals import ADDRESSES, find_address
from datalad_jsdl.manifest.portals.web_pages import hint
from datalad_jsdl.operations.manifest_place import ManifestPlace
from datalad_jsdl.operations.open_manifest import open_source
from tests.lab import HTML
from tests.portals import listed

if TYPE_CHECKING:
    from tests.lab import Lab

PAGES = {
    "https://physionet.org/content/mitdb/1.0.0/": "physionet:mitdb/1.0.0",
    "https://physionet.org/files/mitdb/1.0.0/100.dat": "physionet:mitdb/1.0.0",
    "https://github.com/o/n/releases": "github:o/n",
    "https://github.com/o/n/releases/latest": "github:o/n",
    "https://github.com/o/n/releases/tag/v1.0": "github:o/n@v1.0",
    "https://www.ebi.ac.uk/ena/browser/view/PRJEB12345": "ena:PRJEB12345",
    "https://www.ncbi.nlm.nih.gov/sra/SRR0000011": "ena:SRR0000011",
    "https://www.synapse.org/Synapse:syn123/files/": "synapse:syn123",
    "https://doi.org/10.7303/syn123.4": "synapse:syn123.4",
    "https://dandiarchive.org/dandiset/000027": "dandi:000027",
    "https://dandiarchive.org/dandiset/000027/": "dandi:000027",
    "https://dandiarchive.org/dandiset/000027/draft/files?location=": "dandi:000027/draft",
    "https://dandiarchive.org/dandiset/000027/0.210831.2033": "dandi:000027/0.210831.2033",
    "https://gui.dandiarchive.org/#/dandiset/000027/draft": "dandi:000027/draft",
    "https://doi.org/10.48324/dandi.000027/0.210831.2033": "dandi:000027/0.210831.2033",
    "https://zenodo.org/records/1234567": "zenodo:1234567",
    "https://www.zenodo.org/record/1234567/files/a.zip?download=1": "zenodo:1234567",
    "https://zenodo.org/doi/10.5281/zenodo.1234567": "zenodo:1234567",
    "https://doi.org/10.5281/zenodo.1234567": "zenodo:1234567",
    "https://sandbox.zenodo.org/records/12": "zenodo:12 --base-url https://sandbox.zenodo.org",
    "https://figshare.com/articles/dataset/A_title/1234567/2": "figshare:1234567/v2",
    "https://uni.figshare.com/articles/dataset/_/1234567": "figshare:1234567",
    "https://figshare.com/articles/A_title/1234567": "figshare:1234567",
    "https://doi.org/10.6084/m9.figshare.1234567.v2": "figshare:1234567/v2",
    "https://doi.org/10.7910/DVN/TJCLKP": "dataverse:doi:10.7910/DVN/TJCLKP",
    "https://dataverse.harvard.edu/dataset.xhtml?persistentId=doi:10.7910/DVN/TJCLKP": (
        "dataverse:doi:10.7910/DVN/TJCLKP"
    ),
    "https://demo.dataverse.org/dataset.xhtml?persistentId=doi%3A10.5072/X&version=1.2": (
        "dataverse:doi:10.5072/X@1.2 --base-url https://demo.dataverse.org"
    ),
    "https://d.org:8443/dataset.xhtml?persistentId=hdl:1/X&version=DRAFT": (
        "dataverse:hdl:1/X@draft --base-url https://d.org:8443"
    ),
    "https://openneuro.org/datasets/ds000001": "openneuro:ds000001",
    "https://openneuro.org/datasets/ds000001/versions/1.0.0": "openneuro:ds000001/1.0.0",
    "https://doi.org/10.18112/openneuro.ds000001.v1.0.0": "openneuro:ds000001/1.0.0",
    "https://osf.io/ezcuj/files/osfstorage": "osf:ezcuj",
    "https://doi.org/10.17605/OSF.IO/EZCUJ": "osf:EZCUJ",
    "https://huggingface.co/datasets/o/n/viewer": "hf:datasets/o/n",
    "https://huggingface.co/datasets/o/n/tree/v1/data": "hf:datasets/o/n@v1",
    "https://huggingface.co/o/n/tree/main": "hf:o/n@main",
    "http://127.0.0.1:8042/app/explorer.html#study?uuid=27f7126f-4f66fb14": (
        "orthanc+http://127.0.0.1:8042/studies/27f7126f-4f66fb14"
    ),
    "https://pacs.example/o/app/explorer.html#series?uuid=27f7126f": (
        "orthanc+https://pacs.example/o/series/27f7126f"
    ),
    "http://127.0.0.1:8042/studies/27f7126f-4f66fb14-03f4081b-f9341db2-53925988?expand": (
        "orthanc+http://127.0.0.1:8042/studies/27f7126f-4f66fb14-03f4081b-f9341db2-53925988"
    ),
    "https://pacs.example/o/dicom-web/series/1.2.840.1/": (
        "orthanc+https://pacs.example/o/series/1.2.840.1"
    ),
}
OTHERS = [
    "https://portal.example/studies/study.json",
    "https://u:secret@pacs.example/studies/1.2.840.1",
    "https://osf.io/login",
    "https://huggingface.co/docs/hub",
    "https://u:secret@pacs.example/app/explorer.html#study?uuid=27f7126f",
    "https://pacs.example/app/explorer.html#find-studies",
    "https://dandiarchive.org/",
    "https://dandiarchive.org/dandiset/27",
    "https://zenodo.org/communities/x",
    "https://zenodo.org.example/records/12",
    "https://figshare.com/collections/A_title/1234567",
    "https://portal.example/study.json",
    "https://d.org/dataset.xhtml",
    "https://u:secret@d.org/dataset.xhtml?persistentId=doi:10.5072/X",
    "https://d.org/dataset.xhtml?persistentId=doi:10.5072/X'%20rm",
    "https://[::1/",
]


@pytest.mark.parametrize("page", PAGES)
def test_pages(page: str) -> None:
    assert hint(page) == PAGES[page]
    address, _, base = PAGES[page].partition(" --base-url ")
    assert find_address(address, base or None, lambda name: None).text == address


@pytest.mark.parametrize("url", OTHERS)
def test_what_is_no_such_page(url: str) -> None:
    assert hint(url) is None


MEANT = {
    "zenod:1": "did you mean zenodo:1?",
    "DataVers:doi:10.5072/X": "did you mean dataverse:doi:10.5072/X?",
    "10.5281/zenodo.1002": "did you mean zenodo:1002?",
    "doi:10.7910/DVN/X": "did you mean dataverse:doi:10.7910/DVN/X?",
    "doi:10.5072/X": "a DOI needs the name of its portal in front: see "
    '"Addresses at portals" in the documentation',
    "huggingface:o/n": f"addresses at portals begin with one of {', '.join(ADDRESSES)}",
    "C:study.json": "",
    "study.json": "",
    "me:secret@h": "",
}


def test_what_is_no_file_either() -> None:
    for manifest, said in MEANT.items():
        place = ManifestPlace(manifest, Path("/nowhere", manifest), None, None, Options())
        with pytest.raises(ManifestError) as error, open_source(place):
            pass
        assert str(error.value) == (
            f"cannot read the manifest {place.file}: No such file or directory"
            + (f"; {said}" if said else "")
        )


def test_a_web_page_in_an_address_and_the_path_of_an_api() -> None:
    with pytest.raises(ManifestError, match=r"expected zenodo:1002$"):
        find_address("zenodo:https://zenodo.org/records/1002?token=x", None, lambda name: None)
    for name, end in {"dandi:000027": "/api/", "osf:ezcuj": "/v2"}.items():
        address = find_address(name, f"https://h.example/x{end}", lambda name: None)
        assert address.base == "https://h.example/x"


def test_what_orthanc_says_of_a_study(lab: Lab) -> None:
    path = "studies/27f7126f-4f66fb14-03f4081b-f9341db2-53925988"
    said = {"ID": "27f7126f", "IsStable": True, "MainDicomTags": {}, "Series": ["1"]}
    for document, status, part in [
        (said, 200, "this is Orthanc's description of"),
        ({}, 404, "404"),
    ]:
        lab.put(path, json.dumps(document).encode(), status=status)
        place = ManifestPlace(f"{lab.url}/{path}", None, None, None, Options())
        with pytest.raises(JsdlError, match=part) as error, open_source(place) as source:
            list(source.entries())
        assert str(error.value).endswith(
            f"; if this is an Orthanc server, use: orthanc+{lab.url}/{path}"
        )
    with pytest.raises(JsdlError, match=r"system: HTTP status 404 .*; is this an Orthanc server\?"):
        listed(f"orthanc+{lab.url}/{path}", None)


@given(st.sampled_from([*PAGES, *OTHERS]), st.text(max_size=8), st.integers(0, 60))
def test_any_url(url: str, text: str, at: int) -> None:
    found = hint(url[:at] + text + url[at:])
    assert found is None or found.partition(":")[0].partition("+")[0] in ADDRESSES


@pytest.mark.parametrize("status", [200, 403])
def test_the_failing_import_names_the_address(lab: Lab, status: int) -> None:
    lab.put("dataset.xhtml", HTML, status=status, headers={"Content-Type": "text/html"})
    url = f"{lab.url}/dataset.xhtml?persistentId=doi:10.5072/X"
    place = ManifestPlace(url, None, None, None, Options())
    with pytest.raises(JsdlError) as error, open_source(place) as source:
        list(source.entries())
    said = "got an HTML page" if status == 200 else "HTTP status 403"
    assert said in str(error.value)
    sentence = str(error.value).partition("; to log in, run:")[0]
    assert sentence.endswith(f"dataverse:doi:10.5072/X --base-url {lab.url}")
