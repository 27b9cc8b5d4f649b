"""The one table of digest algorithms: names, lengths, hash functions, backends."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from datalad_jsdl.model.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from hashlib import _Hash

__all__ = ["ALGORITHMS", "BY_LENGTH", "Algorithm", "HexDigests", "canonical_name", "digest_fault"]


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A digest algorithm that content can be verified with.

    Attributes:
        hex_length: characters of its hex digest.
        constructor: its name in `hashlib`.
        backend: its git-annex key-value backend, without the E of the variant
            that keeps the file's extension.
    """

    hex_length: int
    constructor: str
    backend: str

    def new(self) -> _Hash:
        """A fresh hash object."""
        made: _Hash = getattr(hashlib, self.constructor)(usedforsecurity=False)
        return made


# The strongest first: an entry's key takes the first one that the manifest gives.
ALGORITHMS: dict[str, Algorithm] = {
    "sha512": Algorithm(128, "sha512", "SHA512"),
    "sha3-512": Algorithm(128, "sha3_512", "SHA3_512"),
    "blake2b-512": Algorithm(128, "blake2b", "BLAKE2B512"),
    "sha384": Algorithm(96, "sha384", "SHA384"),
    "sha3-384": Algorithm(96, "sha3_384", "SHA3_384"),
    "sha256": Algorithm(64, "sha256", "SHA256"),
    "sha3-256": Algorithm(64, "sha3_256", "SHA3_256"),
    "sha224": Algorithm(56, "sha224", "SHA224"),
    "sha3-224": Algorithm(56, "sha3_224", "SHA3_224"),
    "sha1": Algorithm(40, "sha1", "SHA1"),
    "md5": Algorithm(32, "md5", "MD5"),
}

_LONGEST_NAME = 40  # characters; hostile ones are not kept
_ALIASES = {
    "sha2512": "sha512",
    "sha2384": "sha384",
    "sha2256": "sha256",
    "sha2224": "sha224",
    "blake2b": "blake2b-512",
} | {name.replace("-", ""): name for name in ALGORITHMS}


#: Characters of a hex digest → the algorithm that people mean, of those that share a length.
BY_LENGTH = {
    ALGORITHMS[name].hex_length: name
    for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
}

_HEX = re.compile(r"[0-9a-fA-F]*")


def canonical_name(name: str) -> str | None:
    """The table's name for an algorithm, or None if it is not in the table.

    Portals write sha256, SHA-256, sha_256 and sha2-256 for the same thing.
    """
    return _known_name(name) if len(name) <= _LONGEST_NAME else None


@lru_cache(maxsize=1000)  # a document has few, and asks for each file
def _known_name(name: str) -> str | None:
    bare = name.lower().replace("-", "").replace("_", "")
    return _ALIASES.get(bare)


def digest_fault(name: str, value: object) -> str | None:
    """Why *value* cannot be a hex digest of the algorithm, or None if it can."""
    expected = ALGORITHMS[name].hex_length
    if not isinstance(value, str):
        return f"the {name} digest is not a string"
    if len(value) != expected:
        return f"the {name} digest has {counted(len(value), 'character')}, not {expected}"
    if not _HEX.fullmatch(value):
        return f"the {name} digest is not hexadecimal"
    return None


class HexDigests(Mapping[str, str]):
    """Digests of one content: a mapping that takes a third of the memory of a dict.

    Args:
        digests: algorithm (a name of `digests.ALGORITHMS`) to lower-case hex.
    """

    __slots__ = ("_text",)

    def __init__(self, digests: Mapping[str, str]) -> None:
        # "\nsha256 HEX\nmd5 HEX"
        self._text = "".join([f"\n{name} {digest}" for name, digest in digests.items()])

    @classmethod
    def of_lines(cls, text: str) -> HexDigests:
        """Of digests as they are held: a line feed, the algorithm, a space and the hex of each."""
        found = cls.__new__(cls)
        found._text = text
        return found

    def __getitem__(self, name: str) -> str:
        _, found, rest = self._text.partition(f"\n{name} ")
        if not found:
            raise KeyError(name)
        return rest.partition("\n")[0]

    def __contains__(self, name: object) -> bool:
        return f"\n{name} " in self._text

    def __iter__(self) -> Iterator[str]:
        return (line.partition(" ")[0] for line in self._text.split("\n")[1:])

    def __len__(self) -> int:
        return self._text.count("\n")

    def __repr__(self) -> str:
        return repr(dict(self))
