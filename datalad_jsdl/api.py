"""What other programs may build on; everything else may change from one version to the next.

What goes wrong with one entry, URL or file is a value among the results; what ends an
operation is an error of `errors`, or the value `operations.values.Failure`.
"""

from __future__ import annotations

from datalad_jsdl.archive.archive import Archive
from datalad_jsdl.archive.budget import LookAhead
from datalad_jsdl.archive.content import Content, MirrorsOnly
from datalad_jsdl.archive.entries import entries_contents
from datalad_jsdl.archive.pieces import Verified
from datalad_jsdl.archive.prepare import Prepared, prepare
from datalad_jsdl.errors import JsdlError
from datalad_jsdl.faults import Failed, FaultKind
from datalad_jsdl.fetch.bulk import Job, fetch_all, fetch_file
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.model.content import Expected, Fetched
from datalad_jsdl.model.entry import Candidate, Entry, Refusal
from datalad_jsdl.operations.availability import Access, Availability, find_availability
from datalad_jsdl.operations.check import check_import
from datalad_jsdl.operations.engines import open_engine
from datalad_jsdl.operations.get_content import get_content
from datalad_jsdl.operations.import_manifest import import_manifest
from datalad_jsdl.operations.import_options import ImportOptions
from datalad_jsdl.operations.values import in_words
from datalad_jsdl.repository.folders import Folders
from datalad_jsdl.repository.repository import Repository

__all__ = [
    "Access",
    "Archive",
    "Availability",
    "Candidate",
    "Content",
    "Engine",
    "Entry",
    "Expected",
    "Failed",
    "FaultKind",
    "Fetched",
    "Folders",
    "ImportOptions",
    "Job",
    "JsdlError",
    "LookAhead",
    "MirrorsOnly",
    "Prepared",
    "Refusal",
    "Repository",
    "Verified",
    "check_import",
    "entries_contents",
    "fetch_all",
    "fetch_file",
    "find_availability",
    "get_content",
    "import_manifest",
    "in_words",
    "open_engine",
    "prepare",
    "read_manifest",
]
