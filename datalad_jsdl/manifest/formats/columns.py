"""Which column of a table has what: by well-known names, and by what is in the cells."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.column_cells import Cells, folders_of
from datalad_jsdl.model.digests import canonical_name
from datalad_jsdl.model.urls import redact_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datalad_jsdl.manifest.formats.tables import Row

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
        *("downloadurl", "filedownloadurl", "fileurl", "dataurl", "contenturl", "accessurl"),
        *("downloadlink", "url", "urls", "uri", "downloaduri", "link", "links", "href", "mirrors"),
    ),
    "size": (
        *("size", "bytes", "sizebytes", "sizeinbytes", "filesize", "filesizebytes"),
        *("filesizeinbytes", "datafilesizebytes", "contentsize", "contentlength", "length"),
    ),
    "mtime": ("mtime", "modified", "lastmodified", "modificationtime", "datemodified"),
    CHECKSUM: ("checksum", "filechecksum", "hash", "filehash", "digest"),
}
_ROWS_TO_SEE = 20  # for what columns have; for names of files, all that there are
# What JSON, XML and HTML begin with
_NO_TABLE = ("{", "[", "<")
_MOST = 10_000  # columns of a header that are looked at: a line of commas is no table
_MOST_SHOWN = 30  # in a message, those with URLs first
_MIRROR = re.compile(r"(?:downloadurl|fileurl|url|uri|link|mirror)s?[0-9]+")
# others, if the cells are URLs that end in the same names
_MIRROR_TOO = re.compile(r"(?:mirror|alternative|alternate|backup|secondary)s?(?:url|uri|link)?s?")
# what the name of a column of URLs ends in, where its cells are URLs
_OF_URLS = re.compile(r".*(?:url|uri|link|href|location|path|ftp)s?[0-9]*")
_AROUND_DIGEST = re.compile("checksum|hexdigest|digest|hash|hex|sum|file|data|content")


@dataclass(frozen=True)
class Columns:
    """The columns' names.

    Attributes:
        path: of the path, or None if files are named by their URLs.
        urls: of those that have URLs.
        size: of the size, or None.
        mtime: of the modification time, or None.
        digests: column to algorithm, or to `CHECKSUM`.
        given: roles that the user said.
        owners: column of a size or digest to the column of URLs that it belongs to, where a row
            has several files.
        folders: for each of *urls*, files are named by what their URLs have below this; "" for
            their last parts.
        ignored: of those that have URLs or digests, too, but no role.
    """

    path: str | None
    urls: tuple[str, ...]
    size: str | None
    mtime: str | None
    digests: dict[str, str]
    given: frozenset[str]
    owners: dict[str, str]
    folders: tuple[str, ...]
    ignored: tuple[str, ...]

    def folder_of(self, url: str) -> str:
        """The column's among *folders*."""
        return self.folders[self.urls.index(url)]


def well_known(header: Sequence[str], role: str) -> str | None:
    """The column that has that role by its name, if there is one."""
    plain = {_plain(name): name for name in reversed(header[:_MOST])}
    return next((plain[name] for name in _NAMES[role] if name in plain), None)


def find_columns(
    header: Sequence[str],
    given: Mapping[str, str],
    rows: Sequence[Row] = (),
    mirrors: Sequence[str] = (),
) -> Columns:
    """The columns' roles: as given, or else by well-known names and what is in the first rows.

    Args:
        header: of the table.
        given: role to column, as the user says.
        rows: the first ones; the more there are, the surer files get names of their own.
        mirrors: further columns of URLs that the user says.

    Raises:
        ManifestError: the path or the URL can stand anywhere, or what is given is not
            in the header.
    """
    cells = Cells(header[:_MOST], rows[:_ROWS_TO_SEE])
    if header[0].startswith(_NO_TABLE) and not (
        set(header).intersection(given.values())
        or any(well_known(header, role) for role in ("path", "url"))
    ):
        raise ManifestError(f"this is not a table: it begins with {header[0][0]!r}")
    said = _said(header, given, cells)
    _check_names(header, mirrors, cells)
    found = {role: said.get(role) or well_known(header, role) for role in _NAMES}
    urls = _url_columns(header, said, found["url"], cells)
    urls = tuple(dict.fromkeys((*urls, *mirrors)))
    path = found["path"]
    if path and "path" not in said and (path in urls or cells.are_urls(path)):
        path = None  # a path that is a URL is the URL
    if path and "path" not in said and _is_title(path, found["url"], urls, cells):
        path = None  # somebody's name, beside URLs of files that have names themselves
    digests, owners = _digests(header, said, found[CHECKSUM], urls)
    # what has a digest is a file, whatever its URL ends in but a page's name
    are_files = bool(digests) and not cells.have_pages(urls)
    is_file = path or are_files or "url" in said or cells.end_in_names(urls)
    if not (urls and is_file):
        raise _cannot_tell(header, path, urls, cells)
    if (size := found["size"]) and len(urls) > 1:
        owners[size] = _before(header, size, urls)
    folders = ("",) * len(urls) if path else folders_of(urls, rows)
    used = {path, size, found["mtime"], *urls, *digests}
    ignored = tuple(name for name in cells.telling_columns if name not in used)
    mtime = found["mtime"]
    return Columns(path, urls, size, mtime, digests, frozenset(said), owners, folders, ignored)


def _is_title(path: str, url: str | None, urls: Sequence[str], cells: Cells) -> bool:
    """Whether a column has no names of files, though the URLs have, or are those of whole sites."""
    if cells.name_files(path):
        return False
    if url is None:
        return True
    told = cells.have_names_of_their_own(urls) or cells.are_sites(urls)
    return _plain(path) == "name" and told and not cells.name_a_file(path)


def _said(header: Sequence[str], given: Mapping[str, str], cells: Cells) -> dict[str, str]:
    said: dict[str, str] = {}
    for role, name in given.items():
        if (known := role if role in _NAMES else canonical_name(role)) is None:
            raise ManifestError(
                f"unknown column role {role!r}; known are {', '.join(_NAMES)} and the names of "
                "digests, such as sha256"
            )
        _check_names(header, (name,), cells)
        said[known] = name
    return said


def _check_names(header: Sequence[str], names: Sequence[str], cells: Cells) -> None:
    for name in names:
        if name not in header:
            raise ManifestError(f"unknown column {name!r}; the table has {_shown(header, cells)}")


def _url_columns(
    header: Sequence[str], said: Mapping[str, str], found: str | None, cells: Cells
) -> tuple[str, ...]:
    if "url" in said:
        return (said["url"],)
    named = [name for name in cells.url_columns if _OF_URLS.fullmatch(_plain(name))]
    if found is None:
        of_files = [name for name in cells.url_columns if cells.end_in_names([name])]
        # beside URLs, they are most often of the same files
        of_files = [name for name in of_files if not cells.are_drs(name)] or of_files
        return tuple([name for name in of_files if name in named] or of_files)
    mirrors = [name for name in header[:_MOST] if _MIRROR.fullmatch(_plain(name))]
    # an archive of all files, or a page about the file, may stand in a column of that name, too
    likely = [name for name in cells.url_columns if _MIRROR_TOO.fullmatch(_plain(name))]
    likely += named
    mirrors += [name for name in likely if name != found and cells.agree(name, found)]
    return tuple(dict.fromkeys((found, *mirrors)))


def _cannot_tell(
    header: Sequence[str], path: str | None, urls: Sequence[str], cells: Cells
) -> ManifestError:
    missing = [role for role, has in (("path", path), ("url", urls)) if not has]
    what = f"cannot tell which column of the table has the {' and '.join(missing)}"
    others = [name for name in header if name not in urls]
    roles = " and ".join(f"--column {role}=NAME" for role in missing)
    advice = f"add {roles}, where NAME is one of {_shown(others, cells)}"
    if not urls:
        return ManifestError(f"{what}; {advice}")
    column = shlex.quote(f"url={_short(urls[0])}")
    by_url = f"add --column {column} to name each by the last part of its URL"
    advice = f"{advice}, or {by_url}" if others else by_url
    return ManifestError(f"{what}, and the URLs end in no names of files; {advice}")


def _digests(
    header: Sequence[str], said: Mapping[str, str], checksum: str | None, urls: Sequence[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Columns to algorithms, and to the columns of URLs that they belong to."""
    digests = {name: role for role, name in said.items() if role not in _NAMES}
    owners = {name: _before(header, name, urls) for name in digests}
    several = len(urls) > 1
    taken = {(role, owners[name] if several else "") for name, role in digests.items()}
    for name in header[:_MOST]:
        algorithm = canonical_name(_AROUND_DIGEST.sub("", _plain(name)))
        owner = _before(header, name, urls)
        if algorithm is None:
            algorithm, owner = _named_for(_plain(name), urls)
        if (
            algorithm
            and name not in digests
            and (key := (algorithm, owner if several else "")) not in taken
        ):
            digests[name], owners[name] = algorithm, owner
            taken.add(key)
    if checksum:
        digests.setdefault(checksum, CHECKSUM)
        owners.setdefault(checksum, _before(header, checksum, urls))
    return digests, owners


def _named_for(plain: str, urls: Sequence[str]) -> tuple[str | None, str]:
    """Algorithm and column of URLs of a name such as ``BAM_MD5``, beside ``BAM``."""
    for url in sorted(urls, key=len, reverse=True):
        begin = re.sub(r"(?:url|uri|link|href|location|path|ftp)s?$", "", _plain(url))
        for start in (_plain(url), begin):
            if start and plain.startswith(start):
                rest = _AROUND_DIGEST.sub("", plain[len(start) :])
                if algorithm := canonical_name(rest):
                    return algorithm, url
    return None, ""


def _before(header: Sequence[str], name: str, urls: Sequence[str]) -> str:
    """The column of URLs that a column stands behind; "" if it is before all of them."""
    at = header.index(name)
    return next((url for url in reversed(urls) if header.index(url) < at), "")


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


def _shown(header: Sequence[str], cells: Cells) -> str:
    # without a header the first row stands here, URLs included
    wanted = set(cells.url_columns) if len(header) > _MOST_SHOWN else ()
    first = sorted(header, key=lambda name: name not in wanted)[:_MOST_SHOWN]
    names = [repr(_short(name)) for name in first]
    return ", ".join(names) + (", …" if len(header) > _MOST_SHOWN else "")


def _short(name: str) -> str:
    return redact_text(name[:1000])[:60]
