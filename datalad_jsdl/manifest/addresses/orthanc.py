"""A study of an Orthanc server (DICOM): ``…/studies/ID``, or ``…/patients/ID``, ``…/series/ID``.

From its REST API (https://orthanc.uclouvain.be/book/users/rest.html). The ID is Orthanc's
own, or the StudyInstanceUID, PatientID or SeriesInstanceUID. Paths are those of the archive
that Orthanc makes of the same (``…/archive``; see `orthanc_names`); each instance has its size and
MD5, unless the server keeps none. Orthanc wants a name and a password (Basic).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.manifest.addresses.listings import array_of, object_of, text_in
from datalad_jsdl.manifest.addresses.orthanc_names import (
    Version,
    file_names,
    folder_names,
    version_of,
)
from datalad_jsdl.manifest.formats.documents import dig
from datalad_jsdl.manifest.formats.fields import stated
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.manifest.urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.addresses import Answer, Api

__all__ = ["BASE", "EXAMPLES", "records"]

EXAMPLES = (
    "orthanc+https://pacs.example/studies/ID",
    "orthanc+http://127.0.0.1:8042/patients/ID",
)
BASE = None

_ADDRESS = re.compile(r"(https?://.*)/(patients|studies|series)/([^/]+)")
_OWN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{8}){4}")
_LEVELS = {
    "patients": ("Patient", "PatientID"),
    "studies": ("Study", "StudyInstanceUID"),
    "series": ("Series", "SeriesInstanceUID"),
}
_WITH_INFO = (1, 10, 0)  # since then one request tells all of an attachment


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record an instance."""
    match = _ADDRESS.fullmatch(base)
    if not match:
        raise ManifestError(f"expected the URL of a patient, study or series, as in {EXAMPLES[0]}")
    root, plural, given = match[1], match[2], unquote(match[3])
    version = version_of(_text(api.get(f"{root}/system"), "Version"))
    top = f"{root}/{plural}/{quote(_own_id(api, root, plural, given), safe='')}"
    try:
        resource = _Resource(api.get(top))
    except StatusError as error:
        raise _unknown(error, plural, given) from None
    paths: dict[str, str] = {}
    listed = list(_series(api, root, plural, resource, version))
    answers = api.get_all(f"{root}/series/{series.identifier}/instances" for _, series in listed)
    for (folder, series), answer in zip(listed, answers, strict=True):
        numbers = {instance.identifier: instance.number for instance in _listed(answer)}
        names = file_names(series.tags, numbers, version)
        paths.update((identifier, f"{folder}/{name}") for identifier, name in names.items())
    known = _attachments(api, root, list(paths), version)
    for (identifier, path), fields in zip(paths.items(), known, strict=True):
        instance = f"{root}/instances/{identifier}"
        yield Record(path, {"urls": f"{instance}/file", **fields}, redact(instance))


class _Resource:
    """A patient, study, series or instance as Orthanc describes it.

    Attributes:
        identifier: Orthanc's own.
        tags: main DICOM tags.
        document: all of it.
        number: of an instance in its series; 0 for none.
    """

    def __init__(self, described: Answer | tuple[Any, str]) -> None:
        if isinstance(described, tuple):
            self.document, self.where = described
        else:
            self.document, self.where = object_of(described), redact(described.url)
        self.identifier = text_in(self.document, "ID", self.where)
        if not _OWN_ID.fullmatch(self.identifier):
            raise ManifestError(f"{self.where}: ID is not one of Orthanc's")
        self.tags = self.tags_in("MainDicomTags")
        number = self.document.get("IndexInSeries")
        self.number = number if type(number) is int and 0 <= number < 1 << 32 else 0

    def tags_in(self, key: str) -> dict[str, Any]:
        tags = self.document.get(key)
        return tags if isinstance(tags, dict) else {}

    def parent(self, key: str) -> str:
        identifier = text_in(self.document, key, self.where)
        return quote(identifier, safe="")


def _series(
    api: Api, root: str, plural: str, top: _Resource, version: Version
) -> Iterator[tuple[str, _Resource]]:
    """Each series and the folder of its files."""
    if plural == "patients":
        patient, studies = top, _listed(api.get(f"{root}/patients/{top.identifier}/studies"))
    else:
        study = top
        if plural == "series":
            study = _Resource(api.get(f"{root}/studies/{top.parent('ParentStudy')}"))
        patient = _Resource(api.get(f"{root}/patients/{study.parent('ParentPatient')}"))
        studies = [study]
    tags = _patient_tags(patient, studies, plural, version)
    (upper,) = folder_names("Patient", {patient.identifier: tags}, version).values()
    folders = folder_names("Study", {s.identifier: s.tags for s in studies}, version)
    if plural == "series":
        children = iter([[top]])
    else:
        children = map(_listed, api.get_all(f"{root}/studies/{study}/series" for study in folders))
    for folder, found in zip(folders.values(), children, strict=True):
        series = {child.identifier: child for child in found}
        names = folder_names("Series", {i: s.tags for i, s in series.items()}, version)
        yield from ((f"{upper}/{folder}/{name}", series[i]) for i, name in names.items())


def _patient_tags(
    patient: _Resource, studies: list[_Resource], plural: str, version: Version
) -> dict[str, Any]:
    """Studies of a patient may differ in the name; newer archives have that of the study."""
    if plural != "patients" and version >= (1, 13, 0):
        return studies[0].tags_in("PatientMainDicomTags") or patient.tags
    return patient.tags


def _own_id(api: Api, root: str, plural: str, given: str) -> str:
    """Orthanc's ID of a resource that may be given by DICOM's."""
    if _OWN_ID.fullmatch(given):
        return given
    level, tag = _LEVELS[plural]
    if re.search(r"[*?\\\x00-\x1f]", given):  # a pattern, or several
        raise ManifestError(f"{given!r} is neither Orthanc's ID of a {level.lower()} nor a {tag}")
    question = {"Level": level, "Query": {tag: given}, "CaseSensitive": True}
    answer = api.post(f"{root}/tools/find", question)
    found = array_of(answer)
    if len(found) != 1 or not isinstance(found[0], str):
        raise ManifestError(
            f"there are {len(found)} {plural} with the {tag} {given!r}; expected Orthanc's own ID, "
            "or one that a single one has"
        )
    return found[0]


def _unknown(error: StatusError, plural: str, given: str) -> Exception:
    if error.status != 404:
        return error
    level, tag = _LEVELS[plural]
    return ManifestError(f"there is no {level.lower()} of the ID {given}; {tag} may be given, too")


def _listed(answer: Answer) -> list[_Resource]:
    return [_Resource((item, redact(answer.url))) for item in array_of(answer)]


def _text(answer: Answer, key: str) -> str:
    return text_in(object_of(answer), key, redact(answer.url))


def _attachments(
    api: Api, root: str, identifiers: list[str], version: Version
) -> Iterator[dict[str, Any]]:
    """Size and digest of each instance's DICOM file, as it is downloaded."""
    urls = [f"{root}/instances/{identifier}/attachments/dicom" for identifier in identifiers]
    try:
        if version >= _WITH_INFO:
            for answer in api.get_all(f"{url}/info" for url in urls):
                info = object_of(answer)
                md5 = dig(info, "UncompressedMD5")
                yield {"size": dig(info, "UncompressedSize"), "digests": stated({"md5": md5})}
        else:
            yield from _attachments_of_old(api, urls)
    except StatusError as error:
        if error.status != 404:
            raise
        raise ManifestError(
            f"{error}: the instance is gone, or its DICOM file is not kept (StoreDicom); if it "
            "was deleted just now, run this again"
        ) from None


def _attachments_of_old(api: Api, urls: list[str]) -> Iterator[dict[str, Any]]:
    """The same from versions that have a page for each."""
    having = ["md5" in array_of(answer) for answer in api.get_all(urls)]
    sizes = api.get_all(f"{url}/size" for url in urls)
    digests = api.get_all(f"{url}/md5" for url, has in zip(urls, having, strict=True) if has)
    for size, has in zip(sizes, having, strict=True):
        digest = {"md5": next(digests).text.strip()} if has else {}
        yield {"size": size.document(), "digests": digest}
