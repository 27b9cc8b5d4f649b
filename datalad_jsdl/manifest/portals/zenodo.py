"""A record of Zenodo, by its number or DOI; the DOI for all versions leads to the newest one.

So do the records of other InvenioRDM repositories. A record is asked for at ``/api/records/ID``
(https://developers.zenodo.org/#records), and its files at ``/api/records/ID/files``
(https://inveniordm.docs.cern.ch/reference/rest_api_drafts_records/) where the record itself does
not show them. Each file is read as by the format ``zenodo``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import dig
from datalad_jsdl.manifest.formats.zenodo import document_records, found_files
from datalad_jsdl.manifest.portals.paging import Closed, ask, explained, login_line
from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api
    from datalad_jsdl.manifest.record import Record

__all__ = ["API", "BASE", "EXAMPLES", "record_files", "records"]

EXAMPLES: tuple[str, ...] = ("zenodo:1234567", "zenodo:10.5281/zenodo.1234567")
BASE: str | None = "https://zenodo.org"
API = "/api"

_NAME = r"[0-9a-z]+(?:-[0-9a-z]+)*"
_REST = re.compile(rf"(?:(?:doi:)?10\.[0-9]{{4,9}}/(?:zenodo\.)?)?({_NAME})", re.IGNORECASE)


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record a file."""
    match = _REST.fullmatch(rest)
    if match is None:
        raise ManifestError(f"expected an address such as {' or '.join(EXAMPLES)}")
    unknown = f"{base} has no such record; for another repository, use --base-url"
    yield from record_files(match[1], base, api, unknown)


def record_files(name: str, base: str, api: Api, unknown: str) -> Iterator[Record]:
    """One record a file of a record.

    Args:
        name: of the record: what stands for its number.
        base: URL of the repository.
        api: to ask.
        unknown: what an answer that there is no such record means.

    Raises:
        ManifestError: it shows no files.
        FetchError: there is no answer, or one of failure.
    """
    url = f"{base}/api/records/{name}"
    closed = Closed("you need a token with access", login_line(base))
    with explained({401: closed, 403: closed, 404: unknown, 410: "the record was withdrawn"}):
        record = ask(api, url)
    document = record
    if not found_files(record)[1] and dig(record, "files", "enabled") is not False:
        refused = replace(closed, text=f"{_access(record)}; {closed.text}")
        with explained({401: refused, 403: refused, 404: refused}):
            document = ask(api, f"{base}/api/records/{_number(record, url)}/files")
    files = found_files(document)[1]
    if not files:
        raise ManifestError(f"{redact(url)}: {_access(record)}, or the record has none")
    count = dig(record, "files", "count")
    if isinstance(count, int) and count != len(files):
        raise ManifestError(f"{redact(url)}: files.count is {count}, but {len(files)} are listed")
    yield from document_records(document)


def _number(record: dict[str, Any], url: str) -> str:
    """The record's own, which is another one than that of all its versions."""
    number = record.get("id")
    if not isinstance(number, (int, str)) or not re.fullmatch(_NAME, str(number), re.IGNORECASE):
        raise ManifestError(f"{redact(url)}: the record has no id")
    return str(number)


def _access(record: dict[str, Any]) -> str:
    """Why there may be no files, as far as the record says."""
    right = dig(record, "metadata", "access_right") or dig(record, "access", "files")
    date = dig(record, "metadata", "embargo_date") or dig(record, "access", "embargo", "until")
    if right == "embargoed" or dig(record, "access", "embargo", "active") is True:
        until = f" until {date}" if isinstance(date, str) else ""
        return f"the record's files are under embargo{until}"
    if right in ("restricted", "closed"):
        return f"the record's files are {right}"
    return "the record shows no files"
