"""What portals hand out, read into entries.

`read_manifest` is the door: bytes in, `Entry` and `Refusal` values out.
"""

from datalad_jsdl.manifest.entry import Candidate, Entry, Refusal
from datalad_jsdl.manifest.reading import read_manifest

__all__ = ["Candidate", "Entry", "Refusal", "read_manifest"]
