"""What a page elsewhere has chosen: read from JSON, and looked up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.orders.choosing.choice import Choice
from datalad_jsdl.orders.choosing.manifests import choose_from_manifest
from datalad_jsdl.orders.choosing.posted import PostedManifest
from datalad_jsdl.portal import actions
from datalad_jsdl.portal.access import find_served
from datalad_jsdl.portal.api.checking import FieldError, Schema, check
from datalad_jsdl.portal.api.lists import choice_of
from datalad_jsdl.portal.api.schema_parts import NAME, PATH, closed, many, ref
from datalad_jsdl.portal.api.schemas import SCHEMAS
from datalad_jsdl.portal.problems import ProblemError

if TYPE_CHECKING:
    from datalad_jsdl.orders.choosing.choice import Chosen
    from datalad_jsdl.portal.identity import Visitor
    from datalad_jsdl.portal.site import Site

__all__ = ["Wanted", "chosen_for", "wanted_of"]

_MOST_ENTRIES = 20_000

_DATASET: Schema = closed(
    {"dataset": NAME}, {"paths": {**many(PATH), "minItems": 1}, "query": ref("Query")}
)
_MANIFEST: Schema = closed(
    {"manifest": {"type": "object", "minProperties": 1}}, {"name": {**NAME, "maxLength": 100}}
)


@dataclass(frozen=True)
class Wanted:
    """Files that a page has chosen.

    Attributes:
        name: of the dataset; of a manifest, what the page calls it, or "".
        choice: of its files; of a manifest all are wanted.
        manifest: the manifest itself; "" for a dataset that is served.
    """

    name: str
    choice: Choice
    manifest: str = ""


def wanted_of(text: str) -> Wanted:
    """What the JSON of a selection says.

    Raises:
        ProblemError: it is not as it has to be.
    """
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()  # halves of characters are no text
        return _checked(value)
    except (ValueError, RecursionError):
        raise _bad("it is not JSON") from None


def _checked(value: Any) -> Wanted:
    is_manifest = isinstance(value, dict) and "manifest" in value
    try:
        check(value, {**(_MANIFEST if is_manifest else _DATASET), "type": "object"}, SCHEMAS)
    except FieldError as error:
        raise _bad(str(error)) from None
    if is_manifest:
        return _of_manifest(value)
    return Wanted(value["dataset"], choice_of({**value, "recursive": True}))


def _of_manifest(value: dict[str, Any]) -> Wanted:
    manifest = value["manifest"]
    if len(manifest) > _MOST_ENTRIES:
        raise ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The manifest has {len(manifest):,} files, and {_MOST_ENTRIES:,} are the most.",
        )
    return Wanted(value.get("name", ""), Choice(recursive=True), json.dumps(manifest))


def chosen_for(site: Site, visitor: Visitor, selection: str, posted_by: str) -> Chosen:
    """The files that were chosen, as far as they are for a visitor; nothing is written.

    Args:
        site: of the portal.
        visitor: whose list they are for.
        selection: JSON, see `wanted_of`.
        posted_by: name of the key; "" for a link.

    Raises:
        ProblemError: the selection is not as it has to be, or no file of a manifest that was
            posted can be taken.
        NothingThereError: nothing of that name is served to the visitor, or it has no such path.
        QueryError: a query cannot be understood.
        OrderError, DatasetError, ManifestError, FetchError: the source is unavailable.
    """
    wanted = wanted_of(selection)
    if not wanted.manifest:
        return actions.choose(site, find_served(site, visitor, wanted.name), wanted.choice)
    source = site.desk.posted(posted_by, wanted.name)
    try:
        return choose_from_manifest(PostedManifest(wanted.manifest), source, wanted.choice)
    except ManifestError as error:  # which is the page's, not ours
        raise _bad(str(error)) from None


def _bad(said: str) -> ProblemError:
    return ProblemError(HTTPStatus.BAD_REQUEST, f"what the page has chosen cannot be read: {said}")
