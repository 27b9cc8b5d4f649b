"""Where logins are, as a call says: for a manifest itself, or for the entries it lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.model.urls import origin_of
from datalad_jsdl.operations.engines import NO_LOGINS
from datalad_jsdl.operations.logins import cookies_line, credential_lines, origin_of_all
from datalad_jsdl.operations.manifest_place import is_url

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from datalad_jsdl.manifest.selection import Selection
    from datalad_jsdl.operations.manifest_place import ManifestPlace

__all__ = ["manifest_logins"]


def manifest_logins(
    place: ManifestPlace,
    credentials: Sequence[str],
    cookies: str | None,
    git_dir: Path | None,
    selection: Selection | None = None,
) -> tuple[str, ...]:
    """Lines that say where logins are.

    Args:
        place: where the manifest is.
        credentials: lines as the user gave them, or `NO_LOGINS`.
        cookies: a browser or file with cookies for the manifest's origin, or None.
        git_dir: of the dataset, whose settings apply; None without a dataset.
        selection: of the manifest's entries, whose one origin the cookies are for if the
            manifest has none; None while it is not read.

    Raises:
        SettingError: what is said of them cannot be understood, or not be said of these entries.
    """
    if tuple(credentials) == NO_LOGINS:
        return NO_LOGINS
    named = credential_lines(credentials)
    if cookies is None:
        return named
    address = place.address(git_dir)
    if address is not None:
        origin = origin_of(address.base)
    elif is_url(place.manifest):
        origin = origin_of(place.manifest)
    elif selection is not None:
        origin = origin_of_all(selection.entries.values())
    else:
        return named
    return (*named, cookies_line(cookies, origin))
