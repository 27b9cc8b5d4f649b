"""A study of an Orthanc server (DICOM): ``…/studies/ID``, or ``…/patients/ID``, ``…/series/ID``.

From its REST API (https://orthanc.uclouvain.be/book/users/rest.html). The ID is Orthanc's
own, or the StudyInstanceUID, PatientID or SeriesInstanceUID. Paths are those of the archive
that Orthanc makes of the same (``…/archive``; see `orthanc_names`); each instance has its size and
MD5, unless the server keeps none. Orthanc wants a name and a password (Basic).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import dig
from datalad_jsdl.manifest.formats.fields import stated
from datalad_jsdl.manifest.portals.orthanc_names import (
    PATIENT_OF_STUDY,
    Version,
    file_names,
    folder_names,
    version_of,
)
from datalad_jsdl.manifest.portals.paging import ask, explained, items_of
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api, ApiAnswer

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = (
    "orthanc+https://pacs.example/studies/ID",
    "orthanc+http://127.0.0.1:8042/patients/ID",
)
BASE: str | None = None
API = ""

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
    system = f"{root}/system"
    with explained({404: "is this an Orthanc server?"}):
        version = version_of(_string(ask(api, system), "Version", system))
    level, tag = _LEVELS[plural]
    unknown = f"Orthanc has no {level.lower()} with this ID; you can also use its {tag}"
    with explained({404: unknown}):
        resource = _asked(api, f"{root}/{plural}/{_own_id(api, root, plural, given)}")
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
        yield Record(path, {"urls": f"{instance}/file", **fields}, instance)


class _Resource:
    """A patient, study, series or instance as Orthanc describes it.

    Attributes:
        identifier: Orthanc's own.
        tags: main DICOM tags.
        document: all of it.
        number: of an instance in its series; 0 for none.
    """

    def __init__(self, document: Any, where: str) -> None:
        if not isinstance(document, dict):
            raise ManifestError(f"{where}: expected a list of objects")
        self.document, self.where = document, where
        self.identifier = self.own_id("ID")
        self.tags = self.tags_in("MainDicomTags")
        number = self.document.get("IndexInSeries")
        self.number = number if type(number) is int and 0 <= number < 1 << 32 else 0

    def tags_in(self, key: str) -> dict[str, Any]:
        tags = self.document.get(key)
        return tags if isinstance(tags, dict) else {}

    def own_id(self, key: str) -> str:
        identifier = _string(self.document, key, self.where)
        if not _OWN_ID.fullmatch(identifier):
            raise ManifestError(f"{self.where}: {key} is not an Orthanc ID")
        return identifier


def _series(
    api: Api, root: str, plural: str, top: _Resource, version: Version
) -> Iterator[tuple[str, _Resource]]:
    """Each series and the folder of its files."""
    if plural == "patients":
        patient, tags = top.identifier, top.tags
        studies = _listed(api.get(f"{root}/patients/{patient}/studies"))
    else:
        study = top
        if plural == "series":
            study = _asked(api, f"{root}/studies/{top.own_id('ParentStudy')}")
        studies = [study]
        if version >= PATIENT_OF_STUDY:
            patient, tags = study.identifier, study.tags_in("PatientMainDicomTags")
        else:
            patient = study.own_id("ParentPatient")
            tags = _asked(api, f"{root}/patients/{patient}").tags
    (upper,) = folder_names("Patient", {patient: tags}, version).values()
    folders = folder_names("Study", {s.identifier: s.tags for s in studies}, version)
    if plural == "series":
        children = iter([[top]])
    else:
        children = map(_listed, api.get_all(f"{root}/studies/{study}/series" for study in folders))
    for folder, found in zip(folders.values(), children, strict=True):
        series = {child.identifier: child for child in found}
        names = folder_names("Series", {i: s.tags for i, s in series.items()}, version)
        yield from ((f"{upper}/{folder}/{name}", series[i]) for i, name in names.items())


def _own_id(api: Api, root: str, plural: str, given: str) -> str:
    """Orthanc's ID of a resource that may be given by DICOM's."""
    if _OWN_ID.fullmatch(given):
        return given
    level, tag = _LEVELS[plural]
    if re.search(r"[*?\\\x00-\x1f]", given):  # a pattern, or several
        raise ManifestError(f"{given!r} is neither an Orthanc ID of a {level.lower()} nor a {tag}")
    question = {"Level": level, "Query": {tag: given}, "CaseSensitive": True}
    url = f"{root}/tools/find"
    found = items_of(api.post(url, question).document(), url)
    if len(found) != 1 or not _OWN_ID.fullmatch(str(found[0])):
        have = f"{len(found)} {plural} have" if len(found) > 1 else f"no {level.lower()} has"
        raise ManifestError(
            f"{have} the {tag} {given!r}; expected an Orthanc ID of a {level.lower()}, or a unique "
            f"{tag}"
        )
    return str(found[0])


def _asked(api: Api, url: str) -> _Resource:
    return _Resource(ask(api, url), url)


def _listed(answer: ApiAnswer) -> list[_Resource]:
    return [_Resource(item, answer.url) for item in items_of(answer.document(), answer.url)]


def _string(document: dict[str, Any], key: str, where: str) -> str:
    value = document.get(key)
    if not isinstance(value, str):
        raise ManifestError(f"{where}: expected a string as {key}")
    return value


def _attachments(
    api: Api, root: str, identifiers: list[str], version: Version
) -> Iterator[dict[str, Any]]:
    """Size and digest of each instance's DICOM file, as it is downloaded."""
    urls = [f"{root}/instances/{identifier}/attachments/dicom" for identifier in identifiers]
    gone = (
        "the instance is gone, or its DICOM file is not stored (StoreDicom); if it was deleted "
        "just now, try again"
    )
    with explained({404: gone}):
        if version < _WITH_INFO:
            yield from _attachments_of_old(api, urls)
            return
        for answer in api.get_all(f"{url}/info" for url in urls):
            info = answer.document()
            md5 = dig(info, "UncompressedMD5")
            yield {"size": dig(info, "UncompressedSize"), "digests": stated({"md5": md5})}


def _attachments_of_old(api: Api, urls: list[str]) -> Iterator[dict[str, Any]]:
    """The same from versions that have a page for each."""
    having = ["md5" in items_of(a.document(), a.url) for a in api.get_all(urls)]
    sizes = api.get_all(f"{url}/size" for url in urls)
    digests = api.get_all(f"{url}/md5" for url, has in zip(urls, having, strict=True) if has)
    for size, has in zip(sizes, having, strict=True):
        digest = {"md5": next(digests).text.strip()} if has else {}
        yield {"size": size.document(), "digests": digest}
