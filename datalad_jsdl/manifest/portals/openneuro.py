"""A dataset of OpenNeuro: its latest snapshot, or ``/VERSION`` for another one.

From its GraphQL API (https://docs.openneuro.org/api.html), which gives all files of a snapshot at
once since OpenNeuro 5. There are no checksums, and the sizes are wrong for some files and not
taken. URLs name the version of each object, so that they stay as they are. A dataset that is not
public needs an API key as a cookie; the URLs of its files are signed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import dig, each
from datalad_jsdl.manifest.formats.openneuro import file_record
from datalad_jsdl.manifest.portals.paging import login_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api
    from datalad_jsdl.manifest.record import Record

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = ("openneuro:ds000001", "openneuro:ds000001/1.0.0")
BASE: str | None = "https://openneuro.org"
API = "/crn/graphql"

_ADDRESS = re.compile(r"(ds[0-9]{1,9})(?:/([^/]+))?", re.IGNORECASE)

_FILES = "files(recursive: true) { id filename directory urls }"
_LATEST = f"query ($id: ID!) {{ dataset(id: $id) {{ latestSnapshot {{ {_FILES} }} }} }}"
_TAGGED = (
    f"query ($id: ID!, $tag: String!) {{ snapshot(datasetId: $id, tag: $tag) {{ {_FILES} }} }}"
)

# OpenNeuro gives up on a large snapshot that it has not listed before; what it has by then, it
# has at once when it is asked again. Its errors have a message and nothing else (GraphQL has no
# status), so that nothing tells which of them are worth it.
_TRIES = 3


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record a file."""
    match = _ADDRESS.fullmatch(rest)
    if not match:
        raise ManifestError(f"expected a dataset, optionally with a version, as in {EXAMPLES[1]}")
    dataset, tag = match[1].lower(), match[2]
    where: tuple[str, ...]
    if tag is None:
        found = _asked(api, base, _LATEST, {"id": dataset})
        where = ("dataset", "latestSnapshot")
    else:
        found = _asked(api, base, _TAGGED, {"id": dataset, "tag": tag})
        where = ("snapshot",)
    snapshot = dig(found, *where)
    if snapshot is None:
        wanted = f"snapshot {tag} of {dataset}" if tag else f"dataset {dataset} with a snapshot"
        raise ManifestError(f"OpenNeuro has no public {wanted}")
    yield from each(dig(snapshot, "files"), ".".join(("data", *where, "files")), file_record)


def _asked(api: Api, base: str, query: str, variables: dict[str, str]) -> Any:
    """The data of an answer without errors."""
    url = f"{base}/crn/graphql"
    question = {"query": query, "variables": variables}
    said = ""
    for _ in range(_TRIES):
        answer = api.post(url, question).document()
        if not isinstance(answer, dict):
            raise ManifestError(f"{url}: expected an object")
        errors = answer.get("errors")
        if not errors:
            return answer.get("data")
        first = errors[0] if isinstance(errors, list) else None
        said = " ".join(str(dig(first, "message") or "an error without a message").split())[:200]
    line = login_line(base, " kind=cookie")
    raise ManifestError(
        f"OpenNeuro says ({_TRIES} times): {said}; try again later. If the dataset is not public "
        f"and you have access, give accessToken=KEY: --credential '{line}'"
    )
