"""What stands between a user and each file, as data."""

from __future__ import annotations

import threading

import pytest

from datalad_jsdl.faults import FaultKind
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.fetch.settings import Settings
from datalad_jsdl.model.entry import Candidate, Entry
from datalad_jsdl.model.inline import Inline
from datalad_jsdl.operations.availability import ACCESS, Access, find_availability
from tests.lab import Lab, refused_url


def entry(path: str, *urls: str, size: int | None = 3) -> Entry:
    return Entry(path, tuple(Candidate(url) for url in urls), size=size)


@pytest.fixture
def engine() -> Engine:
    return Engine(AddressPolicy(allow_all=True), Settings(read_timeout=20))


def test_what_stands_in_the_way(lab: Lab, other_lab: Lab, engine: Engine) -> None:
    page = {"headers": {"Content-Type": "text/html"}}
    here = lab.put("here", b"abc")
    login = other_lab.put("login", status=401, challenge='Basic realm="x"')
    cases = {
        Access.OPEN: (lab.put("gone too", status=404), here),
        Access.LOGIN: (login,),
        Access.TERMS: (lab.put("terms", b"<html>terms</html>", **page),),
        Access.GONE: (lab.put("gone", status=404),),
        Access.REFUSED: (lab.put("odd", status=418),),
        Access.DAMAGED: (lab.put("size", b"abcd"),),
        Access.UNKNOWN: (refused_url(),),
    }
    entries = [entry(access.value, *urls) for access, urls in cases.items()]
    found = {e.path: a for e, a in find_availability(entries, engine)}
    assert {path: a.access.value for path, a in found.items()} == {p: p for p in found}
    assert found["open"].mirrors == (lab.url,)
    assert found["login"].mirrors == (other_lab.url,)
    assert [fault.kind for fault in found["gone"].faults] == [FaultKind.GONE]
    assert not any(a.is_assumed for a in found.values())


def test_what_the_manifest_has_itself_is_available_and_nobody_asked(
    lab: Lab, engine: Engine
) -> None:
    inline = Entry("a", (), 3, inline=Inline(b"abc"))
    gone = entry("gone", lab.put("gone", status=404))
    found = list(find_availability([inline, gone, inline], engine))
    assert [a.access for _, a in found] == [Access.OPEN, Access.GONE, Access.OPEN]
    assert (found[0][1].size, found[0][1].mirrors) == (3, ())


def test_the_mirror_at_which_most_can_be_done_decides(
    lab: Lab, other_lab: Lab, engine: Engine
) -> None:
    gone, login = lab.put("g", status=404), other_lab.put("l", status=401)
    ((_, found),) = find_availability([entry("f", gone, login)], engine)
    assert (found.access, found.mirrors) == (Access.LOGIN, (other_lab.url,))
    assert [fault.kind for fault in found.faults] == [FaultKind.GONE, FaultKind.LOGIN]


def test_of_many_files_some_are_asked_for(lab: Lab, engine: Engine) -> None:
    entries = [entry(f"f{n}", lab.put(f"f{n}", b"abc"), size=None) for n in range(40)]
    found = [a for _, a in find_availability(entries, engine, most=5)]
    assert {a.access for a in found} == {Access.OPEN}
    assert sum(not a.is_assumed for a in found) == 5
    assert {a.size for a in found if not a.is_assumed} == {3}
    assert len({request.path for request in lab.requests}) == 5


def test_one_that_is_cancelled_ends_and_no_other(lab: Lab, engine: Engine) -> None:
    asked = threading.Event()
    entries = [entry(f"f{n}", lab.put(f"f{n}", b"abc", mute=True)) for n in range(30)]
    with engine.operation() as operation, engine.operation() as other:

        def cancel() -> None:
            asked.wait()
            operation.interrupt()

        thread = threading.Thread(target=cancel)
        thread.start()
        pairs = find_availability(entries, engine, tick=lambda *_: asked.set(), operation=operation)
        found = [a.access for _, a in pairs]
        thread.join()
        assert not other.stop.is_set()
    assert found == [Access.UNKNOWN] * 30


def test_every_kind_has_its_meaning() -> None:
    """A kind that is in no row is refused for good: each of those is so on purpose."""
    assert set(FaultKind) - ACCESS.keys() == {
        FaultKind.UNFIT, FaultKind.COMPRESSED, FaultKind.NO_RANGES, FaultKind.RANGE, FaultKind.TLS,
        FaultKind.UNTRUSTED, FaultKind.NO_TLS, FaultKind.UNFETCHABLE, FaultKind.FORBIDDEN,
    }  # fmt: skip
