"""What addresses share: answers of the right shape, and links at the portal's own origin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit, urlunsplit

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.urls import redact

if TYPE_CHECKING:
    from datalad_jsdl.manifest.addresses import Answer

__all__ = ["Links", "array_of", "object_of", "text_in"]

_T = TypeVar("_T")

_MOST = 100_000  # listings of one address; a server that has more of them never ends
_KINDS: dict[type, str] = {dict: "an object", list: "a list", str: "a string", type(None): "null"}


def object_of(answer: Answer) -> dict[str, Any]:
    """The object that an answer is.

    Raises:
        ManifestError: it is something else.
    """
    return _checked(answer.document(), dict, redact(answer.url))


def array_of(answer: Answer, *keys: str) -> list[Any]:
    """The list that an answer is, or that stands in it under *keys*.

    Raises:
        ManifestError: there is something else.
    """
    value: Any = answer.document()
    place = redact(answer.url)
    for key in keys:
        value = _checked(value, dict, place).get(key)
        place += f": {key}"
    return _checked(value, list, place)


def text_in(value: Any, key: str, where: str) -> str:
    """The string that an object has under *key*.

    Raises:
        ManifestError: it is no object, or has no such string.
    """
    return _checked(_checked(value, dict, where).get(key), str, f"{where}: {key}")


def _checked(value: Any, kind: type[_T], place: str) -> _T:
    if isinstance(value, kind):
        return value
    came = _KINDS.get(type(value), "a number or truth value")
    raise ManifestError(f"{place}: expected {_KINDS[kind]}, but {came} came")


class Links:
    """Links in answers, each followed once and at one origin.

    Portals behind a proxy may write links with a host or scheme of the network behind it; and
    a login is for the origin that the user has named.

    Args:
        base: URL whose origin that is.
    """

    def __init__(self, base: str) -> None:
        self._origin = urlsplit(base)[:2]
        self._seen: set[str] = set()

    def to(self, link: Any, answer: Answer) -> str:
        """Where a link of *answer* leads.

        Raises:
            ManifestError: it is none, it was followed before, or there are too many.
        """
        place = redact(answer.url)
        if not isinstance(link, str) or not link:
            raise ManifestError(f"{place}: expected a link, but there is none")
        try:
            parts = urlsplit(urljoin(answer.url, link))
        except ValueError:
            raise ManifestError(f"{place}: a link in it is no URL") from None
        url = urlunsplit((*self._origin, parts.path, parts.query, ""))
        if url in self._seen:
            raise ManifestError(f"{place}: a link leads back to {redact(url)}, which was read")
        if len(self._seen) >= _MOST:
            raise ManifestError(f"{place}: there are more than {_MOST} listings")
        self._seen.add(url)
        return url
