"""How far downloads and archives are: what is here, whoever gave it, and whenever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.archive.content import Content
from datalad_jsdl.archive.zip.layout import measure
from datalad_jsdl.faults import Failed, Fault, FaultKind
from datalad_jsdl.fetch.bulk import Job, fetch_all
from datalad_jsdl.model.content import Expected, Fetched
from datalad_jsdl.operations.rates import Rate, remaining
from datalad_jsdl.operations.transfers import Downloads, Received, Writing
from tests.fetch.waits import new_engine
from tests.lab import Lab, sha256
from tests.portal import content_of

NOBODY = Failed((Fault(FaultKind.BUG),))


def job(name: str, size: int | None) -> Job:
    return Job(name, ("http://127.0.0.1/f",), Expected(size), Path(name))


def test_what_is_here_of_what_is_wanted() -> None:
    downloads = Downloads(new_engine(), files=3, size=300)
    first, second, third = (job(name, 100) for name in "abc")
    downloads.position(first)(70)  # an earlier run has left it
    assert (downloads.look().done, downloads.look().total) == (70, 300)
    downloads.position(second)(10)
    downloads.end(first, Fetched(100))
    assert downloads.look().done == 110
    downloads.end(second, NOBODY)  # the rest will not come: it is wanted no longer
    standing = downloads.look()
    assert (standing.done, standing.total, standing.files) == (110, 210, 2)
    downloads.end(third, Fetched(100))
    standing = downloads.look()
    assert (standing.done, standing.total) == (210, 210)
    assert (standing.files, standing.of_files) == (3, 3)
    assert downloads.came().size == 200  # of whole files


def test_what_an_earlier_run_has_left_is_here_before_anything_begins() -> None:
    downloads = Downloads(new_engine(), files=3, size=300, left={"a": 100, "b": 30})
    assert downloads.look().done == 130
    downloads.whole("a", 100, is_sized=True)
    downloads.position(job("b", 100))(40)
    assert downloads.look().done == 140


def test_a_total_that_nobody_knows() -> None:
    downloads = Downloads(new_engine(), files=2, size=100, unsized=1)
    downloads.position(job("a", None))(40)
    assert (downloads.look().done, downloads.look().total) == (40, None)
    downloads.end(job("a", None), Fetched(50))
    assert (downloads.look().done, downloads.look().total) == (50, 150)
    downloads.end(job("b", 100), Fetched(100))
    assert (downloads.look().done, downloads.look().total) == (150, 150)


def test_a_download_that_goes_on(tmp_path: Path, lab: Lab) -> None:
    """What an earlier run has left is here from the beginning, and it ends with all of it."""
    content = content_of("f", 3_000_000)
    url = lab.put("f", content)
    (tmp_path / "f.part").write_bytes(content[:2_000_000])
    seen: list[int] = []
    with new_engine() as engine:
        downloads = Downloads(engine, files=1, size=len(content))
        expected = Expected(len(content), "sha256", sha256(content))
        jobs = [Job("f", (url,), expected, tmp_path / "f")]

        def position(each: Job) -> Callable[[int], None]:
            note = downloads.position(each)

            def noted(number: int) -> None:
                note(number)
                seen.append(downloads.look().done)

            return noted

        for each, outcome in fetch_all(jobs, engine, 1, position=position):
            downloads.end(each, outcome)
        standing = downloads.look()
    assert min(seen) >= 2_000_000
    assert standing.done == standing.total == len(content)
    assert standing.moved == sum(standing.mirrors.values()) <= 1_100_000
    assert list(standing.mirrors) == [url.split("/")[2]]


def test_mirrors_that_several_engines_share_count_once() -> None:
    engine = new_engine()
    origin = engine.origins.of("https://a.example/f")
    origin.received = 1000  # of an earlier step
    received = Received([engine, engine])
    origin.received += 5
    assert received.by_host() == {"a.example": 5}


def a_content(name: str, size: int, *, is_remote: bool) -> Content:
    place = None if is_remote else name
    return Content(name, name.encode(), size=size, mtime=0, local=place)


@given(st.lists(st.tuples(st.integers(0, 200_000), st.booleans()), max_size=12), st.data())
def test_an_archive_whose_contents_come_ahead_of_it(
    members: list[tuple[int, bool]], data: st.DataObject
) -> None:
    """It never goes back, whatever is fetched, and is complete when all is written."""
    contents = [
        a_content(f"{number:03}", size, is_remote=is_remote)
        for number, (size, is_remote) in enumerate(members)
    ]
    total = measure(content.member(content.size or 0) for content in contents)
    engine = new_engine()
    origin = engine.origins.of("https://a.example/f")
    writing = Writing(contents, total, [engine])
    remote = sum(size for size, is_remote in members if is_remote)
    steps = sorted(data.draw(st.lists(st.floats(0, 1), max_size=6)))
    done = [writing.look().done]
    assert done == [0]
    for step in steps:
        origin.received = int(remote * step)
        done.append(writing.look().done)
    assert done[-1] <= total
    origin.received = remote
    for step in [*steps, 1.0]:
        writing.wrote(int(total * step))
        done.append(writing.look().done)
    assert done == sorted(done)
    assert done[-1] == total


def test_an_archive_that_goes_on() -> None:
    contents = [a_content("a", 100_000, is_remote=True), a_content("b", 100_000, is_remote=False)]
    total = measure(content.member(content.size or 0) for content in contents)
    writing = Writing(contents, total, [])
    writing.begin(60_000)
    standing = writing.look()
    assert (standing.done, standing.moved) == (60_000, 0)
    writing.wrote(70_000)
    assert writing.look().moved == 10_000
    assert (writing.look().files, writing.look().of_files) == (0, 2)
    writing.wrote(150_000)
    assert writing.look().files == 1
    writing.end(total - 50, 1)  # one was left out
    standing = writing.look()
    assert (standing.done, standing.files) == (standing.total, standing.of_files)


def test_a_rate_is_that_of_the_last_seconds() -> None:
    rate = Rate(0, 1000)
    assert rate.per_second() is None
    for second in range(1, 40):
        rate.add(second, 1000 + second * 10)
    assert rate.per_second() == 10
    for second in range(40, 60):
        rate.add(second, 1390 + (second - 39) * 100)
    assert rate.per_second() == 100


def test_a_rate_that_is_dead() -> None:
    rate = Rate(0, 0)
    for second in range(1, 11):
        rate.add(second, second * 100)
    rate.add(14, 1000)
    assert rate.per_second() is not None
    rate.add(16, 1000)
    assert rate.per_second() is None
    assert remaining(10, 100, None) is None
    assert remaining(10, None, 5) is None
    assert remaining(10, 100, 9) == 10


def test_a_rate_keeps_few_samples() -> None:
    rate = Rate(0, 0)
    for step in range(100_000):
        rate.add(step / 1000, step)
    assert len(rate._samples) < 200
    found = rate.per_second()
    assert found is not None
    assert 900 < found < 1100
