"""The cases of tests/vectors as members."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.archive.plain import Plain

FOLDER = Path(__file__).parent.parent / "vectors"
_MODES = {"100644": 0o100644, "100755": 0o100755, "120000": 0o120777}


@dataclass(frozen=True)
class Vector:
    """One case: what it is made of, in the order given, and what has to come out."""

    name: str
    slow: bool
    members: list[Plain]
    length: int
    sha256: str


def members_of(case: dict[str, Any]) -> list[Plain]:
    """The members of a case, in the order given."""
    found = []
    for item in case["members"]:
        if "text" in item:
            pattern = item["text"].encode()
            size = len(pattern)
        else:
            pattern, size = bytes.fromhex(item["repeat"]), item["size"]
        for number in range(item.get("series", 1)):
            path = item["path"].replace("{0}", f"{number:05d}")
            found.append(Plain(path, pattern or b"0", size, item["mtime"], _MODES[item["mode"]]))
    return found


def vectors() -> list[Vector]:
    """All cases."""
    return [
        Vector(c["name"], c.get("slow", False), members_of(c), c["length"], c["sha256"])
        for c in json.loads((FOLDER / "vectors.json").read_text("utf-8"))
    ]


def refused() -> list[dict[str, Any]]:
    """Inputs that no zip may be made of."""
    found: list[dict[str, Any]] = json.loads((FOLDER / "refused.json").read_text("utf-8"))
    return found
