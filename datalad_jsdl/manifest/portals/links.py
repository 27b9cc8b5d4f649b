"""Links in the answers of a portal, followed at the answer's origin and each only once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from datalad_jsdl.manifest.portals.api import ApiAnswer

__all__ = ["Links"]

_MOST = 100_000  # listings of one address, which folders have, too; no portal has so many


class Links:
    """The links of one address.

    Portals behind a proxy may write links with a host or scheme of the network behind it: what
    holds is the origin that gave the answer, which is the one that the user has named unless
    it redirects.

    Args:
        most: that may be followed.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._seen: set[str] = set()

    def to(self, link: Any, answer: ApiAnswer) -> str:
        """Where a link of *answer* leads.

        Raises:
            ManifestError: it is none, it was followed before, or there are too many.
        """
        place = redact(answer.url)
        if not isinstance(link, str) or not link:
            raise ManifestError(f"{place}: the expected link is missing")
        try:
            parts = urlsplit(urljoin(answer.url, link))
        except ValueError:
            raise ManifestError(f"{place}: a link is not a URL") from None
        url = urlunsplit((*urlsplit(answer.url)[:2], parts.path, parts.query, ""))
        if url in self._seen:
            raise ManifestError(
                f"{place}: a link leads back to {redact(url)}, which was already read"
            )
        if len(self._seen) >= self._most:
            raise ManifestError(f"{place}: more than {self._most} listings")
        self._seen.add(url)
        return url
