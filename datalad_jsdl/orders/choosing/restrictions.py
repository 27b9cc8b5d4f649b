"""What a manifest says of who may have a file, as a state of that file."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from datalad_jsdl.model.restriction import RestrictionKind
from datalad_jsdl.operations.availability import Access
from datalad_jsdl.orders.model import FileState

if TYPE_CHECKING:
    from datalad_jsdl.model.restriction import Restriction

__all__ = ["state_of_restriction"]

_ACCESS = {
    RestrictionKind.LOGIN: Access.LOGIN,
    RestrictionKind.TERMS: Access.TERMS,
    RestrictionKind.REQUEST: Access.REQUEST,
}


def state_of_restriction(restriction: Restriction) -> FileState:
    """Until a mirror was asked, the manifest's word counts."""
    now = datetime.now(timezone.utc)
    access = _ACCESS[restriction.kind]
    return FileState(access, now, url=restriction.url, text=restriction.text)
