"""Patients, studies and series, as Orthanc describes them.

See https://orthanc.uclouvain.be/book/users/rest.html; identifiers are Orthanc's own, five groups
of eight hexadecimal digits.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError, NothingThereError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

__all__ = ["Amount", "Found", "Level", "Resource", "Row", "as_amount", "as_resource", "checked_id"]

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{8}){4}")
_NAMELESS = re.compile(r"[^\w.+-]+")
_LONGEST = 60  # characters of each part of an archive's name


class Level(Enum):
    """What a resource is; the value is the word in addresses, Orthanc's and ours."""

    PATIENT = "patients"
    STUDY = "studies"
    SERIES = "series"

    @property
    def word(self) -> str:
        """One of them, for people."""
        return {"patients": "patient", "studies": "study"}.get(self.value, self.value)

    @property
    def below(self) -> str:
        """What is listed of one; "" where that would be instances."""
        return {"patients": "studies", "studies": "series"}.get(self.value, "")


def checked_id(level: Level, given: str) -> str:
    """An identifier that can be part of a URL.

    Raises:
        NothingThereError: it is none of Orthanc's.
    """
    if not _ID.fullmatch(given):
        raise NothingThereError(
            f"there is no such {level.word}: an ID of Orthanc has five groups of eight digits, "
            "from 0 to f"
        )
    return given


@dataclass(frozen=True)
class Resource:
    """A patient, study or series.

    Attributes:
        level: which of them it is.
        id: Orthanc's own.
        tags: main DICOM tags: its own, and those of what it is in.
        updated: when something was last added, as Orthanc writes it; "" if it does not say.
        is_stable: whether nothing has come for a while.
        parent: Orthanc's ID of what it is in, or "".
        children: how many studies, series or instances are in it.
    """

    level: Level
    id: str
    tags: Mapping[str, str]
    updated: str
    is_stable: bool
    parent: str
    children: int

    @property
    def title(self) -> str:
        """What people know it by."""
        if self.level is Level.PATIENT:
            return self.patient or "Unknown patient"
        name = "StudyDescription" if self.level is Level.STUDY else "SeriesDescription"
        return self.tags.get(name) or f"Untitled {self.level.word}"

    @property
    def patient(self) -> str:
        """Of whom it is: ID and name; "" if neither is told."""
        parts = (self.tags.get("PatientID", ""), self.tags.get("PatientName", ""))
        return " ".join(part.replace("^", " ").strip() for part in parts if part.strip())

    @property
    def date(self) -> str:
        """Of the study, ``3 Mar 2026``; as DICOM has it if that is no date, "" if there is none."""
        given = self.tags.get("StudyDate", "")
        try:
            day = datetime.strptime(given, "%Y%m%d")
        except ValueError:
            return given
        return f"{day.day} {day:%b %Y}"

    @property
    def archive_name(self) -> str:
        """Of its zip: ``PAT-0417_Head-MRI.zip``. Without the patient's name: it is in addresses."""
        own = "" if self.level is Level.PATIENT else self.title
        parts = (
            _NAMELESS.sub("-", part).strip("-._") for part in (self.tags.get("PatientID", ""), own)
        )
        return "_".join(part[:_LONGEST] for part in parts if part) + f"_{self.id[:8]}.zip"


@dataclass(frozen=True)
class Amount:
    """How much there is.

    Attributes:
        instances: DICOM files.
        series: that they are in.
        studies: that those are in.
        size: bytes of the files as they are downloaded.
    """

    instances: int
    series: int
    studies: int
    size: int


@dataclass(frozen=True)
class Row:
    """What is in a resource: one line of its page.

    Attributes:
        resource: a study or series.
        amount: of it.
    """

    resource: Resource
    amount: Amount


@dataclass(frozen=True)
class Found:
    """A resource, as it is now.

    Attributes:
        resource: what it is.
        amount: how much is in it.
        server: version of Orthanc, which its names of files depend on.
        rows: what is in it.
        problem: why this is what Orthanc said a while ago; "" for what it has just said.
    """

    resource: Resource
    amount: Amount
    server: str
    rows: Sequence[Row] = ()
    problem: str = ""

    @property
    def version(self) -> str:
        """Another one as soon as there may be other files, or other names for them."""
        amount = self.amount
        parts = [
            self.server, self.resource.updated, amount.instances, amount.series, amount.studies,
            amount.size,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def as_resource(level: Level, document: Any, where: str) -> Resource:
    """What Orthanc says of a resource.

    Raises:
        ManifestError: that is none.
    """
    identifier = document.get("ID") if isinstance(document, dict) else None
    if not isinstance(identifier, str) or not _ID.fullmatch(identifier):
        raise ManifestError(f"{where}: expected a {level.word}, which has an ID of Orthanc")
    tags = {**_tags(document.get("PatientMainDicomTags")), **_tags(document.get("MainDicomTags"))}
    parent = document.get("ParentPatient") or document.get("ParentStudy")
    below = document.get({"patients": "Studies", "studies": "Series"}.get(level.value, "Instances"))
    return Resource(
        level,
        identifier,
        tags,
        str(document.get("LastUpdate") or ""),
        document.get("IsStable") is not False,
        parent if isinstance(parent, str) and _ID.fullmatch(parent) else "",
        len(below) if isinstance(below, list) else 0,
    )


def as_amount(document: Any, where: str) -> Amount:
    """What Orthanc says of how much there is.

    Raises:
        ManifestError: it does not say that.
    """
    if not isinstance(document, dict):
        raise ManifestError(f"{where}: expected numbers of what is stored")
    # series tell of no series, studies of no studies: it is one then
    instances = _number(document.get("CountInstances"), where)
    # without DICOM-as-JSON and the like, which older servers keep beside the files
    size = document.get("DicomUncompressedSize", document.get("UncompressedSize"))
    return Amount(
        instances,
        _number(document.get("CountSeries", 1), where),
        _number(document.get("CountStudies", 1), where),
        _number(size, where),
    )


def _tags(found: Any) -> dict[str, str]:
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _number(given: Any, where: str) -> int:
    """Orthanc writes what may be large as text."""
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 20:
        given = int(given)
    if type(given) is not int or given < 0:
        raise ManifestError(f"{where}: expected a number of instances and bytes")
    return given
