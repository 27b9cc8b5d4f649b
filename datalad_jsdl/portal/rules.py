"""Who may see which dataset, how much they may order, and what they have to accept before."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from datalad_jsdl.orders.ordering import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalad_jsdl.portal.identity import Visitor

__all__ = ["ANONYMOUS", "DatasetRule", "Openness", "Rules", "Terms"]


#: The role of those who are not signed in; no group that a user is in.
ANONYMOUS = "anonymous"


class Openness(Enum):
    """Whom a dataset is for."""

    PUBLIC = "public"
    SIGNED_IN = "signed-in"
    GROUPS = "groups"


@dataclass(frozen=True)
class Terms:
    """What visitors have to accept before they order files of a dataset.

    Attributes:
        text: of them.
    """

    text: str

    @property
    def version(self) -> str:
        """Another one for another text."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class DatasetRule:
    """What holds for a dataset.

    Attributes:
        openness: whom it is for.
        groups: any of which a visitor has to be in, if it is for groups.
        terms: to be accepted; None for none.
        logins: whether mirrors may be shown the logins of the user that the portal runs as.
    """

    openness: Openness = Openness.SIGNED_IN
    groups: frozenset[str] = frozenset()
    terms: Terms | None = None
    logins: bool = False

    def admits(self, visitor: Visitor) -> bool:
        """Whether somebody may see it."""
        if self.openness is Openness.PUBLIC or visitor.is_anonymous:
            return self.openness is Openness.PUBLIC
        return self.openness is Openness.SIGNED_IN or bool(self.groups & visitor.groups)


@dataclass(frozen=True)
class Rules:
    """What holds for a portal.

    Attributes:
        datasets: by name; the others are for whoever is signed in.
        roles: limits of an order, by group; the largest that somebody has counts. Those who are
            not signed in have the role `ANONYMOUS` alone.
        limits: of an order, for those who are in none of these groups.
    """

    datasets: Mapping[str, DatasetRule] = field(default_factory=dict)
    roles: Mapping[str, Limits] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)

    def of(self, name: str) -> DatasetRule:
        """What holds for a dataset."""
        return self.datasets.get(name) or DatasetRule()

    def limits_of(self, visitor: Visitor) -> Limits:
        """What one order of a visitor may have."""
        groups = {ANONYMOUS} if visitor.is_anonymous else visitor.groups - {ANONYMOUS}
        mine = [self.roles[group] for group in groups if group in self.roles]
        if not mine:
            return self.limits
        return Limits(
            _largest([item.files for item in mine]), _largest([item.size for item in mine])
        )


def _largest(given: list[int | None]) -> int | None:
    """The largest; None is no limit."""
    return None if None in given else max(number for number in given if number is not None)
