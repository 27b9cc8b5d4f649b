"""What is known not to work, why, and what the tests leave out."""

from __future__ import annotations

from dataclasses import dataclass

from tests.archive.readers.cases import CASES
from tests.archive.readers.table import READERS

LARGE = tuple(name for name, case in CASES.items() if case.large)


@dataclass(frozen=True)
class Known:
    """A failure that is expected.

    Attributes:
        readers: that fail.
        cases: at which.
        says: regular expression that the trial's result matches somewhere.
        why: in words, as seen in experiments.
    """

    readers: tuple[str, ...]
    cases: tuple[str, ...]
    says: str
    why: str


KNOWN = (
    Known(
        ("7z-pipe",),
        tuple(CASES),
        r"Cannot open the file as archive",
        "7z reads no zip from a pipe, whoever wrote it: even one with all sizes in its local "
        "headers is refused in the same way.",
    ),
    Known(
        ("busybox-pipe",),
        tuple(name for name in CASES if name != "nothing"),
        r"zip flag 8 \(streaming\) is not supported",
        "From a pipe, busybox refuses any member with a data descriptor: the flag that announces "
        "the descriptor is enough, and busybox does not look at the data. It accepts an archive "
        "with sizes in the local headers, but only a program that knows the checksums beforehand "
        "can write such an archive. Where busybox can seek, it uses the directory, and reads such "
        "members.",
    ),
    Known(
        ("busybox-pipe",),
        ("nothing",),
        r"invalid zip magic 06054B50",
        "An archive without members begins with its end record. From a pipe, busybox refuses such "
        "an archive.",
    ),
    Known(
        ("busybox",),
        LARGE,
        r"short read",
        "busybox has no zip64. If an archive has a member of more than 4 GiB, busybox cannot even "
        "list the members. It does not matter who wrote the archive: busybox also fails if "
        "Python's zipfile wrote it.",
    ),
    Known(
        ("unzip",),
        ("nothing",),
        r"exit code 1: .*zipfile is empty",
        "unzip warns that it finds no member, which is right, but the exit code of a warning is "
        "not 0.",
    ),
    Known(
        ("unzip",),
        ("full-compressed", "full"),
        r"extra field \(type: 0x0001\) corrupt",
        "In the usual field of a size, 0xFFFFFFFF means “see the zip64 extra field”. Here the true "
        "size (compressed or uncompressed), which is in the zip64 extra field, happens to be "
        "0xFFFFFFFF as well. unzip takes it for the mark, and looks for yet another size. With one "
        "byte more or less in the member all is well. If the compressed size has this value, the "
        "content is not unpacked. If the uncompressed size has it, the content is unpacked, but "
        "the next member is refused as overlapping it.",
    ),
    Known(
        ("java-pipe",),
        ("full-compressed",),
        r"invalid entry size \(expected 0 but got 4294639630 bytes\)",
        "ZipInputStream takes a data descriptor for a 64-bit one if a size is greater than "
        "0xFFFFFFFF. Here the compressed size is exactly 0xFFFFFFFF. So ZipInputStream reads "
        "32-bit fields, and takes the second half of the 64-bit compressed size for the "
        "uncompressed size. With one byte more or less in the member all is well.",
    ),
    Known(
        ("fflate-pipe",),
        ("signatures",),
        r"ctr is not a constructor|invalid|unexpected",
        "fflate's Unzip does not ask the deflate stream where it ends, but looks for the next "
        "signature in the bytes. If a content has signatures in it, fflate mistakes them for "
        "records, and tries to use the “compression method” that it finds there. Contents without "
        "signatures are right.",
    ),
    Known(
        ("zip.js-pipe",),
        ("large",),
        r"node_blob|Assertion failed|ERR_OUT_OF_RANGE",
        "ZipReaderStream is no stream inside: it collects the archive in a Blob, then reads "
        "its directory. Node ends the program when a slice is taken from a Blob beyond 4 GiB. "
        "With a Reader that seeks in the file, zip.js has no such limit.",
    ),
    Known(
        ("bsdtar", "bsdtar-pipe"),
        ("decomposed",),
        r"wrong, and no error: .* is missing",
        "libarchive puts names from UTF-8 headers into Unicode's composed form: the content is "
        "there, under a name that looks the same. A zip by Python's zipfile has the same problem.",
    ),
)

# What would only repeat what other cells tell, and takes long, or fills a disk.
NOT_RUN = {
    *((reader, case) for reader in ("jar", "jar-pipe") for case in LARGE),
    *((reader, case) for reader in ("fflate-pipe", "zip.js-pipe") for case in LARGE[1:]),
}

# What takes too long for what it tells; tools/reader_table.py runs it.
UNTESTED = {
    ("fflate-pipe", "large"),
    ("zip.js-pipe", "large"),
    *((reader, "far") for reader, row in READERS.items() if row.pipe),  # knows no offsets
    ("bsdtar-pipe", "full-compressed"),
    ("java-pipe", "full"),
    *((reader, case) for reader in ("unzip", "yauzl") for case in ("far", "full-compressed")),
    ("yauzl", "full"),
    *(("zip.js", case) for case in ("many", *LARGE)),
    *((reader, "many") for reader in ("zip.js-pipe", "jar-pipe", "yauzl")),
}


def known(reader: str, case: str) -> Known | None:
    """The failure that is expected of a reader at a case; None if it has to pass."""
    for row in KNOWN:
        if reader in row.readers and case in row.cases:
            return row
    return None
