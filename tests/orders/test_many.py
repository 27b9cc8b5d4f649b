"""100,000 files: what a list and an order of them take of memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

MOST = 300_000  # kB of memory
FILES = 100_000
SCRIPT = """
import sys
from pathlib import Path
from datalad_jsdl.operations.manifest_contents import Listed
from datalad_jsdl.operations.manifest_place import place_of
from datalad_jsdl.orders.choosing.choice import Choice
from datalad_jsdl.orders.choosing.manifests import choose_from_manifest
from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.store.opening import Store

with Store(sys.argv[1]) as store:
    desk = Desk(store)
    place = place_of("m.jsonl", Path("m.jsonl").absolute(), None, None, ())
    choice = Choice(globs=["*.nii"])
    chosen = choose_from_manifest(Listed(place), desk.manifest(place), choice)
    print(desk.add("me", chosen), desk.lists.statistics("me").files)
    print(len(desk.orders.create("me", "big").files), desk.lists.statistics("me").files)
    # not of getrusage, which counts what the process was forked from
    status = Path("/proc/self/status").read_text()
    print(status.partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what a process takes")
def test_memory_of_a_large_list(url: str, tmp_path: Path, home: Path) -> None:
    with Path("m.jsonl").open("w") as stream:
        for number in range(FILES):
            path = f"sub-{number // 100:04}/run-{number % 100:02}.nii"
            entry = {"path": path, "urls": [f"https://example.org/{path}"], "size": number}
            stream.write(json.dumps(entry) + "\n")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, url], capture_output=True, text=True, check=True
    )
    added, ordered, memory = done.stdout.splitlines()
    assert added == f"{FILES} {FILES}"
    assert ordered == f"{FILES} 0"
    assert int(memory) < MOST
