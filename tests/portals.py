"""Portals in the laboratory: what their APIs answer, made after their documentation.

Each function serves one dataset, record or article, and the content of its files; the answers
are at the very targets (path and query) that an address asks for, and nothing else is there.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.operations.manifest_place import ManifestPlace
from datalad_jsdl.operations.open_manifest import open_source
from tests.lab import File, sha256

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalad_jsdl.model.entry import Entry, Refusal
    from tests.lab import Lab

Contents = dict[str, bytes]

__all__ = [
    "Contents",
    "answer",
    "dandiset",
    "dandiset_version",
    "dataverse_version",
    "figshare_article",
    "listed",
    "md5",
    "paths",
    "zenodo_record",
]


def listed(address: str, base: str | None, *credentials: str) -> list[Entry | Refusal]:
    """What an address comes to, asked for as the command does."""
    place = ManifestPlace(address, None, base, None, Options())
    with open_source(place, None, credentials) as source:
        return list(source.entries())


def paths(items: list[Entry | Refusal]) -> list[str | None]:
    return [item.path for item in items]


def answer(lab: Lab, target: str, document: Any, **faults: Any) -> None:
    """Serve JSON at a target, which begins with a slash and is quoted."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    headers = {"Content-Type": "application/json", **faults.pop("headers", {})}
    lab.files[target] = File(body, headers=headers, **faults)
    lab.served[target] = 0


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def _content(lab: Lab, target: str, content: bytes, **faults: Any) -> str:
    lab.files[target] = File(content, **faults)
    return lab.url + target


def dandiset(lab: Lab, number: str, published: str | None, **faults: Any) -> None:
    """``/api/dandisets/NUMBER/``, whose newest published version is this one."""
    newest = None if published is None else {"version": published, "name": "A dandiset"}
    document = {
        "identifier": number,
        "embargo_status": "OPEN",
        "most_recent_published_version": newest,
        "draft_version": {"version": "draft", "name": "A dandiset"},
    }
    answer(lab, f"/api/dandisets/{number}/", document, **faults)


def dandiset_version(
    lab: Lab, number: str, version: str, contents: Contents, per_page: int = 2, **faults: Any
) -> list[str]:
    """The assets of a version in pages; the targets of these."""
    listing = f"/api/dandisets/{number}/versions/{version}/assets/"
    assets = [_asset(lab, path, contents[path]) for path in sorted(contents)]
    pages = [assets[i : i + per_page] for i in range(0, len(assets), per_page)] or [[]]
    targets = []
    for page, results in enumerate(pages, 1):
        # the archive writes links as it sees itself, which may be behind a proxy
        following = f"http://web:8000{listing}?page={page + 1}" if page < len(pages) else None
        document = {"count": len(assets), "next": following, "previous": None, "results": results}
        target = f"{listing}?metadata=true&order=path&page_size=1000&page={page}"
        answer(lab, target, document, **faults)
        targets.append(target)
    return targets


def _asset(lab: Lab, path: str, content: bytes) -> dict[str, Any]:
    digest = sha256(content)
    identifier = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{path} {digest}"))
    urls = [
        _content(lab, f"/api/assets/{identifier}/download/", content),
        _content(lab, f"/blobs/{digest}", content),
    ]
    metadata = {
        "path": path,
        "contentUrl": urls,
        "contentSize": len(content),
        "digest": {"dandi:sha2-256": digest, "dandi:dandi-etag": f"{md5(content)}-1"},
        "blobDateModified": "2021-07-11T16:34:31-04:00",
    }
    own = {"asset_id": identifier, "blob": digest, "zarr": None, "path": path}
    return {**own, "size": len(content), "metadata": metadata}


def zenodo_record(
    lab: Lab, number: int, contents: Contents, *, concept: int | None = None, **faults: Any
) -> None:
    """A record in Zenodo's form, and what leads to it from the number of all its versions."""
    files = []
    for path, content in contents.items():
        target = f"/api/records/{number}/files/{quote(path, safe='')}/content"
        link = _content(lab, target, content)
        checksum = f"md5:{md5(content)}"
        files.append(
            {"key": path, "size": len(content), "checksum": checksum, "links": {"self": link}}
        )
    document = {"id": number, "metadata": {"access_right": "open"}, "files": files}
    answer(lab, f"/api/records/{number}", document, **faults)
    if concept is not None:
        location = f"/api/records/{number}"
        lab.files[f"/api/records/{concept}"] = File(location=location)


def dataverse_version(
    lab: Lab,
    identifier: str,
    version: str,
    contents: Contents,
    *,
    size: int = 1000,
    changes: Mapping[str, Any] | None = None,
    **faults: Any,
) -> None:
    """The files of a version, with a limit of *size* files a page at the most."""
    listing = f"/api/datasets/:persistentId/versions/{version}/files?persistentId={identifier}"
    files = []
    for path, content in contents.items():
        folder, _, label = path.rpartition("/")
        number = int(md5(path.encode() + content)[:7], 16)
        _content(lab, f"/api/access/datafile/{number}", content, **faults)
        file = {
            "id": number,
            "filename": label,
            "filesize": len(content),
            "checksum": {"type": "MD5", "value": md5(content)},
        }
        item = {"label": label, "restricted": bool(faults), "dataFile": file}
        files.append(item | ({"directoryLabel": folder} if folder else {}))
    for page in range(max(1, -(-len(files) // size))):
        part = files[page * size : (page + 1) * size]
        document = {"status": "OK", "totalCount": len(files), "data": part, **(changes or {})}
        answer(lab, f"{listing}&limit=1000&offset={page * 1000}", document, **faults)


def figshare_article(
    lab: Lab, number: int, version: int, contents: Contents, *, newest: bool = True
) -> None:
    """A version of an article, and of its files the first page of a thousand."""
    files, folders = [], {}
    for path, content in contents.items():
        folder, _, name = path.rpartition("/")
        identifier = int(md5(path.encode() + content)[:7], 16)
        if folder:
            folders[str(identifier)] = folder
        files.append(
            {
                "id": identifier,
                "name": name,
                "size": len(content),
                "is_link_only": False,
                "download_url": _content(lab, f"/files/{identifier}", content),
                "supplied_md5": "",
                "computed_md5": md5(content),
            }
        )
    article = {"id": number, "version": version, "folder_structure": folders, "files": files[:10]}
    for place in [f"{number}/versions/{version}", *([str(number)] if newest else [])]:
        answer(lab, f"/v2/articles/{place}", article)
        for page in range(len(files) // 1000 + 1):
            part = files[page * 1000 : (page + 1) * 1000]
            answer(lab, f"/v2/articles/{place}/files?page={page + 1}&page_size=1000", part)
