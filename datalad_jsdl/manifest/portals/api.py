"""What a portal is asked with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import is_list, load
from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datalad_jsdl.errors import StatusError

__all__ = ["Api", "ApiAnswer"]


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """What a portal's API answered.

    Attributes:
        url: that answered, after redirects.
        text: the body.
        headers: names in lower case.
    """

    url: str
    text: str
    headers: Mapping[str, str]

    def document(self) -> Any:
        """The JSON in it.

        Raises:
            ManifestError: it is none.
        """
        try:
            found = load(iter([self.text]))
            return list(found) if is_list(found) else found
        except ManifestError:
            begins = self.text.lstrip()[:20]
            raise ManifestError(
                f"{redact(self.url)}: expected JSON, but the response begins with {begins!r}"
            ) from None


class Api(Protocol):
    """HTTP for addresses: with the user's logins, retries, and patience where it is asked for.

    All methods raise `FetchError` if there is no answer, and its kind `StatusError` (with
    ``status``) for one that is no success.
    """

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> ApiAnswer:
        """The answer to a GET, redirects followed.

        Args:
            url: http or https.
            headers: that each hop gets: those only that `fetch.http.web` passes on.
        """

    def get_all(self, urls: Iterable[str]) -> Iterator[ApiAnswer]:
        """The answers to many, several asked for at a time, in the order of *urls*."""

    def get_each(self, urls: Iterable[str]) -> Iterator[ApiAnswer | StatusError]:
        """The same, but where the answer is no success, its error takes its place."""

    def post(self, url: str, document: Any) -> ApiAnswer:
        """The answer to a POST of JSON, as for GraphQL."""
