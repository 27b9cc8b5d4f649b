"""Terms of datasets that a visitor has to accept before ordering; see `actions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.errors import TermsError
from datalad_jsdl.orders.store.terms import accept_terms, accepted_on

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from datalad_jsdl.portal.rules import Terms
    from datalad_jsdl.portal.site import Site

__all__ = ["accept", "accepted", "require_accepted", "terms_of", "unaccepted"]


def terms_of(site: Site, name: str) -> Terms | None:
    """The terms of a dataset; None if it has none."""
    return None if site.rules is None else site.rules.of(name).terms


def accepted(site: Site, user: str, name: str) -> datetime | None:
    """When a user has accepted the terms of a dataset, as they are now; None if not yet."""
    terms = terms_of(site, name)
    return None if terms is None else accepted_on(site.desk.store, user, name, terms.version)


def accept(site: Site, user: str, name: str, version: str) -> bool:
    """A user accepts the terms of a dataset.

    Args:
        site: of the portal.
        user: who accepts them.
        name: of the dataset.
        version: that the user has read.

    Returns:
        False if the terms are others by now: nothing is accepted then.
    """
    terms = terms_of(site, name)
    if terms is None or terms.version != version:
        return False
    accept_terms(site.desk.store, user, name, version)
    return True


def unaccepted(site: Site, user: str, names: Iterable[str]) -> dict[str, Terms]:
    """Dataset → terms that a user has still to accept, of some datasets."""
    found = {}
    for name in sorted(set(names)):
        terms = terms_of(site, name)
        if terms is not None and accepted(site, user, name) is None:
            found[name] = terms
    return found


def require_accepted(site: Site, user: str, names: Iterable[str]) -> None:
    """Raise `TermsError` if terms are left to be accepted."""
    if found := unaccepted(site, user, names):
        raise TermsError(
            f"the terms of {', '.join(found)} have to be accepted before the files are ordered",
            {name: terms.version for name, terms in found.items()},
        )
