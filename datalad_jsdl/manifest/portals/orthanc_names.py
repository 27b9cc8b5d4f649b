"""How Orthanc names the members of the archives that it makes (``/studies/ID/archive``).

Its documentation does not say. Learnt from archives of version 1.10, and for later ones from its
release notes and its sources (``ArchiveJob.cpp``, ``HierarchicalZipWriter.cpp``,
``SimpleInstanceOrdering.cpp``; https://orthanc.uclouvain.be/hg/orthanc):

- A folder is named by the tags of a patient, study or series. Until 1.12.10 only ASCII letters,
  digits, ``.``, ``_`` and spaces stay of them (``^`` is a space), since 1.12.11 all of ASCII that
  file systems take. Since 1.13.0 there is `` - `` between tags, and the number of the series.
- A second folder of the same name gets ``-2``, in the order of Orthanc's IDs.
- A file is named by two letters of the modality and a number: until 1.12.5 a count from 0 in
  Orthanc's order of the instances, since 1.12.6 InstanceNumber if no two are equal, else a count
  in the order of these.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from datalad_jsdl.model.paths import path_fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["PATIENT_OF_STUDY", "Version", "file_names", "folder_names", "version_of"]

#: Of Orthanc: major, minor, revision.
Version = tuple[int, ...]

_NUMBERED = (1, 12, 6)
_WIDE = (1, 12, 11)
_DASHED = (1, 13, 0)
_NEWEST = (1 << 30,)

#: Since this version the folder of a study's patient is named by what the study says of it;
#: studies of a patient may differ in that, and a server may have no patients.
PATIENT_OF_STUDY = _DASHED

_SPACES = " \t\n\v\f\r"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NARROW_SPACE = re.compile(r"[ \t\n\v\f\r^]+")
_NARROW_DROPPED = re.compile(r"[^A-Za-z0-9._ \t\n\v\f\r^]")
_WIDE_SPACE = re.compile(r'[ :*?"<>|/\\]+')

# level → tags of its folder's name
_TAGS = {
    "Patient": ("PatientID", "PatientName"),
    "Study": ("AccessionNumber", "StudyDescription"),
    "Series": ("Modality", "SeriesDescription"),
}


def version_of(text: str) -> Version:
    """What Orthanc says of itself (``1.12.6``, ``mainline``) as numbers."""
    match = re.match(r"([0-9]{1,9})\.([0-9]{1,9})(?:\.([0-9]{1,9}))?", text)
    return tuple(int(part or 0) for part in match.groups()) if match else _NEWEST


def folder_names(
    level: str, resources: Mapping[str, Mapping[str, Any]], version: Version
) -> dict[str, str]:
    """Names of folders that lie in the same one.

    A name that cannot be one in a dataset (``..``, or nothing) is the resource's ID instead.

    Args:
        level: Patient, Study or Series.
        resources: Orthanc's ID to the main DICOM tags.
        version: of Orthanc.

    Returns:
        ID to name, in the order of the archive.
    """
    count: Counter[str] = Counter()
    names = {}
    for identifier in sorted(resources):
        name = _clean(_folder(level, resources[identifier], version), version)
        count[name] += 1
        if count[name] > 1:
            name = f"{name}-{count[name]}"
        names[identifier] = identifier if path_fault(name) else name
    return names


def file_names(
    tags: Mapping[str, Any], numbers: Mapping[str, int], version: Version
) -> dict[str, str]:
    """Names of the files of a series.

    Args:
        tags: main DICOM tags of the series.
        numbers: Orthanc's ID of an instance to its number in the series (0 for none), in
            Orthanc's order.
        version: of Orthanc.

    Returns:
        ID to name, in the order of the archive.
    """
    order: Sequence[str] = list(numbers)
    counted = dict(zip(order, range(len(order)), strict=True))
    if version >= _NUMBERED:
        order = sorted(order, key=numbers.__getitem__)
        distinct = len(set(numbers.values())) == len(order)
        counted = dict(numbers) if distinct else {each: n for n, each in enumerate(order)}
    letters = _tag(tags, "Modality").encode("utf-8", "replace")[:2]
    width = 8 - len(letters)
    prefix = letters.upper().decode("ascii", "ignore")
    return {each: _clean(f"{prefix}{counted[each]:0{width}}.dcm", version) for each in order}


def _folder(level: str, tags: Mapping[str, Any], version: Version) -> str:
    """The name before characters are taken out of it."""
    found = [_tag(tags, name) for name in _TAGS[level]]
    if version < _DASHED:
        name = _ascii(" ".join(found)).strip(_SPACES)
        return name or f"Unknown {level}"
    if level == "Series":
        found.insert(0, _tag(tags, "SeriesNumber"))
    # a patient without an ID keeps its place
    kept = [part for n, part in enumerate(found) if part or (level == "Patient" and n == 0)]
    name = " - ".join(kept).strip(_SPACES)
    return name if name.strip("^") else f"Unknown {level}"


def _clean(name: str, version: Version) -> str:
    if version < _WIDE:
        name = _NARROW_SPACE.sub(" ", _NARROW_DROPPED.sub("", name))
    else:
        name = _WIDE_SPACE.sub(" ", _ascii(name))
    return name.strip(_SPACES)


def _ascii(text: str) -> str:
    return _CONTROL.sub("", text.encode("ascii", "ignore").decode())


def _tag(tags: Mapping[str, Any], name: str) -> str:
    value = tags.get(name)
    return value if isinstance(value, str) else ""
