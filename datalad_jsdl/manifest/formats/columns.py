"""Which column of a table has what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.model.digests import canonical_name
from datalad_jsdl.model.urls import redact_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CHECKSUM", "Columns", "find_columns", "well_known"]

#: The role of a column whose digests tell their algorithm by their length or a prefix.
CHECKSUM = "checksum"

# Well-known names, in the order in which they are preferred, without what stands between
# words. A table that has ``url`` and ``download_url`` has a page in the former.
_NAMES = {
    "path": (
        *("path", "filepath", "relativepath", "relpath", "localpath", "targetpath"),
        *("destination", "filename", "file", "name"),
    ),
    "url": (
        *("downloadurl", "fileurl", "dataurl", "contenturl", "accessurl", "downloadlink"),
        *("url", "urls", "uri", "downloaduri", "link", "links", "href", "mirrors"),
    ),
    "size": (
        *("size", "bytes", "sizebytes", "sizeinbytes", "filesize", "filesizebytes"),
        *("filesizeinbytes", "datafilesizebytes", "contentsize", "contentlength", "length"),
    ),
    "mtime": ("mtime", "modified", "lastmodified", "modificationtime", "datemodified"),
    CHECKSUM: ("checksum", "filechecksum", "hash", "filehash", "digest"),
}
# What JSON, XML and HTML begin with
_NO_TABLE = ("{", "[", "<")
_MOST = 10_000  # columns of a header that are looked at: a line of commas is no table
_MIRROR = re.compile(r"(?:downloadurl|fileurl|url|uri|link|mirror)s?[0-9]+")
_AROUND_DIGEST = re.compile("checksum|hexdigest|digest|hash|hex|sum|file|data|content")


@dataclass(frozen=True)
class Columns:
    """The columns' names.

    Attributes:
        path: of the path.
        urls: of those that have URLs.
        size: of the size, or None.
        mtime: of the modification time, or None.
        digests: column to algorithm, or to `CHECKSUM`.
        given: roles that the user said.
    """

    path: str
    urls: tuple[str, ...]
    size: str | None
    mtime: str | None
    digests: dict[str, str]
    given: frozenset[str]


def well_known(header: Sequence[str], role: str) -> str | None:
    """The column that has that role by its name, if there is one."""
    plain = {_plain(name): name for name in reversed(header[:_MOST])}
    return next((plain[name] for name in _NAMES[role] if name in plain), None)


def find_columns(header: Sequence[str], given: Mapping[str, str]) -> Columns:
    """The columns' roles: as given, or else by well-known names.

    Raises:
        ManifestError: the path or the URL can stand anywhere, or what is given is not
            in the header.
    """
    if header[0].startswith(_NO_TABLE) and not (
        set(header).intersection(given.values())
        or any(well_known(header, role) for role in ("path", "url"))
    ):
        raise ManifestError(f"this is not a table: it begins with {header[0][0]!r}")
    said: dict[str, str] = {}
    for role, name in given.items():
        if (known := role if role in _NAMES else canonical_name(role)) is None:
            raise ManifestError(
                f"unknown column role {role!r}; known are {', '.join(_NAMES)} and the names of "
                "digests, such as sha256"
            )
        if name not in header:
            raise ManifestError(f"unknown column {name!r}; the table has {_shown(header)}")
        said[known] = name
    found = {role: said.get(role) or well_known(header, role) for role in _NAMES}
    mirrors = () if "url" in said else (name for name in header if _MIRROR.fullmatch(_plain(name)))
    urls = tuple(dict.fromkeys(name for name in (found["url"], *mirrors) if name))
    path = found["path"]
    if not path or not urls:
        missing = [role for role, has in (("path", path), ("url", urls)) if not has]
        raise ManifestError(
            f"cannot tell which column of the table has the {' and '.join(missing)}; add "
            f"{' and '.join(f'--column {role}=NAME' for role in missing)}, where NAME is one of "
            f"{_shown(header)}"
        )
    digests = _digests(header, said, found[CHECKSUM])
    return Columns(path, urls, found["size"], found["mtime"], digests, frozenset(said))


def _digests(header: Sequence[str], said: dict[str, str], checksum: str | None) -> dict[str, str]:
    digests = {name: role for role, name in said.items() if role not in _NAMES}
    for name in header:
        algorithm = canonical_name(_AROUND_DIGEST.sub("", _plain(name)))
        if algorithm and algorithm not in digests.values():
            digests.setdefault(name, algorithm)
    if checksum:
        digests.setdefault(checksum, CHECKSUM)
    return digests


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


def _shown(header: Sequence[str]) -> str:
    # without a header the first row stands here, URLs included
    names = [redact_text(name[:1000])[:60] for name in header[:30]]
    return ", ".join(map(repr, names)) + (", …" if len(header) > 30 else "")
