"""Make tests/vectors/vectors.json and refused.json.

::

    python3 tools/run.py exec python tools/make_vectors.py

The lengths and digests are those of ``tests/archive/plain.py``, which shares nothing with the
package that is tested against them. Takes about a minute: some archives are larger than 4 GiB.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.archive.plain import plain_zip  # noqa: E402 - from the tree, as the line above says
from tests.archive.vectors import FOLDER, members_of  # noqa: E402 - the path has to be set before

FULL = 0xFFFFFFFF
SIGNATURES = b"PK\3\4PK\7\10PK\1\2PK\5\6".hex()


def text(path: str, content: str = "", mtime: int | None = None, mode: str = "100644") -> Any:
    return {"path": path, "text": content, "mtime": mtime, "mode": mode}


def block(path: str, size: int, repeat: str = "00", mtime: int | None = None) -> Any:
    return {"path": path, "repeat": repeat, "size": size, "mtime": mtime, "mode": "100644"}


def case(name: str, *members: Any, slow: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {"name": name}
    return made | ({"slow": True} if slow else {}) | {"members": list(members)}


SIZES = [1, 2, 65534, 65535, 65536, 131069, 131070, 131071, 196605, 1048576]
TIMES = {
    "unknown": None,
    "long before 1970": -(2**33),
    "before 1970": -1,
    "1970": 0,
    "before 1980": 315532799,
    "1980": 315532800,
    "an odd second": 315532801,
    "2024": 1714564800,
    "the last of 31 bits": 2**31 - 1,
    "beyond 31 bits": 2**31,
    "the last of 2107": 4354819199,
    "2108": 4354819200,
    "far away": 2**40,
}
# a member before this size ends where a 32-bit offset says its last, for a name of one byte
LAST_OFFSET = FULL - 1 - 31 - 16 - 5 * 65533

CASES = [
    case("no members"),
    case("an empty file", text("empty")),
    case("one byte", text("one", "1")),
    *(case(f"{size} bytes", block("data", size, "0123456789abcdef01")) for size in SIZES),
    case("signatures as content", block("PK", 200_000, SIGNATURES)),
    case("times", *(text(name, "x", mtime) for name, mtime in TIMES.items())),
    case("times of empty files", *(text(name, "", mtime) for name, mtime in TIMES.items())),
    case("executable and symlink", text("run", "#!/bin/sh\n", 1, "100755"),
         text("link", "run", 2, "120000"), text("nowhere", "../größe", None, "120000")),
    case("names", text("größe/脳.nii.gz", "a"), text("e\u0301", "b"), text("\u00e9", "c"),
         text("a b/c:d*?", "d"), text("..a/.hidden", "e"), text("\u007f\u0001", "f")),
    case("the order of UTF-8, not of UTF-16", text("\U00010000", "1"), text("\uffff", "2"),
         text("\ue000", "3"), text("a/b", "4"), text("a-b", "5"), text("a0", "6"), text("Z", "7")),
    case("long names", text("n" * 255, "1"), text("/".join(["d" * 250] * 20), "2"),
         text("é" * 32767 + "a", "3")),
    *(case(f"{count} members", text("{0}") | {"series": count}) for count in (65534, 65535, 65536)),
    case("3 members of a byte among 65535", text("b{0}", "", 5) | {"series": 65532},
         text("a", "1"), text("c", "2"), text("d", "3")),
    *(case(f"a member of {size} bytes", text("0"), block("1", size, "00", 9), text("2", "after", 9),
           slow=True)
      for size in (4_294_639_629, 4_294_639_630, FULL - 1, FULL, FULL + 1)),
    *(case(f"a member at offset {FULL + past}", block("1", LAST_OFFSET + past + 1), text("2", "x"),
           slow=True)
      for past in (-1, 0)),
]  # fmt: skip

REFUSED = {
    "a duplicate": ["a", "b", "a"],
    "an empty name": [""],
    "absolute": ["/a"],
    "up": ["../a"],
    "up in the middle": ["a/../b"],
    "itself": ["./a"],
    "an empty component": ["a//b"],
    "a folder": ["a/"],
    "a backslash": ["a\\b"],
    "NUL": ["a\0b"],
    "65,536 bytes": ["é" * 32768],
}


def main() -> None:
    for item in CASES:
        members = sorted(members_of(item), key=lambda member: member.path.encode())
        digest, length = hashlib.sha256(), 0
        for chunk in plain_zip(members):
            digest.update(chunk)
            length += len(chunk)
        item |= {"length": length, "sha256": digest.hexdigest()}
        print(length, item["name"], flush=True)
    refused = [
        {"name": name, "members": [text(path, "x") for path in paths]}
        for name, paths in REFUSED.items()
    ]
    for name, cases in (("vectors", CASES), ("refused", refused)):
        lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in cases)
        (FOLDER / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
