"""A BagIt bag as a folder (RFC 8493): ``fetch.txt`` with the digests of ``manifest-ALG.txt``."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.checksums import Checksums
from datalad_jsdl.manifest.formats.bagit_fetch import unescaped
from datalad_jsdl.model.amounts import counted
from datalad_jsdl.model.digests import canonical_name
from datalad_jsdl.model.entry import Entry, Refusal
from datalad_jsdl.model.paths import path_fault
from datalad_jsdl.model.subdatasets import joined
from datalad_jsdl.model.urls import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Bag", "open_bag"]

_MAX_DECLARATION = 1 << 16  # bytes; it has two lines
_ENCODING = re.compile(r"^Tag-File-Character-Encoding[ \t]*:[ \t]*(\S+)", re.MULTILINE)
_MANIFEST = re.compile(r"manifest-([A-Za-z0-9_-]+)\.txt")


@dataclass
class Bag:
    """A bag whose manifests have been read.

    Attributes:
        folder: that it is.
        encoding: of its tag files, of which ``fetch.txt`` is one.
        checksums: of its payload, and of what is added to them.
        payload: the paths that its manifests have.
        warnings: sentences for the user, once `entries` is through.
    """

    folder: Path
    encoding: str
    checksums: Checksums
    payload: tuple[str, ...]
    warnings: list[str] = field(default_factory=list)

    @property
    def fetch(self) -> Path:
        """The file with the URLs."""
        return self.folder / "fetch.txt"

    def entries(self, items: Iterable[Entry | Refusal]) -> Iterator[Entry | Refusal]:
        """What ``fetch.txt`` has, then a refusal if files are nowhere to be had.

        Payload that is in no line of ``fetch.txt`` has no URL, and becomes no entry: what lies
        in the bag is told of in a warning; what does not makes the bag incomplete.
        """
        fetched: set[str] = set()
        for item in items:
            if item.path is not None:
                fetched.add(unicodedata.normalize("NFC", joined(item.path)))
            if isinstance(item, Entry) and not item.path.startswith("data/"):
                reason = "the path is not in data/, the payload folder of a bag"
                yield Refusal(item.path, reason, item.where)
            else:
                yield item
        rest = [path for path in self.payload if unicodedata.normalize("NFC", path) not in fetched]
        missing = [path for path in rest if not self._has(path)]
        if len(rest) > len(missing):
            self.warnings.append(
                f"not imported: {counted(len(rest) - len(missing), 'payload file')} of the bag "
                "itself, without a URL in fetch.txt; copy them into the dataset and save them"
            )
        if missing:
            reason = (
                f"the bag is incomplete: {counted(len(missing), 'payload file')} neither in it nor "
                f"in fetch.txt, such as {excerpt(missing[0])}"
            )
            yield Refusal(None, reason, str(self.folder))

    def _has(self, path: str) -> bool:
        return path_fault(path) is None and (self.folder / path).is_file()


def open_bag(folder: Path) -> Bag:
    """Read a bag's declaration and its manifests.

    Raises:
        ManifestError: it is no bag, has nothing to fetch, or one of its files cannot be read.
    """
    declaration = folder / "bagit.txt"
    if not declaration.is_file():
        raise ManifestError(f"{folder} is a folder, but not a BagIt bag: it has no bagit.txt")
    try:
        with declaration.open("rb") as stream:
            # always UTF-8 (2.1.1)
            text = stream.read(_MAX_DECLARATION).decode("utf-8-sig", errors="replace")
        encoding = _encoding(text, declaration)
        checksums = Checksums()
        for path in sorted(folder.glob("manifest-*.txt")):
            match = _MANIFEST.fullmatch(path.name)
            if match and (algorithm := canonical_name(match[1])):
                with path.open("rb") as stream:
                    checksums.read(
                        stream,
                        path.name,
                        encoding=encoding,
                        algorithm=algorithm,
                        unescape=unescaped,
                    )
    except OSError as error:
        raise ManifestError(f"cannot read the bag {folder}: {error.strerror}") from None
    except ManifestError as error:
        raise ManifestError(f"{folder}: {error}") from None
    bag = Bag(folder, encoding, checksums, tuple(checksums.paths))
    if not bag.fetch.is_file():
        raise ManifestError(
            f"the bag {folder} has no fetch.txt, so there is nothing to download; make a dataset "
            "of its files with datalad create --force and datalad save"
        )
    return bag


def _encoding(declaration: str, path: Path) -> str:
    match = _ENCODING.search(declaration)
    encoding = match[1] if match else "utf-8"
    try:
        "".encode(encoding)
    except (LookupError, ValueError):  # one that is none of text, or has a NUL
        raise ManifestError(f"{path.name} names an unknown encoding: {excerpt(encoding)}") from None
    return encoding
