"""git-annex keys, by git-annex's own rules.

https://git-annex.branchable.com/internals/key_format/ and
https://git-annex.branchable.com/internals/hashing/
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from datalad_jsdl.model.content import Expected
from datalad_jsdl.model.digests import ALGORITHMS

if TYPE_CHECKING:
    from datalad_jsdl.model.entry import Entry

__all__ = [
    "ExtensionRule",
    "Key",
    "branch_folder",
    "branch_path",
    "digest_key",
    "entry_key",
    "expected_of",
    "extension",
    "has_digest",
    "journal_name",
    "key_file",
    "key_from_link",
    "key_from_pointer",
    "key_of_file",
    "link_target",
    "parse_key",
    "pointer",
    "size_of_key",
    "vurl_key",
]

_BY_BACKEND = {algorithm.backend: name for name, algorithm in ALGORITHMS.items()}

# BACKEND, then fields (s: size, m: mtime, S and C: chunk) in this order, then two dashes
# and the name
_KEY = re.compile(
    r"([A-Z0-9_]+)(?:-s([0-9]{1,19}))?(?:-m[0-9]+)?(?:-S[0-9]+)?(?:-C[0-9]+)?--(.+)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Key:
    """A key, taken apart.

    Attributes:
        text: the key as git-annex writes it.
        backend: ``SHA256E`` and the like.
        size: bytes, or None if the key does not tell.
        algorithm: a name of `ALGORITHMS` if content can be verified against the key.
        hexdigest: lower-case hex, or "" without an algorithm.
    """

    text: str
    backend: str
    size: int | None
    algorithm: str | None
    hexdigest: str


@dataclass(frozen=True, slots=True)
class ExtensionRule:
    """git config annex.maxextensionlength (bytes) and annex.maxextensions."""

    length: int = 4
    count: int = 2


def parse_key(text: str) -> Key | None:
    """Take a key apart; None if it is none."""
    match = _KEY.fullmatch(text)
    if not match:
        return None
    backend, digits, name = match.groups()
    size = None if digits is None else int(digits)
    algorithm = _BY_BACKEND.get(backend)
    if algorithm is None and backend.endswith("E"):
        algorithm = _BY_BACKEND.get(backend[:-1])
    if algorithm is None:
        return Key(text, backend, size, None, "")
    return Key(text, backend, size, algorithm, name.partition(".")[0].lower())


def has_digest(text: str) -> bool:
    """Whether content can be verified with a valid key, sooner than by taking it apart."""
    backend = text.partition("-")[0]
    return backend in _BY_BACKEND or (backend.endswith("E") and backend[:-1] in _BY_BACKEND)


def size_of_key(text: str) -> int | None:
    """Bytes that a valid key says its content has, sooner than by taking all of it apart."""
    for part in text.partition("--")[0].split("-")[1:]:
        if part[:1] == "s" and part[1:].isdecimal():
            return int(part[1:])
    return None


def expected_of(key: str, *names: str) -> Expected:
    """What a key says of its content, nothing if it is none; *names* are those of its files."""
    parsed = parse_key(key)
    if parsed is None:
        return Expected(names=names)
    return Expected(parsed.size, parsed.algorithm, parsed.hexdigest, names)


def entry_key(entry: Entry, rule: ExtensionRule) -> str:
    """The key of an entry: its strongest digest, else its first registrable URL.

    Raises:
        ValueError: it has neither.
    """
    for algorithm in ALGORITHMS:
        if algorithm in entry.digests:
            return digest_key(algorithm, entry.digests[algorithm], entry.size, entry.path, rule)
    if not entry.registrable:
        raise ValueError(f"{entry.path}: a key needs a digest or a URL")
    return vurl_key(entry.registrable[0], entry.size)


def digest_key(
    algorithm: str, hexdigest: str, size: int | None, path: str, rule: ExtensionRule
) -> str:
    """Key of the backend variant that keeps the file's extension (SHA256E)."""
    backend = ALGORITHMS[algorithm].backend
    return f"{backend}E{_size_field(size)}--{hexdigest}{extension(path, rule)}"


def vurl_key(url: str, size: int | None) -> str:
    """The key that ``git annex addurl --fast`` gives (git-annex's Backend/URL.hs)."""
    return f"VURL{_size_field(size)}--{_url_name(url)}"


def _size_field(size: int | None) -> str:
    return "" if size is None else f"-s{size}"


def _url_name(url: str) -> str:
    name = "".join(_escape(c) for c in url)
    raw = url.encode()
    if len(raw) <= 64:  # before the escapes
        return name
    # no longer than a SHA-256: as much as fits beside an MD5 of the whole
    return name[:31] + "-" + _md5(raw)


def _escape(c: str) -> str:
    if c.isascii() and (c.isalnum() or c in "._-/%:"):
        return c
    return ",," if c == "," else f",{ord(c)}"


def extension(path: str, rule: ExtensionRule) -> str:
    """The extension that git-annex keeps in a key (its Backend/Utilities.hs)."""
    return _extension(path.rpartition("/")[2].encode().lstrip(b".").partition(b".")[2], rule)


@lru_cache(maxsize=1000)  # most files of a manifest end alike
def _extension(ending: bytes, rule: ExtensionRule) -> str:
    """Of what comes after the first dot of a name."""
    kept: list[bytes] = []
    for part in reversed(ending.split(b".")):
        if len(part) > rule.length:
            break
        if all(byte > 127 or chr(byte).isalnum() for byte in part):
            kept.append(part)
    kept = [part for part in reversed(kept[: rule.count]) if part]
    return "".join("." + part.decode() for part in kept)


def key_file(key: str) -> str:
    """A key as a file name."""
    return key.replace("&", "&a").replace("%", "&s").replace(":", "&c").replace("/", "%")


def key_of_file(name: str) -> str:
    """The key that has *name* as a file name."""
    return name.replace("%", "/").replace("&c", ":").replace("&s", "%").replace("&a", "&")


def branch_path(key: str) -> str:
    """Where the key's location log lies in the git-annex branch.

    ``.web`` and ``.rmt`` are appended for its URLs and per-remote state.
    """
    return f"{branch_folder(key)}{key_file(key)}.log"


def branch_folder(key: str) -> str:
    """The folder of the git-annex branch that has the key's logs, with a slash at its end."""
    md5 = _md5(key.encode("utf-8", "surrogateescape"))
    return f"{md5[:3]}/{md5[3:6]}/"


def branch_order(key: str) -> int:
    """What keys are sorted by to be in the order of their folders in the git-annex branch."""
    data = key.encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.md5(data, usedforsecurity=False).digest()[:3], "big")


def journal_name(path: str) -> str:
    """What git-annex's journal calls a file of its branch (its Annex/Journal.hs)."""
    return path.replace("_", "__").replace("/", "_")


_MIXED = "0123456789zqjxkmvwgpfZQJXKMVWGPF"


#: What a folder is called, by eleven bits of the hash: five count, one does not, five count.
_FOLDERS = tuple(_MIXED[bits >> 6] + _MIXED[bits & 31] for bits in range(2048))


def _mixed_hash(key: str) -> str:
    data = key.encode("utf-8", "surrogateescape")
    word = int.from_bytes(hashlib.md5(data, usedforsecurity=False).digest()[:4], "little")
    return f"{_FOLDERS[word & 2047]}/{_FOLDERS[word >> 12 & 2047]}"


_POINTER_PREFIX = "/annex/objects/"


def link_target(path: str, key: str) -> str:
    """Target of the symlink at *path* that stands for the key's content."""
    name = key_file(key)
    return f"{'../' * path.count('/')}.git/annex/objects/{_mixed_hash(key)}/{name}/{name}"


def key_from_link(target: str) -> str | None:
    """The key that a symlink's target stands for, or None if it is no annex link."""
    folder, _, name = target.replace("\\", "/").rpartition("/")
    if not name or not folder.endswith(f"/{name}") or _POINTER_PREFIX not in folder:
        return None
    key = key_of_file(name)
    return key if _KEY.fullmatch(key) else None


POINTER_MAX = 32 << 10  # bytes; git-annex looks no further (Annex/Link.hs)


def pointer(key: str) -> bytes:
    """The blob that stands for an unlocked file."""
    return f"{_POINTER_PREFIX}{key_file(key)}\n".encode("utf-8", "surrogateescape")


def key_from_pointer(blob: bytes) -> str | None:
    """The key that a pointer blob stands for, or None if it is an ordinary file."""
    if len(blob) > POINTER_MAX or not blob.startswith(_POINTER_PREFIX.encode()):
        return None
    first, *others = blob.split(b"\n")
    # whatever follows was appended, and makes it an ordinary file: but for more such lines
    if others and (others.pop() or not all(b"/annex/" in line for line in others)):
        return None
    line = first.decode("utf-8", "surrogateescape").rstrip("\r")
    key = key_of_file(line.rpartition("/")[2])
    return key if parse_key(key) else None


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
