"""Versions of Orthanc that are not here: their archives' names, and what they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.manifest.portals.orthanc_names import file_names, folder_names, version_of
from datalad_jsdl.model.entry import Entry
from datalad_jsdl.model.paths import path_fault
from tests.portals import answer, listed

if TYPE_CHECKING:
    from tests.lab import Lab

ID = "{0}{0}{0}{0}{0}{0}{0}{0}" + "-{0}{0}{0}{0}{0}{0}{0}{0}" * 4
PATIENT, STUDY, SERIES, ONE, TWO = (ID.format(n) for n in "12345")
KNEE = {"PatientID": "887", "PatientName": "KNEE"}
MODERN, DASHED = (1, 12, 6), (1, 13, 0)


def name(level: str, version: tuple[int, ...], **tags: str) -> str:
    return folder_names(level, {ID.format(0): tags}, version)[ID.format(0)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("1.10.1", (1, 10, 1)), ("1.12.6+dfsg-1", MODERN), ("1.13", DASHED), ("mainline", (1 << 30,))],
)
def test_versions(text: str, numbers: tuple[int, ...]) -> None:
    assert version_of(text) == numbers


def test_folders_of_later_versions() -> None:
    """The examples with a knee are those of Orthanc's own tests of 1.12.6 and 1.13.0."""
    assert name("Patient", MODERN, **KNEE) == "887 KNEE"
    assert name("Patient", DASHED, **KNEE) == "887 - KNEE"
    study = {"AccessionNumber": "A10003245599", "StudyDescription": "IRM DU GENOU"}
    assert name("Study", MODERN, **study) == "A10003245599 IRM DU GENOU"
    assert name("Study", DASHED, **study) == "A10003245599 - IRM DU GENOU"
    series = {"SeriesNumber": "301", "Modality": "MR", "SeriesDescription": "T1W_aTSE"}
    assert name("Series", MODERN, **series) == "MR T1W_aTSE"
    assert name("Series", DASHED, **series) == "301 - MR - T1W_aTSE"
    # what file systems take stays since 1.12.11
    odd = {"StudyDescription": "a-b/c: (1)  é^d"}
    assert name("Study", (1, 12, 10), **odd) == "abc 1 d"
    assert name("Study", (1, 12, 11), **odd) == "a-b c (1) ^d"
    assert name("Study", DASHED, **odd) == "a-b c (1) ^d"
    assert name("Patient", DASHED, PatientName="Doe^Jane") == "- Doe^Jane"
    assert name("Patient", DASHED, PatientID="^^") == "Unknown Patient"
    assert name("Series", DASHED) == "Unknown Series"


@pytest.mark.parametrize(
    ("numbers", "version", "expected"),
    [
        ([7, 5, 6], (1, 12, 5), {"a": "MR000000", "b": "MR000001", "c": "MR000002"}),
        ([7, 5, 6], MODERN, {"b": "MR000005", "c": "MR000006", "a": "MR000007"}),
        ([7, 5, 7], MODERN, {"b": "MR000000", "a": "MR000001", "c": "MR000002"}),
        ([0, 1 << 31, 1], MODERN, {"a": "MR000000", "c": "MR000001", "b": "MR2147483648"}),
    ],
)
def test_files(numbers: list[int], version: tuple[int, ...], expected: dict[str, str]) -> None:
    found = file_names({"Modality": "mr"}, dict(zip("abc", numbers, strict=True)), version)
    assert list(found.items()) == [(key, f"{stem}.dcm") for key, stem in expected.items()]


TEXT = st.text(max_size=12) | st.sampled_from(["..", ".git", "/", "^", "a", "a ", "x" * 300])


@given(
    st.sampled_from(["Patient", "Study", "Series"]),
    st.lists(st.tuples(TEXT, TEXT), max_size=9),
    st.sampled_from([(1, 10, 1), (1, 12, 11), DASHED]),
    st.sampled_from("123456789"),
)
def test_any_tags(
    level: str, tags: list[tuple[str, str]], version: tuple[int, ...], digit: str
) -> None:
    keys = {
        "Patient": ("PatientID", "PatientName"),
        "Study": ("AccessionNumber", "StudyDescription"),
        "Series": ("Modality", "SeriesDescription"),
    }[level]
    given = {
        ID.format(n): dict(zip(keys, values, strict=True)) for n, values in enumerate(tags[:9])
    }
    found = folder_names(level, given, version)
    assert list(found) == sorted(given)
    for folder in found.values():
        assert path_fault(folder) is None
    for values in given.values():
        for file in file_names(values, {"a": 1, "b": 1}, version).values():
            assert path_fault(file) is None
            assert file.endswith(".dcm")


def serve(lab: Lab, version: str) -> None:
    """A study of two instances, one of them without an MD5."""
    answer(lab, "/o/system", {"Version": version})
    tags: dict[str, Any] = {"MainDicomTags": KNEE}
    if version_of(version) < DASHED:  # later ones may do without
        answer(lab, f"/o/patients/{PATIENT}", {"ID": PATIENT, **tags})
    own = {"PatientMainDicomTags": {"PatientID": "887", "PatientName": "Knee"}}
    study = {"ID": STUDY, "ParentPatient": PATIENT, "MainDicomTags": {}, **own}
    answer(lab, f"/o/studies/{STUDY}", study)
    series = {"ID": SERIES, "MainDicomTags": {"Modality": "MR", "SeriesDescription": None}}
    answer(lab, f"/o/studies/{STUDY}/series", [series])
    instances = [{"ID": ONE, "IndexInSeries": 9}, {"ID": TWO, "IndexInSeries": None}]
    answer(lab, f"/o/series/{SERIES}/instances", instances)
    for instance, md5 in ((ONE, "0" * 32), (TWO, "")):
        attachment = f"/o/instances/{instance}/attachments/dicom"
        if version_of(version) >= (1, 10):
            found = {"UncompressedSize": 12, "UncompressedMD5": md5, "CompressedSize": 5}
            answer(lab, f"{attachment}/info", found)
        else:
            answer(lab, attachment, ["data", "size", *(["md5"] if md5 else [])])
            answer(lab, f"{attachment}/size", b"12")
            if md5:
                answer(lab, f"{attachment}/md5", md5.encode())


@pytest.mark.parametrize(
    ("version", "patient", "files"),
    [
        ("1.9.2", "887 KNEE", ["MR000000.dcm", "MR000001.dcm"]),
        ("1.12.6", "887 KNEE", ["MR000009.dcm", "MR000000.dcm"]),
        ("1.13.0", "887 - Knee", ["MR000009.dcm", "MR000000.dcm"]),
    ],
)
def test_answers_of_other_versions(lab: Lab, version: str, patient: str, files: list[str]) -> None:
    """Behind a prefix, too."""
    serve(lab, version)
    expected = [f"{patient}/Unknown Study/MR/{file}" for file in files]
    found = {item.path: item for item in listed(f"orthanc+{lab.url}/o/studies/{STUDY}", None)}
    assert sorted(map(str, found)) == sorted(expected)
    for path, instance, digests in zip(expected, (ONE, TWO), ({"md5": "0" * 32}, {}), strict=True):
        entry = found[path]
        assert isinstance(entry, Entry)
        assert (entry.size, entry.digests) == (12, digests)
        assert [c.url for c in entry.candidates] == [f"{lab.url}/o/instances/{instance}/file"]


def test_answers_that_are_none(lab: Lab) -> None:
    address = f"orthanc+{lab.url}/o/studies/{STUDY}"
    targets = [
        "/o/system",
        f"/o/studies/{STUDY}",
        f"/o/patients/{PATIENT}",
        f"/o/studies/{STUDY}/series",
        f"/o/series/{SERIES}/instances",
    ]
    wrong = [b"<html>", b"", 1, None, [None], [[]], [{"ID": 7}], {"ID": "../x"}, {"Version": 1}]
    for target in targets:
        for document in wrong:
            serve(lab, "1.10.1")
            answer(lab, target, document)
            with pytest.raises(ManifestError, match=f"http://127.*{target}"):
                listed(address, None)
    serve(lab, "1.10.1")
    del lab.files[f"/o/instances/{TWO}/attachments/dicom/info"]
    with pytest.raises(StatusError, match="the instance is gone, or its DICOM file is not stored"):
        listed(address, None)
