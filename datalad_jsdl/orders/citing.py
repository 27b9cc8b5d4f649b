"""Which manifests the files of an order are from: who cites it names them, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.errors import JsdlError
from datalad_jsdl.manifest.portals import is_address
from datalad_jsdl.model.secrecy import DEFAULT
from datalad_jsdl.model.urls import redact
from datalad_jsdl.operations.manifest_place import is_url
from datalad_jsdl.orders.model import SourceKind
from datalad_jsdl.repository.importing.provenance import recorded_manifests
from datalad_jsdl.repository.repository import find_repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.orders.contents import Places
    from datalad_jsdl.orders.model import Order

__all__ = ["manifests_of"]


def manifests_of(order: Order, places: Places) -> list[str]:
    """URLs and portal addresses, without secrets; a file on this machine says nothing to others.

    Args:
        order: whose files they are.
        places: of its sources. Of a dataset that is not there any more nothing is told.
    """
    versions: dict[str, str] = {}
    for file in order.files:
        versions.setdefault(file.ref.source, file.ref.version)
    found = (given for name, version in versions.items() for given in _of(name, version, places))
    return list(dict.fromkeys(map(_shown, filter(_is_for_others, found))))


def _of(name: str, version: str, places: Places) -> Iterator[str]:
    source = places.sources[name]
    if source.kind is SourceKind.MANIFEST:
        # behind the # is what tells two secret queries apart
        yield source.location.partition("#")[0]
    elif source.kind is SourceKind.DATASET:
        try:
            repository = find_repository(places.root(name))
            # the commit may be gone, as after a rebase
            found = [] if repository is None else list(recorded_manifests(repository.git, version))
        except JsdlError:
            return
        yield from found


def _is_for_others(given: str) -> bool:
    return is_url(given) or is_address(given)


def _shown(given: str) -> str:
    return redact(given) if is_url(given) and DEFAULT.is_signed(given) else given
