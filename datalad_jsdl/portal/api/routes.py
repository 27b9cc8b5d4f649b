"""The routes of the API, from its table."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from starlette.routing import Route

from datalad_jsdl.portal.api.document import BASE
from datalad_jsdl.portal.api.endpoint import Endpoint, NothingHere
from datalad_jsdl.portal.api.table import OPERATIONS

if TYPE_CHECKING:
    from datalad_jsdl.portal.api.operations import Operation
    from datalad_jsdl.portal.site import Site

__all__ = ["api_routes"]


def api_routes(site: Site) -> list[Route]:
    """All that is below ``/api``."""
    paths: dict[str, list[Operation]] = defaultdict(list)
    for operation in OPERATIONS:
        paths[operation.path].append(operation)
    made = [Route(BASE + path, Endpoint(site, rows)) for path, rows in paths.items()]
    return [*made, Route("/api/{rest:path}", NothingHere())]
