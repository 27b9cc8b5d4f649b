"""Studies of a real Orthanc: page, zip, and all that may go wrong in between."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from datalad_jsdl.errors import PortalError
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.portal.orthanc.server import checked_url
from tests.lab import free_port
from tests.serving.pacs import (
    PASSWORD,
    TOKEN,
    USER,
    Orthanc,
    Portal,
    browser,
    members,
    orthanc_portal,
)
from tests.serving.test_checks import behind_nginx
from tests.vault import Vault

KNEE = {"PatientID": "PAT-0417", "PatientName": "Doe^Jane", "StudyDescription": "Head MRI"}
UID = "1.2.3.1"
PAGE = (Path(__file__).parents[2] / "docs/orthanc_portal.rst").read_text()


@pytest.fixture(scope="module")
def orthanc(
    tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str]
) -> Iterator[Orthanc]:
    folder = tmp_path_factory.mktemp("orthanc") / "orthanc"
    found = Orthanc(program("Orthanc"), folder, StorageCompression=True)
    found.start()
    try:
        for number in range(12):
            series = 1 + number % 3
            day = {"StudyDate": "20260303", "SeriesDescription": f"T{series}", "Modality": "MR"}
            found.send(number, UID, series, **KNEE, **day)
        found.send(20, "1.2.3.2", **{**KNEE, "StudyDescription": "Knee"}, StudyDate="20250101")
        found.send(30, "1.2.3.3", PatientID="other", PatientName="Roe^<b>", StudyDescription="Head")
        yield found
    finally:
        found.stop()


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", PASSWORD)


@pytest.fixture
def portal(home: Path, orthanc: Orthanc, tmp_path: Path) -> Iterator[Portal]:
    with orthanc_portal(orthanc.url, tmp_path) as portal:
        yield portal


def places(orthanc: Orthanc) -> list[str]:
    return [
        f"/studies/{orthanc.find('Study', StudyInstanceUID=UID)}",
        f"/patients/{orthanc.find('Patient', PatientID='PAT-0417')}",
        f"/series/{orthanc.find('Series', SeriesInstanceUID=f'{UID}.2')}",
    ]


def test_the_zip_has_the_members_of_orthancs_own(orthanc: Orthanc, portal: Portal) -> None:
    for place in places(orthanc):
        state = portal.ready(place)
        assert state["status"] == "ready", state
        assert state["progress"] == 100
        whole = portal.get(state["downloadUrl"].removeprefix(portal.url))
        assert whole.status_code == 200
        assert len(whole.content) == state["zipSizeBytes"]
        assert members(whole.content) == orthanc.archive(place)
        name = state["zipFileName"]
        assert f'="{name.removesuffix(".zip")}-' in whole.headers["Content-Disposition"]
        assert name.startswith("PAT-0417_")
        # who it is belongs in no address
        assert "Doe" not in state["downloadUrl"]


def test_cut_and_resumed_it_is_the_same(orthanc: Orthanc, portal: Portal, tmp_path: Path) -> None:
    place = places(orthanc)[0]
    url = portal.ready(place)["downloadUrl"]
    whole = portal.session.get(url).content
    target = tmp_path / "study.zip"
    target.write_bytes(whole[:7777])
    subprocess.run(["curl", "-sSfC", "-", "-o", target, url], check=True)
    assert target.read_bytes() == whole
    # and it is asked for once: who comes again has the same one
    assert portal.ready(place)["downloadUrl"].split(".")[0:4] == url.split(".")[0:4]


def test_nothing_of_it_is_stored(orthanc: Orthanc, portal: Portal, tmp_path: Path) -> None:
    content = orthanc.session.get(f"{orthanc.url}/instances/{first(orthanc)}/file").content
    portal.session.get(portal.ready(places(orthanc)[0])["downloadUrl"])
    pixels = content[-2000:]
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert pixels not in file.read_bytes(), file
            assert PASSWORD.encode() not in file.read_bytes(), file


def first(orthanc: Orthanc) -> str:
    place = places(orthanc)[0]
    return str(orthanc.session.get(f"{orthanc.url}{place}/instances").json()[0]["ID"])


def test_pages(orthanc: Orthanc, portal: Portal) -> None:
    client = browser(portal.site)
    study = places(orthanc)[0]
    page = client.get("/").text  # nothing else is served
    assert "Head MRI" in page
    assert "Roe &lt;b&gt;" in page
    assert "Knee" in client.get("/studies?patient=doe&until=2025-12-31").text
    found = client.get("/studies?study=head&id=0417").text
    assert "PAT-0417" in found
    assert "other" not in found
    assert "No study fits" in client.get("/studies?patient=nobody").text
    assert "No study fits" in client.get("/studies", params={"patient": "x\\doe"}).text
    shown = client.get(study).text
    assert "12" in shown
    assert "T2" in shown
    assert f'href="{study}/archive" target="_blank"' in shown
    for place in places(orthanc):
        assert client.get(place).status_code == 200
    page = client.get(f"{study}/archive").text
    assert "data-ask" in page
    assert "data-poll" not in page
    answer = client.post(f"{study}/archive", data={"token": form_token(page)})
    assert answer.url.path == f"{study}/archive"
    for _ in range(600):
        page = client.get(f"{study}/archive").text
        if "data-poll" not in page:
            break
        assert '<noscript><meta http-equiv="refresh" content="3">' in page
        assert "Queued" in page or "Preparing" in page
        time.sleep(0.05)
    link = re.search(r'<a href="(/d/[^"]+)" download data-start="[^"]+">', page)
    assert link, page
    # without a script it is started by this
    assert f'<noscript><meta http-equiv="refresh" content="1;url={link[1]}">' in page
    assert members(client.get(link[1]).content) == orthanc.archive(study)
    assert client.post(f"{study}/archive", data={"token": "forged"}).status_code == 403
    assert PASSWORD not in page


def form_token(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize(
    "given", ["1", "..%2f..%2fsystem", "x" * 44, "A" * 8 + "-a" * 4, "1.2.3.1", "%00", "é"]
)
def test_only_ids_go_on_to_orthanc(portal: Portal, given: str) -> None:
    for path in (f"/api/studies/{given}/archive", f"/studies/{given}", f"/studies/{given}/archive"):
        assert portal.get(path).status_code == 404
    assert portal.post(f"/studies/{given}/archive", {"Asynchronous": True}).status_code == 404


def test_what_there_is_not(orthanc: Orthanc, portal: Portal) -> None:
    study, patient, _ = places(orthanc)
    other = study[:-1] + ("0" if study[-1] != "0" else "1")
    answer = portal.get(f"/api{other}/archive")
    assert answer.status_code == 404
    assert "Orthanc has no such study" in answer.json()["detail"]
    page = browser(portal.site).get(other)
    assert page.status_code == 404
    assert "Orthanc has no such study" in page.text
    # a patient is no study
    assert portal.get(f"/studies/{patient.rpartition('/')[2]}").status_code == 404
    assert portal.get(f"/api{study}/archive", headers={"Authorization": "x"}).status_code == 401


def test_as_orthancs_own_clients_ask(orthanc: Orthanc, portal: Portal) -> None:
    study = places(orthanc)[0]
    begun = portal.post(f"{study}/archive", {"Asynchronous": True, "Priority": 1})
    assert begun.status_code == 200, begun.text
    job = begun.json()
    assert job["Path"] == f"/jobs/{job['ID']}"
    for _ in range(600):
        state = portal.get(job["Path"]).json()
        assert state["State"] in ("Pending", "Running", "Success")
        if state["State"] == "Success":
            break
        time.sleep(0.05)
    assert state["Progress"] == 100
    assert members(portal.get(f"{job['Path']}/archive").content) == orthanc.archive(study)
    # curl says that JSON is a form
    form = {"content-type": "application/x-www-form-urlencoded"}
    body = json.dumps({"Synchronous": False})
    answer = portal.session.post(f"{portal.url}{study}/archive", data=body, headers=form)
    assert answer.json() == job
    refused = portal.post(f"{study}/archive", {})
    assert refused.status_code == 400
    assert '{"Asynchronous": true}' in refused.json()["detail"]
    document = {"Asynchronous": True, "Transcode": "1.2.840.10008.1.2.4.70"}
    refused = portal.post(f"{study}/archive", document)
    assert "Transcode cannot be set here" in refused.json()["detail"]
    for body in ("[]", "{", "1" * 70_000):
        answer = portal.session.post(f"{portal.url}{study}/archive", data=body)
        assert answer.status_code in (400, 413)
    assert portal.get("/jobs/unknown").status_code == 404


def test_a_post_goes_on_to_orthanc_where_operators_want_that(
    home: Path, orthanc: Orthanc, tmp_path: Path
) -> None:
    settings = tmp_path / "portal.ini"
    settings.write_text("[orthanc]\npost = orthanc\n")
    study = places(orthanc)[0]
    with orthanc_portal(orthanc.url, tmp_path, settings=settings) as portal:
        job = portal.post(f"{study}/archive", {"Asynchronous": True}).json()
        state = orthanc.session.get(f"{orthanc.url}{job['Path']}").json()
        assert state["Type"] == "Archive"
        # pages stay ours
        page = browser(portal.site)
        token = form_token(page.get(f"{study}/archive").text)
        assert page.post(f"{study}/archive", data={"token": token}).status_code == 200


def test_a_study_that_grows_has_a_new_zip(orthanc: Orthanc, portal: Portal) -> None:
    uid = "1.2.3.9"
    orthanc.send(90, uid, **{**KNEE, "PatientID": "grows"})
    study = f"/studies/{orthanc.find('Study', StudyInstanceUID=uid)}"
    before = portal.ready(study)
    old = portal.session.get(before["downloadUrl"]).content
    assert "still be receiving" in browser(portal.site).get(f"{study}/archive").text
    orthanc.send(91, uid, **{**KNEE, "PatientID": "grows"})
    time.sleep(1.1)  # what Orthanc has said counts for a second
    after = portal.ready(study)
    assert after["orderId"] != before["orderId"]
    content = portal.session.get(after["downloadUrl"]).content
    assert members(content) == orthanc.archive(study)
    assert len(members(content)) == 2
    # what somebody is downloading stays as it is
    assert portal.session.get(before["downloadUrl"]).content == old


def test_limits_and_terms(home: Path, orthanc: Orthanc, tmp_path: Path) -> None:
    settings = tmp_path / "portal.ini"
    text = "[sign-in]\nby = proxy\ntrusted = 127.0.0.1\ngroups-field = X-Groups\n"
    text += "[limits]\nfiles = 5\n[dataset orthanc]\nfor = group radiology\nterms = terms.txt\n"
    settings.write_text(text)
    (tmp_path / "terms.txt").write_text("Be careful.")
    study, _, series = places(orthanc)
    with orthanc_portal(orthanc.url, tmp_path, settings=settings) as portal:
        portal.session.headers = {"X-Remote-User": "eve", "X-Groups": "cleaning"}  # type: ignore[assignment]
        assert portal.get(study).status_code == 404
        assert portal.get(f"/api{study}/archive").status_code == 404
        assert portal.get("/studies").status_code == 404
        assert "Studies" not in portal.get("/").text
        portal.session.headers["X-Groups"] = "radiology"
        refused = portal.get(f"/api{study}/archive")
        assert refused.status_code == 403
        (version,) = refused.json()["terms"].values()
        assert "Terms to read" in portal.get(f"{study}/archive").text
        assert "Be careful." in portal.get("/datasets/orthanc/terms").text
        portal.session.headers["Origin"] = portal.url
        accepted = portal.post("/api/v1/datasets/orthanc/terms", {"version": version})
        assert accepted.status_code == 200, accepted.text
        refused = portal.get(f"/api{study}/archive")
        assert refused.status_code == 409
        assert "the limit is 5" in refused.json()["detail"]
        assert portal.ready(series)["status"] == "ready"


def test_who_is_not_signed_in(home: Path, orthanc: Orthanc, tmp_path: Path) -> None:
    """Without a cookie each look would be somebody's who has not asked yet."""
    settings = tmp_path / "portal.ini"
    settings.write_text(
        "[sign-in]\nby = nobody\n[rates]\norder = 2/hour\nsearch = none\n"
        "[dataset orthanc]\nfor = public\n"
    )
    study, _, series = places(orthanc)
    with orthanc_portal(orthanc.url, tmp_path, settings=settings) as portal:
        assert portal.ready(series)["status"] == "ready"  # a session keeps the cookie
        link = portal.get(f"/api{series}/archive").json()["downloadUrl"]
        assert requests.get(link, timeout=60).status_code == 200
        for status in (202, 429):
            answer = requests.get(f"{portal.url}/api{study}/archive", timeout=60)
            assert answer.status_code == status


def test_orthanc_goes_down_and_comes_back(
    home: Path, program: Callable[[str], str], tmp_path: Path
) -> None:
    orthanc = Orthanc(program("Orthanc"), tmp_path / "orthanc")
    orthanc.start()
    (tmp_path / "portal").mkdir()
    try:
        for number in range(40):
            size = {"Rows": 512, "Columns": 512, "PixelData": bytes([number]) * (512 * 512)}
            orthanc.send(number, UID, **KNEE, **size)
        study = f"/studies/{orthanc.find('Study', StudyInstanceUID=UID)}"
        with orthanc_portal(orthanc.url, tmp_path / "portal") as portal:
            client = browser(portal.site)
            url = portal.ready(study)["downloadUrl"]
            own = orthanc.archive(study)
            whole = portal.session.get(url).content
            target = tmp_path / "study.zip"
            target.write_bytes(whole[:1_000_000])
            orthanc.kill()
            # broken off, and never a zip that looks whole
            command = ["curl", "-sSfC", "-", "-o", target, url]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode != 0
            assert target.stat().st_size < len(whole)
            time.sleep(1.1)
            page = client.get(f"{study}/archive")  # what it said last will do
            assert page.status_code == 200
            assert "Orthanc is not reached" in page.text
            down = client.get("/studies")
            assert down.status_code == 502
            assert "Orthanc does not answer now" in down.text
            unknown = study[:-1] + ("0" if study[-1] != "0" else "1")
            assert portal.get(f"/api{unknown}/archive").status_code == 502
            orthanc.start()
            subprocess.run(command, check=True)
            assert target.read_bytes() == whole
            assert members(whole) == own
    finally:
        orthanc.stop()


def test_down_while_it_is_prepared(
    home: Path, program: Callable[[str], str], tmp_path: Path
) -> None:
    orthanc = Orthanc(program("Orthanc"), tmp_path / "orthanc")
    orthanc.start()
    (tmp_path / "portal").mkdir()
    try:
        orthanc.send(1, UID, **KNEE)
        study = f"/studies/{orthanc.find('Study', StudyInstanceUID=UID)}"
        with orthanc_portal(orthanc.url, tmp_path / "portal") as portal:
            client = browser(portal.site)
            token = form_token(client.get(f"{study}/archive").text)
            orthanc.kill()
            client.post(f"{study}/archive", data={"token": token})
            state = portal.ready(study)
            assert state["status"] == "failed"
            assert "it does not answer" in state["message"]
            assert orthanc.url not in state["message"]  # where it is tells visitors nothing
            page = client.get(f"{study}/archive").text
            assert "Try again" in page
            assert "No half zip is handed out" in page
            orthanc.start()
            time.sleep(1.1)
            # looking at it begins nothing that has failed; asking again does
            assert portal.ready(study)["status"] == "failed"
            client.post(f"{study}/archive", data={"token": token})
            state = portal.ready(study)
            assert state["status"] == "ready"
            assert members(portal.session.get(state["downloadUrl"]).content) == orthanc.archive(
                study
            )
    finally:
        orthanc.stop()


def test_a_login_that_is_refused_is_told_without_it(
    home: Path, orthanc: Orthanc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD", "planted-wrong")
    with orthanc_portal(orthanc.url, tmp_path) as portal:
        answer = portal.get(f"/api{places(orthanc)[0]}/archive")
        assert answer.status_code == 502
        assert "does not accept the login that this portal has" in answer.json()["detail"]
        assert "planted" not in answer.text


def test_it_is_cancelled_and_asked_for_again(home: Path, orthanc: Orthanc, tmp_path: Path) -> None:
    study = places(orthanc)[0]
    with orthanc_portal(orthanc.url, tmp_path, jobs=0) as portal:
        client = browser(portal.site)
        token = form_token(client.get(f"{study}/archive").text)
        page = client.post(f"{study}/archive", data={"token": token}).text
        assert "Queued" in page
        assert "first in line" in page
        assert client.post(f"{study}/archive/cancel", data={"token": token}).url.path == study
        page = client.get(f"{study}/archive").text
        assert "You cancelled the preparation" in page
        assert "data-ask" not in page
        assert portal.get(f"/api{study}/archive").json()["status"] == "cancelled"
        assert portal.post(f"/api{study}/archive").json()["status"] == "queued"
        jobs = Jobs(portal.site.desk.store)
        assert len(jobs.of_user("me")) == 2
        assert jobs.remove_ended(-1) == 1  # as is done with what ended a month ago


def test_the_plain_address_with_a_token_is_let_in(orthanc: Orthanc, portal: Portal) -> None:
    study = places(orthanc)[0]
    page = browser(portal.site)
    page.cookies.clear()
    answer = page.get(f"{study}/archive", follow_redirects=False)
    assert answer.headers["location"].startswith("/sign-in")
    answer = page.get(f"{study}/archive?token={TOKEN}", follow_redirects=False)
    assert answer.headers["location"] == f"{study}/archive"
    assert page.get(f"{study}/archive").status_code == 200


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("127.0.0.1:8042", "is the URL of an Orthanc server, as in http://"),
        ("ftp://pacs.example", "is the URL of an Orthanc server, as in http://"),
        ("http://", "is the URL of an Orthanc server, as in http://"),
        ("http://a:planted@pacs.example", "--credential says where the login is"),
        ("http://pacs.example?token=planted", "without a login, query or fragment"),
    ],
)
def test_addresses_that_are_none(given: str, why: str) -> None:
    with pytest.raises(PortalError, match=re.escape(why)) as caught:
        checked_url(given)
    assert "planted" not in str(caught.value)


def test_its_page_says_what_works(vault: Vault, orthanc: Orthanc, tmp_path: Path) -> None:
    """By the page's own commands: the login is in the keyring."""
    shown = re.findall(r"^   ((?:keyring|datalad) .*)$", PAGE, re.MULTILINE)
    secret, serving = (shlex.split(line) for line in shown)
    vault.plant(PASSWORD)
    vault.keyring(secret[2].removeprefix("datalad-"), secret[3], PASSWORD)
    vault.basic(USER, PASSWORD)
    command = [part.replace("http://127.0.0.1:8042", orthanc.url) for part in serving]
    store = ["--store", f"sqlite:///{tmp_path}/p.sqlite"]
    command += ["--no-open", "--port", "0", *store]
    study = places(orthanc)[0]
    # no address of this machine is allowed but by the option
    setting = "annex.security.allowed-ip-addresses"
    vault.run("git", "config", "--global", "--unset-all", setting)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        url, _, token = address.partition("/?token=")
        try:
            headers = {"Authorization": f"Bearer {token}"}
            for _ in range(600):
                answer = requests.get(f"{url}/api{study}/archive", headers=headers, timeout=60)
                if answer.status_code != 202:
                    break
                time.sleep(0.1)
            content = requests.get(answer.json()["downloadUrl"], timeout=60).content
            assert members(content) == orthanc.archive(study)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
    assert process.returncode == 0


def test_its_nginx(
    portal: Portal, orthanc: Orthanc, tmp_path: Path, program: Callable[[str], str]
) -> None:
    (block,) = re.findall(r"code-block:: nginx\n\n((?:   .*\n|\n)+)", PAGE)
    port = free_port()
    server = re.sub(r"ssl_certificate.*\n", "", block)
    server = server.replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    server = server.replace("http://127.0.0.1:8042", orthanc.url)
    server = server.replace("https://data.example.org", portal.url)
    study = places(orthanc)[0]
    with behind_nginx(program("nginx"), tmp_path / "nginx", server, port) as url:
        html = {"Accept": "text/html,*/*"}
        led = requests.get(f"{url}{study}/archive", headers=html, allow_redirects=False, timeout=60)
        assert (led.status_code, led.headers["Location"]) == (303, f"{portal.url}{study}/archive")
        own = requests.get(f"{url}{study}/archive", auth=(USER, PASSWORD), timeout=60)
        assert members(own.content) == orthanc.archive(study)
        document = {"Asynchronous": True}
        begun = requests.post(
            f"{url}{study}/archive", json=document, headers=html, auth=(USER, PASSWORD), timeout=60
        ).json()
        job = requests.get(f"{url}{begun['Path']}", auth=(USER, PASSWORD), timeout=60).json()
        assert job["Type"] == "Archive"
        assert requests.get(f"{url}{study}", auth=(USER, PASSWORD), timeout=60).json()["ID"]
