"""What a visitor may see of an Orthanc server; errors become what visitors are told."""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from datalad_jsdl.errors import FetchError, ManifestError, NothingThereError
from datalad_jsdl.portal.access import orthanc_of
from datalad_jsdl.portal.orthanc.resources import checked_id
from datalad_jsdl.portal.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalad_jsdl.portal.identity import Visitor
    from datalad_jsdl.portal.orthanc.resources import Found, Level, Resource
    from datalad_jsdl.portal.orthanc.server import OrthancServer, Search
    from datalad_jsdl.portal.site import Site

__all__ = ["find_resource", "from_server", "search_studies", "server_for"]


def server_for(site: Site, visitor: Visitor) -> OrthancServer:
    """The server.

    Raises:
        NothingThereError: there is none for this visitor.
    """
    found = orthanc_of(site, visitor)
    if found is None:
        raise NothingThereError("there are no studies here")
    return found


def find_resource(site: Site, visitor: Visitor, level: Level, given: str) -> Found:
    """A patient, study or series, by what an address has.

    Raises:
        NothingThereError: there is none of that ID.
        ProblemError: Orthanc does not answer as it should.
    """
    server, identifier = server_for(site, visitor), checked_id(level, given)
    with from_server():
        return server.find(level, identifier)


def search_studies(
    site: Site, visitor: Visitor, wanted: Search, number: int
) -> tuple[Sequence[Resource], bool]:
    """See `OrthancServer.search`; raises what `find_resource` raises."""
    server = server_for(site, visitor)
    with from_server():
        return server.search(wanted, number)


@contextmanager
def from_server() -> Iterator[None]:
    """What the server does not answer is its fault, not that of the portal."""
    try:
        yield
    except (FetchError, ManifestError) as error:
        later = {"retry-after": "10"}
        raise ProblemError(HTTPStatus.BAD_GATEWAY, str(error), later) from None
