"""A version of a project of PhysioNet: the files in the list of checksums at its root.

Described at https://physionet.org/about/publish/ (``SHA256SUMS.txt``); read as by the format
``checksums``. There are no sizes, and the list does not have itself. Restricted and credentialed
projects want a user name and a password (Basic), and an agreement to be signed on the project's
page.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats import checksum_list
from datalad_jsdl.manifest.portals.paging import Closed, explained, login_line
from datalad_jsdl.manifest.portals.reading import read_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api
    from datalad_jsdl.manifest.record import Record

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = ("physionet:mitdb/1.0.0",)
BASE: str | None = "https://physionet.org"
API = "/files"

_REST = re.compile(r"([a-z0-9][a-z0-9-]*)/([0-9]+(?:\.[0-9]+)*)/?", re.IGNORECASE)


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record a file."""
    match = _REST.fullmatch(rest)
    if match is None:
        raise ManifestError(f"expected a project and its version, as in {EXAMPLES[0]}")
    closed = Closed(
        "restricted projects require a login, and their agreement to be signed on the project's "
        "page",
        login_line(base, " user=YOU"),
    )
    unknown = f"{base} has no project {match[1]} with a version {match[2]}"
    with explained({401: closed, 403: closed, 404: unknown}):
        answer = api.get(f"{base}/files/{match[1]}/{match[2]}/SHA256SUMS.txt")
    yield from read_by(checksum_list, answer)
