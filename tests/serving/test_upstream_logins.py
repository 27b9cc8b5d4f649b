"""Logins of the user that a portal runs as: for datasets whose operator has said so alone."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from datalad_jsdl.errors import FetchError
from datalad_jsdl.orders.choosing.any_source import choose
from datalad_jsdl.orders.choosing.choice import Choice
from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.jobs.worker import drain
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.orders.tasks import PREPARE, tasks
from datalad_jsdl.portal.listening import listen
from datalad_jsdl.portal.making import made_site
from datalad_jsdl.portal.site import Site
from tests.lab import Lab
from tests.portal import content_of, datalad, described, write_manifest

LOGIN = "Basic " + base64.b64encode(b"server:hush").decode()
CHALLENGE = 'Basic realm="upstream"'
PROXY = "[sign-in]\nby = proxy\ntrusted = 127.0.0.1\n"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Lab]:
    """A server that wants a login, which the user has in all the ways that there are."""
    with Lab() as lab:
        own = tmp_path / "home"
        own.mkdir()
        (own / "logins").write_text(f"http://server:hush@127.0.0.1:{lab.port}\n")
        (own / ".gitconfig").write_text(
            (home / ".gitconfig").read_text()
            + f'[credential]\nhelper = store --file "{own}/logins"\n'
            + f'[datalad "jsdl"]\ncredential = "http://127.0.0.1:{lab.port} git"\n'
            + "[annex]\nhttp-headers = X-Secret: hush\n"
        )
        monkeypatch.setenv("HOME", str(own))
        yield lab


@pytest.fixture
def data(lab: Lab, tmp_path: Path) -> Path:
    """A dataset and a manifest, each of a file that wants a login, as does the manifest."""
    members = {}
    for name in ("d", "m"):
        url = lab.put(name, content_of(name), wants=("Authorization", LOGIN), challenge=CHALLENGE)
        members[name] = described(name, url)
    datalad("download-manifest", write_manifest("d.json", {"d": members["d"]}), "study")
    manifest = write_manifest("m.json", {"m": members["m"]}).read_bytes()
    lab.put("m.json", manifest, wants=("Authorization", LOGIN), challenge=CHALLENGE)
    lab.requests.clear()
    return tmp_path / "study"


@contextmanager
def portal(lab: Lab, data: Path, settings: str) -> Iterator[Site]:
    file = Path("portal.ini").absolute()
    file.write_text(settings)
    listening = listen("127.0.0.1", 0)
    given = [str(data), f"http://127.0.0.1:{lab.port}/m.json"]
    with Store.of_file(Path("s.sqlite").absolute()) as store:
        site, _ = made_site(Desk(store), given, listening, "t", file)
        yield site
        site.close()
    listening.socket.close()


def shown(lab: Lab) -> set[str]:
    """Paths of the requests that carried anything secret."""
    return {
        request.path
        for request in lab.requests
        if any("hush" in value or value == LOGIN for value in request.headers.values())
    }


def prepared(site: Site, name: str) -> dict[str, object]:
    """What a worker of its own, which knows the store alone, makes of an order of all files."""
    chosen = choose(site.desk.places(), name, Choice(recursive=True), site.kept)
    site.desk.add("ada", chosen)
    order = site.desk.orders.create("ada", "all")
    with Store(site.desk.store.url) as store:
        worker = Desk(store)
        job = Jobs(store).start(PREPARE, "ada", {"order": order.summary.id})
        drain(Jobs(store), tasks(worker))
        result = Jobs(store).find(job.id).result
    assert isinstance(result, dict)
    return result


def test_none_unless_the_operator_says_so(lab: Lab, data: Path) -> None:
    with portal(lab, data, PROXY) as site:
        assert prepared(site, "study")["failed"]
        with pytest.raises(FetchError):
            site.manifests.get(site.served[0])
    assert {request.path for request in lab.requests} == {"/d", "/m.json"}
    assert shown(lab) == set()


def test_where_the_operator_says_so(lab: Lab, data: Path) -> None:
    with portal(lab, data, f"{PROXY}[dataset study]\nlogins = yes\n") as site:
        assert not prepared(site, "study")["failed"]
        with pytest.raises(FetchError):
            site.manifests.get(site.served[0])
    assert shown(lab) == {"/d"}


def test_a_manifest_and_its_files(lab: Lab, data: Path) -> None:
    with portal(lab, data, f"{PROXY}[dataset m]\nlogins = yes\n") as site:
        assert [served.name for served in site.served] == ["m", "study"]
        assert not prepared(site, "m")["failed"]
        assert prepared(site, "study")["failed"]
    assert shown(lab) == {"/m", "/m.json"}


def test_who_serves_themselves_has_their_logins(lab: Lab, data: Path) -> None:
    with portal(lab, data, "") as site:
        assert not prepared(site, "study")["failed"]
    assert "/d" in shown(lab)


def test_what_was_said_is_forgotten_when_it_is_said_no_more(lab: Lab, data: Path) -> None:
    with portal(lab, data, f"{PROXY}[dataset study]\nlogins = yes\n"):
        pass
    with portal(lab, data, PROXY) as site:
        assert prepared(site, "study")["failed"]
    assert shown(lab) == set()
