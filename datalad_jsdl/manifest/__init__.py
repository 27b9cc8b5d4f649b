"""What portals hand out, read into entries.

`read_manifest` is the door: bytes in, `Entry` and `Refusal` values out.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datalad_jsdl.manifest.entry import Candidate, Entry, Refusal
    from datalad_jsdl.manifest.reading import read_manifest

__all__ = ["Candidate", "Entry", "Refusal", "read_manifest"]


def __getattr__(name: str) -> Any:
    # the special remote, which is started all the time, wants a digest's name and no format
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "reading" if name == "read_manifest" else "entry"
    return getattr(import_module(f"{__name__}.{home}"), name)
