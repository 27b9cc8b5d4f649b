"""Large files: several connections, several mirrors, kills, a full disk."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.bulk import Job, fetch_all, fetch_file
from datalad_jsdl.fetch.file.journal import Journal
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.model.content import Expected, Fetched
from datalad_jsdl.model.entry import Pieces
from tests.fetch.waits import Waits, new_engine
from tests.lab import Lab, Version, sha256
from tests.portal import content_of

SIZE = 20 << 20
RATE = 4 << 20  # bytes per second of each connection
CONTENT = content_of("large", SIZE)
OLDER = Version(older=True)
KNOWN = Expected(SIZE, "sha256", sha256(CONTENT))


def fetched(outcome: Fetched | Failed) -> bool:
    assert isinstance(outcome, Fetched), outcome
    assert Path("f").read_bytes() == CONTENT
    assert [path.name for path in Path().iterdir() if path.name.startswith("f")] == ["f"]
    return True


def overlap(*labs: Lab) -> float:
    return sum(lab.sent() for lab in labs) / SIZE


def test_one_file_from_two_mirrors_at_once(lab: Lab, other_lab: Lab) -> None:
    urls = (lab.put("f", CONTENT, rate=RATE), other_lab.put("f", CONTENT, rate=RATE // 4))
    assert fetched(fetch_file(Job("f", urls, KNOWN, Path("f")), new_engine()))
    assert len({r.port for r in lab.requests}) <= 4
    assert len(lab.requests) > 1
    assert other_lab.sent() > 0
    # all but the first ask for a part with a beginning
    assert all(r.status == 206 for r in [*lab.requests[1:], *other_lab.requests])
    assert overlap(lab, other_lab) < 1.1


@pytest.mark.slow
@pytest.mark.parametrize("fault", [{"versions": [OLDER]}, {"reset_at": 0.7}, {"cut_at": 0.4}])
def test_a_mirror_that_goes_bad_half_way(lab: Lab, other_lab: Lab, fault: dict[str, Any]) -> None:
    urls = (
        lab.put("f", CONTENT, rate=RATE, **fault),
        other_lab.put("f", CONTENT, rate=RATE),
    )
    engine = new_engine()
    assert fetched(fetch_file(Job("f", urls, KNOWN, Path("f")), engine))
    if "versions" not in fault:
        assert overlap(lab, other_lab) < 1.1
    else:
        assert engine.origins.quarantine.of(urls[0], KNOWN.hexdigest)
        assert not engine.origins.quarantine.of(urls[1], KNOWN.hexdigest)


def test_a_mirror_without_ranges_is_left_to_the_other(lab: Lab, other_lab: Lab) -> None:
    urls = (
        lab.put("f", CONTENT, rate=RATE),
        other_lab.put("f", CONTENT, rate=RATE, ranges=False),
    )
    assert fetched(fetch_file(Job("f", urls, KNOWN, Path("f")), new_engine()))
    assert overlap(lab, other_lab) < 1.3


@pytest.mark.slow
def test_without_a_digest_only_one_version_of_one_url_is_split(lab: Lab, other_lab: Lab) -> None:
    other = content_of("something else", SIZE)
    urls = (
        lab.put("f", CONTENT, rate=RATE, etag='"1"'),
        other_lab.put("f", other, rate=RATE, etag='"1"'),
    )
    assert fetched(fetch_file(Job("f", urls, Expected(SIZE), Path("f")), new_engine()))
    assert len(lab.requests) > 1
    assert not other_lab.requests
    assert all(r.headers["If-Range"] == '"1"' for r in lab.requests[1:])
    lab.put("f", CONTENT, rate=RATE)  # without an entity tag
    lab.requests.clear()
    Path("f").unlink()
    assert fetched(fetch_file(Job("f", urls, Expected(SIZE), Path("f")), new_engine()))
    assert len(lab.requests) == 1


def test_only_the_wrong_pieces_are_fetched_again(lab: Lab, other_lab: Lab) -> None:
    length = 1 << 20
    pieces = Pieces(
        "sha256",
        length,
        tuple(sha256(CONTENT[at : at + length]) for at in range(0, SIZE, length)),
    )
    urls = (lab.put("f", CONTENT, corrupt_at=0.5), other_lab.put("f", CONTENT))
    for expected in (
        Expected(SIZE, "sha256", KNOWN.hexdigest, pieces=pieces),
        Expected(SIZE, pieces=pieces),
    ):
        Path("f").unlink(missing_ok=True)
        other_lab.requests.clear()
        assert fetched(fetch_file(Job("f", urls, expected, Path("f")), new_engine()))
        assert other_lab.sent() == length


def test_a_file_is_taken_up_with_all_its_parts(
    lab: Lab, other_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = (lab.put("f", CONTENT, rate=RATE), other_lab.put("f", CONTENT, rate=RATE))
    job = Job("f", urls, KNOWN, Path("f"))
    engine = new_engine()
    notes = itertools.count(1)

    class Noted(Journal):
        """Interrupts the engine at the fourth word of what has come."""

        def add(self, start: int, end: int, source: str) -> None:
            super().add(start, end, source)
            if next(notes) == 4:
                engine.interrupt()

    with monkeypatch.context() as patch:
        patch.setattr("datalad_jsdl.fetch.file.partfile.Journal", Noted)
        outcome = fetch_file(job, engine)
    assert isinstance(outcome, Failed)
    assert "interrupted" in told(outcome)
    assert not Path("f").exists()
    assert Path("f.part.journal").exists()
    assert fetched(fetch_file(job, new_engine()))
    assert overlap(lab, other_lab) < 1.1


_CHILD = """
import sys
from pathlib import Path
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.model.content import Expected
from tests.fetch.waits import new_engine
from tests.kill_at import KillAt
if len(sys.argv) > 4:
    KillAt("datalad_jsdl.fetch.file.journal:Journal.add", call=int(sys.argv[4]), after=True).arm()
outcome = fetch_file(
    Job("f", (sys.argv[1],), Expected(int(sys.argv[2]), "sha256", sys.argv[3]), Path("f")),
    new_engine(),
)
print(outcome)
"""


@pytest.mark.slow
def test_ten_kills_cost_next_to_nothing(lab: Lab) -> None:
    size = 96 << 20
    content = content_of("killed", 1 << 20) * 96
    url = lab.put("f", content, rate=8 << 20)
    command = [sys.executable, "-c", _CHILD, url, str(size), sha256(content)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    for _ in range(10):
        killed = subprocess.run([*command, "8"], env=environment)  # MiB that are noted
        assert killed.returncode == -signal.SIGKILL
    lab.files["/f"].rate = 0
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert "Fetched" in done.stdout, done.stderr
    assert Path("f").read_bytes() == content
    # what was on its way over four connections when it was killed
    assert lab.sent() <= 1.02 * size + 10 * (4 << 20)
    starts = [int(r.headers.get("Range", "bytes=0-")[6:].partition("-")[0]) for r in lab.requests]
    assert sum(start == 0 for start in starts) <= 2


def test_a_full_disk_ends_the_run_cleanly(lab: Lab, tmp_path: Path) -> None:
    """RLIMIT_FSIZE stands for the full disk, whose error differs in nothing but its number."""
    script = (
        "import errno, json, resource, signal, sys; from pathlib import Path;"
        "from datalad_jsdl.fetch import bulk; from datalad_jsdl.fetch.phrases import told;"
        "from datalad_jsdl.faults import Failed; from datalad_jsdl.model.content import Expected;"
        "from tests.fetch.waits import new_engine;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20));"
        "errno.ENOSPC = errno.EFBIG;"
        "jobs = [bulk.Job(str(i), (sys.argv[1],), Expected(), Path(str(i))) for i in range(50)];"
        "failed = [o for _, o in bulk.fetch_all(jobs, new_engine(), 2) if isinstance(o, Failed)];"
        "print(json.dumps([told(o) for o in failed]))"
    )
    url = lab.put("f", CONTENT)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", script, url], capture_output=True, text=True, env=environment
    )
    outcomes = json.loads(done.stdout)
    assert len(outcomes) == 50
    assert [o for o in outcomes if "the disk is full; free some space" not in o] == []
    assert len(lab.requests) < 10  # the rest was not begun
    assert all(path.suffix in (".part", ".journal") for path in tmp_path.iterdir())


def test_files_that_an_outage_has_hit_are_asked_for_once_more(lab: Lab) -> None:
    class Outage(Waits):
        """Is over after half a minute."""

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if sum(self.seconds) > 30:
                for file in lab.files.values():
                    file.status = 200

    jobs = []
    for number in range(40):
        content, status = content_of(str(number)), 200 if number < 10 else 500
        url = lab.put(str(number), content, status=status)
        target = Path("many", str(number))
        jobs.append(Job(str(number), (url,), Expected(3000, "sha256", sha256(content)), target))
    outcomes = list(fetch_all(jobs, new_engine(Outage()), 4))
    assert len(outcomes) == 40
    assert all(isinstance(outcome, Fetched) for _, outcome in outcomes)


def test_interrupting_many_files_is_quick(lab: Lab) -> None:
    jobs = [
        Job(str(n), (lab.put(str(n), CONTENT, rate=1 << 20),), KNOWN, Path(str(n)))
        for n in range(20)
    ]

    def ctrl_c(_: int) -> None:
        if lab.sent() > 1 << 20:
            signal.raise_signal(signal.SIGINT)

    results = fetch_all(jobs, new_engine(), 4, position=lambda _: ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        list(results)
    results.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(lab.requests) < 20 + 4  # the rest was not begun, and none waited for
    assert lab.sent() < 4 * SIZE
    assert not [path for path in Path().iterdir() if path.suffix not in (".part", ".journal")]
