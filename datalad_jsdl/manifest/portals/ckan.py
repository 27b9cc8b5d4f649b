"""A dataset of a CKAN portal: the URL of its page, ``…/dataset/NAME``.

From its action API (https://docs.ckan.org/en/latest/api, ``package_show``); read as by the format
``ckan``. A private dataset needs an API token, as the value of ``Authorization``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats import ckan
from datalad_jsdl.manifest.portals.paging import Closed, explained, login_line
from datalad_jsdl.manifest.portals.reading import read_by
from datalad_jsdl.model.urls import origin_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api
    from datalad_jsdl.manifest.record import Record

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = ("ckan+https://portal.example/dataset/NAME",)
BASE: str | None = None
API = ""

_ADDRESS = re.compile(r"(https?://.*?)/dataset/([^/]+)")


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record a resource that is a file."""
    match = _ADDRESS.fullmatch(base)
    if match is None:
        raise ManifestError(f"expected the URL of a dataset's page, as in {EXAMPLES[0]}")
    name = quote(unquote(match[2]), safe="")
    closed = Closed(
        "a private dataset requires an API token",
        login_line(origin_of(base), " kind=header header=Authorization"),
    )
    unknown = f"{match[1]} has no dataset {unquote(match[2])}, or is no CKAN portal"
    with explained({401: closed, 403: closed, 404: unknown}):
        answer = api.get(f"{match[1]}/api/3/action/package_show?id={name}")
    yield from read_by(ckan, answer)
