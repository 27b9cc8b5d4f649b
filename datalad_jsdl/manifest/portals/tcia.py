"""The images (DICOM) of a series of the Cancer Imaging Archive, by its SeriesInstanceUID.

From its API (https://wiki.cancerimagingarchive.net, "NBIA Search REST API"): it lists the images of
a public series, and gives each by itself. There are neither sizes nor digests. What gives a whole
series makes an archive anew for each request, and is not used. Public series are in the buckets
of the Imaging Data Commons, too, where objects have both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import each
from datalad_jsdl.manifest.portals.paging import Closed, explained, items_of, login_line
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = ("tcia:SERIES_INSTANCE_UID",)
BASE: str | None = "https://services.cancerimagingarchive.net"
API = "/nbia-api/services/v1"

_UID = re.compile(r"[0-9]+(?:\.[0-9]+)+")  # DICOM PS3.5, 9.1


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record an image, in a folder of its series."""
    if not _UID.fullmatch(rest):
        raise ManifestError("expected the SeriesInstanceUID of a series")
    services = f"{base}/nbia-api/services/v1"
    url = f"{services}/getSOPInstanceUIDs?SeriesInstanceUID={rest}&format=json"
    closed = Closed("the series is not public", login_line(base))
    with explained({401: closed, 403: closed}):
        answer = api.get(url)
    # of a series that it does not have, the answer is empty
    items = items_of(answer.document(), redact(url)) if answer.text.strip() else []
    if not items:
        raise ManifestError(f"TCIA has no public series {rest}")

    def read(item: dict[str, Any], where: str) -> Iterator[Record]:
        image = item.get("SOPInstanceUID")
        if not isinstance(image, str) or not _UID.fullmatch(image):
            yield Record(None, None, where, "SOPInstanceUID is missing, or is none")
            return
        query = f"SeriesInstanceUID={rest}&SOPInstanceUID={image}"
        yield Record(f"{rest}/{image}.dcm", {"urls": f"{services}/getSingleImage?{query}"}, where)

    yield from each(items, rest, read)
