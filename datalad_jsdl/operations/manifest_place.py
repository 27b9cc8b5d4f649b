"""Where a manifest is, as a user gives it: a file, a URL, standard input, a portal's address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.fetch.settings import PREFIXES
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.portals import Address, find_address, is_address
from datalad_jsdl.manifest.portals.web_pages import hint
from datalad_jsdl.model.urls import normalise_url
from datalad_jsdl.repository.git.settings import git_config

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ManifestPlace", "address_hint", "folder_for", "is_no_file", "is_url", "place_of"]

# names of manifests that say nothing of what is in them
_PLAIN = {"manifest", "index", "files", "file_list", "filelist", "urls", "download", "downloads"}
_PLAIN |= {"metadata", "checksums", "sha256sums", "sha512sums", "md5sums", "list", "export"}
_ENDINGS = re.compile(
    r"(\.(json|jsonl|ndjson|jsonld|csv|tsv|txt|xml|meta4|metalink|gz|bz2|xz|zst|zip))+$",
    re.IGNORECASE,
)
_NAME = re.compile(r"\w[\w.+ -]*")


def is_url(manifest: str) -> bool:
    """Whether a MANIFEST argument is a URL and not a file's name."""
    return urlsplit(manifest).scheme.lower() in ("http", "https")


def is_no_file(manifest: str) -> bool:
    """Whether a MANIFEST argument is anything but a file's name."""
    return manifest == "-" or is_url(manifest) or is_address(manifest)


@dataclass(frozen=True)
class ManifestPlace:
    """Where a manifest is, and what the user says of it.

    Attributes:
        manifest: as the user gave it.
        file: its absolute path, if it is a file.
        base: what the user says relative URLs are to be resolved against, or which URL an
            address is to be looked up at; None if nothing is said.
        format: name of its format, or None.
        options: further for the format.
    """

    manifest: str
    file: Path | None
    base: str | None
    format: str | None
    options: Options

    def address(self, git_dir: Path | None) -> Address | None:
        """The portal's address that it is, or None if it is none.

        Raises:
            ManifestError: it is one that cannot be.
        """
        if not is_address(self.manifest):
            return None

        def configured(name: str) -> str | None:
            # a name for each address, not a setting for all of them
            settings = (f"{prefix}address.{name}" for prefix in reversed(PREFIXES))
            config = git_config(r"\.jsdl\.address\.", git_dir)
            return next((config[name] for name in settings if name in config), None)

        return find_address(self.manifest, self.base, configured)


def place_of(
    manifest: str,
    file: Path | None,
    base_url: str | None,
    format_name: str | None,
    columns: Sequence[str],
) -> ManifestPlace:
    """What the user says of a manifest, checked.

    Args:
        manifest: as given.
        file: its absolute path, if it is a file.
        base_url: as given, or None.
        format_name: of the manifest, or None.
        columns: of a table, each ROLE=NAME.

    Raises:
        ManifestError: what is said of it cannot be.
    """
    base = None
    if base_url is not None:
        if not is_url(base_url):
            raise ManifestError("--base-url must begin with http:// or https://")
        try:
            base = normalise_url(base_url)
        except ValueError as error:
            raise ManifestError(f"--base-url: {error}") from None
    names: dict[str, str] = {}
    mirrors: list[str] = []
    for column in columns:
        role, equals, name = column.partition("=")
        if not (role and equals and name):
            raise ManifestError(f"--column {column!r}: expected ROLE=NAME, as in path=filename")
        if role not in names:
            names[role] = name
        elif role == "url":
            mirrors.append(name)
        elif names[role] != name:
            raise ManifestError(
                f"--column says two columns for {role}, {names[role]!r} and {name!r}; say one "
                "(only url can have several, which are mirrors)"
            )
    said = Options(names, mirrors=tuple(mirrors))
    return ManifestPlace(manifest, file, base, format_name, said)


def folder_for(manifest: str) -> str:
    """The name of a folder for a manifest's dataset, as ``git clone`` names one after a URL.

    Raises:
        ManifestError: nothing in it can be a name.
    """
    if is_url(manifest):
        parts = [unquote(part) for part in urlsplit(manifest).path.split("/")]
    elif is_address(manifest):
        parts = re.split(r"[:/@]", manifest.partition("?")[0])
    else:
        parts = [Path(manifest).absolute().name] if manifest != "-" else []
    names = [_ENDINGS.sub("", part) for part in reversed(parts)]
    names = [name for name in names if _NAME.fullmatch(name)]
    telling = [name for name in names if name.lower() not in _PLAIN]
    if found := [*telling, *names][:1]:
        return found[0]
    raise ManifestError("no folder can be named after the manifest; give its name as PATH")


def address_hint(place: ManifestPlace) -> str:
    """What to say of a manifest that cannot be read, if it is a portal's web page."""
    address = hint(place.manifest)
    if address is None:
        return ""
    orthanc = address.startswith("orthanc+")
    page = "if this is an Orthanc server" if orthanc else "to import the dataset of this page"
    return f"; {page}, use: {address}"
