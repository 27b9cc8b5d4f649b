"""Why files cannot be ordered yet: a reason, and the one thing to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalad_jsdl.operations.availability import Access
from datalad_jsdl.portal.pages.words import bytes_text, files_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datalad_jsdl.orders.model import ListedFile, Statistics
    from datalad_jsdl.orders.ordering import Limits
    from datalad_jsdl.orders.review import Group

__all__ = ["Reason", "reason_of"]

_FEW = 5  # files that are shown of a reason


@dataclass(frozen=True)
class _Kind:
    """How a reason is said: of one file, and of several."""

    one: str
    several: str
    icon: str
    text: str
    action: str
    elsewhere: str = ""
    tone: str = "warn"
    post: str = "check"


@dataclass(frozen=True)
class Reason:
    """Files of which one thing is to be done.

    Attributes:
        id: of the group, for forms.
        title: how many, and what is wrong.
        text: what else there is to be said, or "".
        icon: beside it.
        tone: of the icon.
        action: what the button says.
        href: where it leads, if that is elsewhere; else "".
        post: what it does here.
        statistics: of the files.
        shown: a few of them.
        more: how many more there are.
    """

    id: str
    title: str
    text: str
    icon: str
    tone: str
    action: str
    href: str
    post: str
    statistics: Statistics
    shown: Sequence[ListedFile]
    more: int


_AGAIN = "Ask again"
_KINDS: Mapping[Access, _Kind] = {
    Access.LOGIN: _Kind(
        "needs a login", "need a login", "lock",
        "This portal has no login there that opens them. Whoever runs it can add one.",
        _AGAIN, "Log in",
    ),
    Access.TERMS: _Kind(
        "has terms you have not read", "have terms you have not read", "doc",
        "Accept them there, then ask the mirrors again.", _AGAIN, "Read terms",
    ),
    Access.REQUEST: _Kind(
        "is given on request", "are given on request", "lock",
        "Somebody has to let you have them first.", _AGAIN, "Ask for access",
    ),
    Access.REFUSED: _Kind(
        "was refused by all mirrors", "were refused by all mirrors", "cross", "",
        "Try again now", tone="bad",
    ),
    Access.DAMAGED: _Kind(
        "is not what it was", "are not what they were", "alert",
        "The mirrors have other content. It is never passed off as the right one.",
        _AGAIN, tone="bad",
    ),
    Access.GONE: _Kind(
        "is gone from all mirrors", "are gone from all mirrors", "cross", "",
        "Take off the list", tone="bad", post="remove",
    ),
}  # fmt: skip


def reason_of(name: str, group: Group, limits: Limits) -> Reason:
    """A group of a review in words.

    Args:
        name: of the group.
        group: that cannot be ordered.
        limits: of one order.
    """
    number = group.statistics.files
    kind = _too_large(limits) if group.too_large else _KINDS[group.access]
    is_link = group.where.startswith(("https://", "http://")) and not group.too_large
    hosts = [urlsplit(where.strip()).netloc for where in group.where.split(",")]
    at = f" ({', '.join(filter(None, hosts))})" if any(hosts) and not group.too_large else ""
    title = f"{files_text(number)} {kind.one if number == 1 else kind.several}{at}"
    # of mirrors only the host is known, not where one logs in
    is_page = is_link and bool(urlsplit(group.where).path.strip("/")) and "," not in group.where
    href = group.where if kind.elsewhere and is_page else ""
    text = group.text or kind.text
    return Reason(
        name, title, text, kind.icon, kind.tone, kind.elsewhere if href else kind.action, href,
        kind.post, group.statistics, group.files[:_FEW], max(number - _FEW, 0),
    )  # fmt: skip


def _too_large(limits: Limits) -> _Kind:
    text = f"The limit is {bytes_text(limits.size)} an order."
    said = ("is too large for one order", "are too large for one order")
    return _Kind(*said, "big", text, "Take off the list", post="remove")
