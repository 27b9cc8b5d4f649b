"""Making zips, against cat and against other programs that make them, in one run.

::

    python benchmarks/zip.py [--case a,b,...] [--runs 5] [--folder DIR] [--scale 1.0]

a  one member of 2 GiB: the bytes of the archive, and the export that verifies each content
   against its key; cat, zipstream-ng, stream-zip, Python's zipfile
b  20,000 members of 4 KiB: the same
c  2,000 annexed files of 64 KiB: datalad export-archive, ours against core's own
d  the layout alone: 1,000,000 members: seconds, peak memory, time to find a place in it

All take turns, in the reverse order every other time, after a first time that does not
count. In cases a and b each is a process that times its own work, without its start; case c
has whole commands. The export verifies all content, the others nothing. A peer that is not
installed is left out, and that is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archives import layout_alone, many_members, one_member
from exports import whole_commands
from measuring import Bench
from working import parse, run_cases, work_folder

if TYPE_CHECKING:
    from collections.abc import Callable

CASES: dict[str, tuple[Callable[[Bench], None], ...]] = {
    "a": (one_member,),
    "b": (many_members,),
    "c": (whole_commands,),
    "d": (layout_alone,),
}


def main() -> None:
    options = parse(__doc__, CASES, 5)
    with work_folder(options.folder) as folder:
        bench = Bench(folder, options.runs, options.scale, base="", root=folder)
        run_cases(CASES, options, bench)


if __name__ == "__main__":
    main()
