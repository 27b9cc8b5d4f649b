"""Records whose URLs are addresses of DRS (``drs://…``), in whatever format: they are asked for.

An address leads to an object, whose server tells its name, size, digests and URLs, or to a bundle
of objects. What the manifest itself says of a file goes before what the server does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import FetchError, ManifestError
from datalad_jsdl.manifest.formats.values import is_drs
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["addressed", "addresses_in"]


def addresses_in(record: Record) -> list[str]:
    """Its URLs, if all of them are such addresses; else none."""
    value = record.value
    given = value.get("urls", value.get("url")) if isinstance(value, dict) else value
    urls = given if isinstance(given, list) else [given]
    found = [url.strip() for url in urls if isinstance(url, str) and is_drs(url.strip())]
    return found if len(found) == len(urls) and not record.fault else []


def addressed(
    record: Record, addresses: list[str], ask: Callable[[str], Iterator[Record]] | None
) -> Iterator[Record]:
    """The records of what its addresses lead to.

    Of a single file the path is that of the record, if it has one; those of several are below it.
    Several addresses are of several files, named by their servers, in the folder of the record.

    Args:
        record: as the document gives it.
        addresses: see `addresses_in`.
        ask: see `Options`.

    Raises:
        FetchError: a server does not answer, or answers with failure.
    """
    if ask is None:
        fault = "the URL is an address of DRS, and its server is not asked here"
        yield record._replace(fault=fault)
        return
    path = record.path if isinstance(record.path, str) and record.path else ""
    if len(addresses) > 1:
        folder = path.rpartition("/")[0]
        for address in addresses:
            for found in _asked(address, ask, record.where):
                yield _below(folder, found)
        return
    answers = list(_asked(addresses[0], ask, record.where))
    if len(answers) == 1:
        found = answers[0]
        path = path or found.path
        if found.fault:  # what was given stays, to be tried again
            yield record._replace(path=path, fault=found.fault)
        else:
            yield Record(path, _both(found.value, record.value), record.where)
        return
    for found in answers:
        yield _below(path, found)


def _asked(address: str, ask: Callable[[str], Iterator[Record]], where: str) -> Iterator[Record]:
    try:
        for found in ask(address):
            yield found._replace(where=f"{where}, {found.where}")
    except ManifestError as error:
        yield Record(None, None, where, str(error))
    except FetchError as error:
        error.args = (f"{where}: an address of DRS needs an answer of its server: {error}",)
        raise


def _below(folder: str, found: Record) -> Record:
    named = folder and isinstance(found.path, str)
    return found._replace(path=f"{folder}/{found.path}") if named else found


def _both(answered: dict[str, Any], given: Any) -> dict[str, Any]:
    """What the server says of a file, and what the manifest does, which goes before it."""
    facts = given if isinstance(given, dict) else {}
    said = {name: fact for name, fact in facts.items() if fact is not None}
    for name in ("urls", "url", "path"):
        said.pop(name, None)
    digests = {**answered.get("digests", {}), **(said.pop("digests", None) or {})}
    return {**answered, **said, "digests": digests}
