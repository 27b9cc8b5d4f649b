"""A record of an InvenioRDM repository: ``…/records/ID``, or ``…/api/records/ID``.

From its REST API (https://inveniordm.docs.cern.ch/reference/rest_api_drafts_records/). Its files
are those of ``files.entries``, or are asked for at ``/api/records/ID/files``; each is read as by
the format ``zenodo``, whose repository is one of the kind.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.portals.zenodo import record_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api
    from datalad_jsdl.manifest.record import Record

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = ("inveniordm+https://repository.example/records/ID",)
BASE: str | None = None
API = ""

_ADDRESS = re.compile(r"(https?://.*?)(?:/api)?/records/([0-9A-Za-z]+(?:-[0-9A-Za-z]+)*)")


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record a file."""
    match = _ADDRESS.fullmatch(base)
    if match is None:
        raise ManifestError(f"expected the URL of a record, as in {EXAMPLES[0]}")
    unknown = f"{match[1]} has no such record, or is no InvenioRDM repository"
    yield from record_files(match[2], match[1], api, unknown)
