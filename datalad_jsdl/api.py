"""What other programs may build on; everything else may change from one version to the next.

What goes wrong with one entry, URL or file is a value among the results; what ends an
operation is an error of `errors`, or the value `Failure`.
"""

from __future__ import annotations

from datalad_jsdl.archive.archive import Archive
from datalad_jsdl.archive.budget import LookAhead
from datalad_jsdl.archive.content import Content, MirrorsOnly
from datalad_jsdl.archive.pieces import Verified
from datalad_jsdl.archive.prepare import Prepared, Unprepared, prepare
from datalad_jsdl.errors import (
    ArchiveError,
    DatasetError,
    FetchError,
    JsdlError,
    ManifestError,
    NothingThereError,
    SettingError,
)
from datalad_jsdl.faults import Failed, FaultKind
from datalad_jsdl.fetch.bulk import Job, fetch_all, fetch_file
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.operation import Operation
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.model.content import Expected, Fetched
from datalad_jsdl.model.entry import Candidate, Entry, Refusal
from datalad_jsdl.model.filters import Filter
from datalad_jsdl.operations.availability import Access, Availability, find_availability
from datalad_jsdl.operations.check import check_import
from datalad_jsdl.operations.dataset_archive import DatasetArchive, dataset_archive
from datalad_jsdl.operations.engines import Engines, open_engine
from datalad_jsdl.operations.get_content import ContentOptions, get_content
from datalad_jsdl.operations.import_manifest import import_manifest
from datalad_jsdl.operations.import_options import ImportOptions
from datalad_jsdl.operations.manifest_contents import (
    ManifestContents,
    listed_contents,
    manifest_contents,
)
from datalad_jsdl.operations.values import Failure, in_words
from datalad_jsdl.repository.folders import Folders
from datalad_jsdl.repository.repository import Repository
from datalad_jsdl.repository.rows import Kind, Row

__all__ = [
    "Access",
    "Archive",
    "ArchiveError",
    "Availability",
    "Candidate",
    "Content",
    "ContentOptions",
    "DatasetArchive",
    "DatasetError",
    "Engine",
    "Engines",
    "Entry",
    "Expected",
    "Failed",
    "Failure",
    "FaultKind",
    "FetchError",
    "Fetched",
    "Filter",
    "Folders",
    "ImportOptions",
    "Job",
    "JsdlError",
    "Kind",
    "LookAhead",
    "ManifestContents",
    "ManifestError",
    "MirrorsOnly",
    "NothingThereError",
    "Operation",
    "Prepared",
    "Refusal",
    "Repository",
    "Row",
    "SettingError",
    "Unprepared",
    "Verified",
    "check_import",
    "dataset_archive",
    "fetch_all",
    "fetch_file",
    "find_availability",
    "get_content",
    "import_manifest",
    "in_words",
    "listed_contents",
    "manifest_contents",
    "open_engine",
    "prepare",
    "read_manifest",
]
