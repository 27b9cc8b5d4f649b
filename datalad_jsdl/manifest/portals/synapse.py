"""Files of Synapse: those of a project, folder or dataset by its ID, or a single file.

From its REST API (https://rest-docs.synapse.org). ``.VERSION`` behind the ID is that of a file or
dataset. Paths are names of folders and files; a dataset has no folders, and its files the names
that they are downloaded by. So have several IDs, with commas between them, of which a project or
folder is a folder of its name; a comma behind a single one makes a list of it. One that wants a
login is refused alone (see `denied`), and so is a file.

Size, MD5 and time are those of the file handle. URLs lead to Synapse,
which redirects to a signed one: they stay as they are, and need a personal access token (bearer)
with the scopes view and download.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.manifest.denied import DENIED, Denied, Rows
from datalad_jsdl.manifest.formats.documents import dig, objects
from datalad_jsdl.manifest.formats.fields import is_web, known_time, stated
from datalad_jsdl.manifest.formats.listing import file_record
from datalad_jsdl.manifest.portals.paging import (
    Closed,
    Once,
    ask,
    explained,
    items_of,
    login_line,
    token_pages,
)
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datalad_jsdl.manifest.portals.api import Api, ApiAnswer

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = ("synapse:syn123", "synapse:syn123.4", "synapse:syn123,syn124.2")
BASE: str | None = "https://repo-prod.prod.sagebase.org"
API = "/repo/v1"

_FILES = "https://file-prod.prod.sagebase.org"  # what serves the files, beside the usual base
_REST = re.compile(r"(syn[0-9]+)(?:\.([0-9]+))?", re.IGNORECASE)
_ID = re.compile(r"syn[0-9]+")
_MODEL = "org.sagebionetworks.repo.model."
_FOLDERS = (f"{_MODEL}Project", f"{_MODEL}Folder")
_FILE = f"{_MODEL}FileEntity"
_DATASET = f"{_MODEL}table.Dataset"
_MOST = 100_000  # folders of one address


@dataclass(frozen=True, slots=True)
class _File:
    """One version of a file entity.

    Attributes:
        path: its path, or "" for the name that it is downloaded by.
    """

    identifier: str
    version: int
    path: str


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record a file."""
    matches = [_REST.fullmatch(given.strip()) for given in rest.removesuffix(",").split(",")]
    wanted = [(match[1].lower(), match[2]) for match in matches if match]
    if len(wanted) < len(matches):
        raise ManifestError(f"expected the ID of an entity, as in {' or '.join(EXAMPLES)}")
    closed = Closed(
        "Synapse requires a personal access token, and perhaps terms to be accepted on the "
        "entity's page",
        login_line(base),
    )
    unknown = "Synapse lacks one of them"
    if len(wanted) == 1:
        unknown = f"Synapse has no entity {rest.removesuffix(',')}"
    meanings: dict[int, str | Closed] = {401: closed, 403: closed, 404: unknown}
    files: dict[_File, None] = {}  # what is named twice is one file
    root = f"{base}/repo/v1/entity"
    urls = (f"{root}/{name}/version/{v}" if v else f"{root}/{name}" for name, v in wanted)
    rows = Rows()
    for (name, version), answer in zip(wanted, api.get_each(urls), strict=True):
        shown = f"{name}.{version}" if version else name
        try:
            with explained(meanings):
                found = _entity(answer)
                files |= dict.fromkeys(_of_entity(api, base, found, shown, "," in rest))
            yield from rows.answered()
        except StatusError as error:
            yield from rows.denied(_denied(error, None, shown))
        except ManifestError as error:
            if len(wanted) == 1:
                raise
            yield from rows.answered()
            yield Record(None, None, shown, str(error))
    rows.end()
    yield from _described(api, base, list(files), meanings)


def _denied(error: StatusError, path: str | None, shown: str) -> Denied:
    """The row of one ID, which alone can be asked for again.

    Raises:
        StatusError: it is another error.
    """
    if error.status not in DENIED:
        raise error
    return Denied(Record(path, {"urls": [f"synapse:{shown},"]}, shown, str(error)), error)


def _entity(answer: ApiAnswer | StatusError) -> dict[str, Any]:
    found = _answered(answer).document()
    if not isinstance(found, dict):
        raise ManifestError(f"{redact(_answered(answer).url)}: expected an entity")
    return found


def _answered(answer: ApiAnswer | StatusError) -> ApiAnswer:
    if isinstance(answer, StatusError):
        raise answer
    return answer


def _of_entity(
    api: Api, base: str, entity: dict[str, Any], shown: str, one_of_several: bool
) -> Iterable[_File]:
    """The files that an ID stands for."""
    kind, name = entity.get("concreteType"), entity.get("name")
    if kind in _FOLDERS and "." not in shown:
        folder = f"{name}/" if one_of_several and isinstance(name, str) else ""
        return _below(api, base, shown, folder)
    if kind == _DATASET:
        return _of_dataset(entity, shown)
    if kind == _FILE:
        return [_file(entity, shown, "" if one_of_several else "name")]
    said = str(kind).rpartition(".")[2]
    raise ManifestError(f"{shown} is a {said}, not a project, folder, dataset or file")


def _below(api: Api, base: str, top: str, path: str) -> Iterator[_File]:
    """The files of a folder of some path, and of those in it."""
    pending, seen = [(top, path)], {top}
    while pending:
        identifier, folder = pending.pop()
        for item in _children(api, base, identifier):
            if item.get("type") == _FILE:
                yield _file(item, identifier, "name", folder)
            elif item.get("type") in _FOLDERS:
                inner = _file({**item, "versionNumber": 1}, identifier, "name", folder)
                if inner.identifier in seen or len(seen) >= _MOST:
                    raise ManifestError(f"more than {_MOST} folders, or one that is in two others")
                seen.add(inner.identifier)
                pending.append((inner.identifier, f"{inner.path}/"))


def _children(api: Api, base: str, parent: str) -> Iterator[dict[str, Any]]:
    url = f"{base}/repo/v1/entity/children"
    question = {"parentId": parent, "includeTypes": ["folder", "file"], "sortBy": "NAME"}

    def page(token: str) -> tuple[list[Any], str]:
        document = api.post(url, {**question, "nextPageToken": token or None}).document()
        following = dig(document, "nextPageToken")
        return items_of(document, url, "page"), following if isinstance(following, str) else ""

    for items in token_pages(page, Once(redact(url), lambda item: dig(item, "id"))):
        yield from objects(items)


def _of_dataset(dataset: dict[str, Any], shown: str) -> Iterator[_File]:
    for item in objects(items_of(dataset, shown, "items")):
        entity = {"id": item.get("entityId"), "versionNumber": item.get("versionNumber")}
        yield _file(entity, shown)


def _file(item: dict[str, Any], where: str, name: str = "", folder: str = "") -> _File:
    identifier, version = item.get("id"), item.get("versionNumber")
    path = item.get(name) if name else ""
    if not isinstance(identifier, str) or not _ID.fullmatch(identifier):
        raise ManifestError(f"{where}: an entity has no ID")
    if type(version) is not int or not isinstance(path, str):
        raise ManifestError(f"{where}: {identifier} lacks its version, or what it is called")
    return _File(identifier, version, folder + path)


def _described(
    api: Api, base: str, files: list[_File], meanings: Mapping[int, str | Closed]
) -> Iterator[Record]:
    """The records of files, whose handles are asked for several at a time."""
    root = f"{base}/repo/v1/entity"
    urls = (f"{root}/{f.identifier}/version/{f.version}/filehandles" for f in files)
    server = _FILES if base == BASE else base
    found: list[tuple[_File, Record]] = []
    refused: list[Record] = []
    rows = Rows()
    for file, answer in zip(files, api.get_each(urls), strict=True):
        try:
            with explained(meanings):
                record = _record(server, file, _handle(api, root, file, _answered(answer)))
            refused += rows.answered()
            found.append((file, record))
        except StatusError as error:
            shown = f"{file.identifier}.{file.version}"
            refused += rows.denied(_denied(error, file.path or None, shown))
    rows.end()
    yield from refused
    # files from several folders of a dataset may have one name
    counts = Counter(record.path for _, record in found if isinstance(record.path, str))
    for file, record in found:
        twice = isinstance(record.path, str) and counts[record.path] > 1 and not file.path
        yield record._replace(path=f"{file.identifier}/{record.path}") if twice else record


def _handle(api: Api, root: str, file: _File, answer: ApiAnswer) -> dict[str, Any] | None:
    """The handle of the file itself: a preview has one, too."""
    handles = objects(items_of(answer.document(), redact(answer.url), "list"))
    if len(handles) > 1:
        entity = ask(api, f"{root}/{file.identifier}/version/{file.version}")
        own = entity.get("dataFileHandleId")
        handles = [handle for handle in handles if handle.get("id") == own]
    return handles[0] if handles else None


def _record(server: str, file: _File, handle: dict[str, Any] | None) -> Record:
    where = f"{file.identifier}.{file.version}"
    path = file.path or dig(handle, "fileName")
    identifier, status = dig(handle, "id"), dig(handle, "status")
    if handle is None or not re.fullmatch(r"[0-9]+", str(identifier)):
        return Record(path, None, where, "the file has no file handle that you may see")
    if status not in (None, "AVAILABLE"):
        return Record(path, None, where, f"the file is not available ({str(status)[:20].lower()})")
    external = handle.get("externalURL")
    url = (
        external
        if is_web(external)
        else (
            f"{server}/file/v1/file/{identifier}"
            f"?fileAssociateType=FileEntity&fileAssociateId={file.identifier}"
        )
    )
    return file_record(
        path,
        url,
        where,
        size=handle.get("contentSize"),
        digests=stated({"md5": handle.get("contentMd5")}),
        mtime=known_time(handle.get("createdOn")),
    )
