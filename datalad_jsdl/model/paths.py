"""Which paths a manifest may name.

A manifest is somebody else's text: nothing in it may reach outside the dataset,
into ``.git``, or into the files by which git and DataLad are configured.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = [
    "is_housekeeping",
    "is_reserved",
    "looks_alike_key",
    "marked_path_fault",
    "path_fault",
    "path_warning",
]

# Code points that HFS+ ignores in names; git refuses them in .git (utf8.c, is_hfs_dotgit).
_HFS_IGNORED = dict.fromkeys(
    [0xFEFF, *range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070)]
)

_RESERVED = {
    ".git": "belongs to git",
    ".datalad": "belongs to DataLad",
    ".gitattributes": "would configure git",
    ".gitmodules": "would configure git",
    ".noannex": "would keep git-annex out of the repository",
    # a symlink of that name makes every git command complain; the portal's content would hide
    # or rename what is the user's
    ".gitignore": "git reads as its own",
    ".mailmap": "git reads as its own",
    ".lfsconfig": "git-lfs reads as its own",
}
_HOUSEKEEPING = frozenset({".gitignore", ".gitattributes", ".gitmodules", ".mailmap", ".lfsconfig"})

# NTFS short names of the same (git's path.c, is_ntfs_dotgit and is_ntfs_dot_generic).
_NTFS_SHORT = re.compile(
    r"(git|gitmod|gitatt|gitign|gi7eba|gi7d29|gi250a|mailma|maba30|lfscon|noanne|datala)~[0-9]+"
)

# Unicode's category Cc
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_WINDOWS_FORBIDDEN = frozenset('<>:"|?*')
# what any of these warnings needs, and some other names have: a million paths are seen through
_may_trouble_windows = re.compile(
    r"""[<>:"|?*]|[ .](?:/|$)|(?:^|/)(?:con|prn|aux|nul|com.|lpt.)(?:[./]|$)""", re.IGNORECASE
).search

_MAX_COMPONENT = 255  # bytes; the limit of ext4, XFS, Btrfs and tmpfs
_MAX_DEPTH = 500  # a symlink's target has three bytes for each, and 4095 in all
_MAX_PATH = 3800  # bytes; PATH_MAX is 4096, and the dataset has a path of its own


def path_fault(path: str) -> str | None:
    """Why a manifest may not name *path*, or None if it may."""
    if not path:
        return "the path is empty"
    try:
        raw = path.encode()
    except UnicodeEncodeError:
        return "the path is not valid Unicode (lone surrogate)"
    if _CONTROL.search(path):
        return "the path contains a control character"
    if "\\" in path:
        return "the path contains a backslash"
    if path.startswith("/"):
        return "the path is absolute"
    if len(raw) > _MAX_PATH:
        return f"the path is {len(raw)} bytes long, more than {_MAX_PATH}"
    if path.count("/") > _MAX_DEPTH:
        return f"the path is more than {_MAX_DEPTH} folders deep"
    for component in path.split("/"):
        if fault := _component_fault(component):
            return fault
    return None


def marked_path_fault(path: str) -> str | None:
    """The same for a path in which ``//`` marks where a subdataset begins (see `parts`)."""
    if "//" not in path:
        return path_fault(path)
    if path.startswith("/"):
        return "the path is absolute"
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path):
        return "the path is a URL"
    pieces = path.split("//")
    if any(not piece or piece.startswith("/") for piece in pieces):
        return "the path contains an empty component"
    faults = (path_fault(piece) for piece in (*pieces, "/".join(pieces)))
    return next((fault for fault in faults if fault), None)


def _component_fault(component: str) -> str | None:
    if not component:
        return "the path contains an empty component"
    if component in (".", ".."):
        return f"the path contains a {component!r} component"
    if len(component.encode()) > _MAX_COMPONENT:
        return f"a component of the path is longer than {_MAX_COMPONENT} bytes"
    # A plain name needs no closer look: what git could take for .git has a dot or a
    # tilde in front, or characters outside ASCII.
    if component.isascii() and component[0] != "." and "~" not in component:
        return None
    plain = _as_a_lenient_file_system_sees_it(component)
    if plain in _RESERVED:
        return f"the path contains {component!r}, which {_RESERVED[plain]}"
    if _NTFS_SHORT.fullmatch(plain):
        return f"the path contains {component!r}, a short name of .git or the like on Windows"
    return None


def is_housekeeping(path: str) -> bool:
    """Whether it is a file by which a repository is kept, and none of its data."""
    return path.rpartition("/")[2].lower() in _HOUSEKEEPING


def is_reserved(name: str) -> bool:
    """Whether a file or folder of this name is git's, git-annex's or DataLad's own."""
    return name in _RESERVED


def _as_a_lenient_file_system_sees_it(component: str) -> str:
    name = unicodedata.normalize("NFKC", component.translate(_HFS_IGNORED))
    name = name.partition(":")[0].rstrip(" .")  # NTFS: streams, trailing dots and spaces
    # upper before casefold: the dotless i has the capital I of .GIT
    return name.upper().casefold()


def path_warning(path: str) -> str | None:
    """What a Windows user would stumble over in *path*, or None."""
    if not _may_trouble_windows(path):
        return None
    for component in path.split("/"):
        if _WINDOWS_DEVICE.fullmatch(component):
            return f"{component!r} is a device name on Windows"
        if bad := _WINDOWS_FORBIDDEN.intersection(component):
            return f"Windows does not allow {''.join(sorted(bad))} in a name"
        if component.endswith((" ", ".")):
            return "Windows does not allow a name to end in a space or dot"
    return None


def looks_alike_key(path: str) -> str:
    """Equal for paths that differ by nothing but case or Unicode form."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", path).casefold())
