"""The keys that pages elsewhere sign with."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["SHORTEST", "EmbedKey"]

#: Characters of a secret.
SHORTEST = 32


@dataclass(frozen=True)
class EmbedKey:
    """A page, or several, that may choose files for visitors.

    Attributes:
        name: that it goes by in forms, and on the review.
        secrets: any of which it may sign with; more than one while they are changed.
        origins: of its pages, whose visitors are not asked again; scheme, host and port.
        may_post_manifests: whether files may be of a manifest that comes along, too.
    """

    name: str
    secrets: tuple[str, ...] = field(repr=False)
    origins: frozenset[str] = frozenset()
    may_post_manifests: bool = False
