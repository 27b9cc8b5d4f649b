"""The API over HTTP: lists, orders, what is served."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

from datalad_jsdl.orders.ordering import Limits
from datalad_jsdl.portal.api import requests as module
from datalad_jsdl.portal.api.document import BASE, document
from datalad_jsdl.portal.api.routes import api_routes
from datalad_jsdl.portal.api.table import OPERATIONS
from datalad_jsdl.portal.site import Site
from tests.lab import Lab
from tests.portal import content_of, datalad, described, git, write_manifest
from tests.web.conftest import TOKEN, Client, running

LIST = "/download/list/me"
F1 = {"dataset": "m", "path": "a/f1"}


def paths(listed: Any) -> list[str]:
    return [file["path"] for file in listed["filesToDownload"]]


def test_a_list(client: Client) -> None:
    empty = client.get(LIST)
    assert (empty["filesToDownload"], empty["updatedOn"], empty["numberOfFiles"]) == ([], None, 0)
    one = client.post(f"{LIST}/add", F1)
    (file,) = one["filesToDownload"]
    assert {k: file[k] for k in ("dataset", "path", "sizeBytes", "access")} == {
        **F1, "sizeBytes": 3000, "access": "open",
    }  # fmt: skip
    assert one["updatedOn"].endswith("Z")
    assert (one["totalSizeMB"], one["totalSizeBytes"]) == (1, 3000)
    for path in ("a", "nothing", "../m", "a/../a/f1", "/etc/passwd"):
        problem = client.post(f"{LIST}/add", {"dataset": "m", "path": path}, 404)
        assert problem["status"] == 404
    client.post(f"{LIST}/add", {"dataset": "other", "path": "a/f1"}, 404)
    assert paths(client.post(f"{LIST}/remove", [F1, {"dataset": "no", "path": "x"}])) == []
    assert paths(client.post(f"{LIST}/undo")) == ["a/f1"]
    links = client.get(f"{LIST}?links=true")
    assert links["filesToDownload"][0]["link"].endswith("/a/f1")
    assert client.ask("DELETE", LIST, 204).content == b""
    assert paths(client.get(LIST)) == []
    assert client.ask("HEAD", LIST).content == b""


def test_files_are_added_in_the_background(client: Client) -> None:
    started = {"concreteType": "AddFolderRequest", "parentId": "m/a"}
    token = client.post(f"{LIST}/add/async/start", started, 202)["token"]
    listed = client.wait(f"{LIST}/add/async/get/{token}")
    assert paths(listed) == ["a/f1", "a/f2"]
    started = {"concreteType": "AddQueryRequest", "dataset": "m", "query": {"glob": "*f?"}}
    token = client.post(f"{LIST}/add/async/start", started, 202)["token"]
    assert len(paths(client.wait(f"{LIST}/add/async/get/{token}"))) == 4
    started = {"concreteType": "AddFilesRequest", "dataset": "m", "paths": ["", "c"]}
    token = client.post(f"{LIST}/add/async/start", started, 202)["token"]
    assert len(paths(client.wait(f"{LIST}/add/async/get/{token}"))) == 6
    client.post(
        f"{LIST}/add/async/start", {"concreteType": "AddFolderRequest", "parentId": "m/x"}, 404
    )
    started = {"concreteType": "AddQueryRequest", "dataset": "m", "query": {"table": "age > 3"}}
    token = client.post(f"{LIST}/add/async/start", started, 202)["token"]
    while client.ask("GET", f"{LIST}/add/async/get/{token}", None).status_code == 202:
        pass
    problem = client.get(f"{LIST}/add/async/get/{token}", 409)
    assert "only a dataset has tables" in problem["detail"]
    assert client.get(f"/jobs/{token}")["jobState"] == "failed"
    client.get(f"{LIST}/add/async/get/nothing", 404)
    client.get(f"{LIST}/review/async/get/{token}", 404)  # of another kind


def test_from_the_list_to_the_bytes(client: Client, lab: Lab, tmp_path: Path) -> None:
    everything = {"concreteType": "AddFolderRequest", "parentId": "m", "recursive": True}
    token = client.post(f"{LIST}/add/async/start", everything, 202)["token"]
    client.wait(f"{LIST}/add/async/get/{token}")
    review = client.get(f"{LIST}/review")
    assert [(g["access"], g["isOrderable"]) for g in review["groups"]] == [
        ("open", True), ("terms", False),
    ]  # fmt: skip
    order = client.ask(
        "PUT", f"{LIST}/order", 201, json={"subSet": [F1, {"dataset": "m", "path": "c/unknown"}],
                                           "zipFileName": 'tw"o \N{SNOWMAN}'},
    )  # fmt: skip
    made = order.json()
    assert order.headers["location"] == f"/api/v1/download/order/{made['orderId']}"
    assert [file["path"] for file in made["files"]] == ["a/f1", "c/unknown"]
    assert (made["createdBy"], made["zipFileName"]) == ("me", 'tw"o \N{SNOWMAN}.zip')
    own = f"/download/order/{made['orderId']}"
    assert client.get(own)["files"] == made["files"]
    token = client.post(f"{own}/async/start", None, 202)["token"]
    found = client.wait(f"{own}/async/get/{token}")
    assert client.post(f"{own}/async/get/{token}", None) == found
    assert {file["status"] for file in found["files"]} == {"SUCCESS"}
    # the link needs no login
    whole = requests.get(found["downloadUrl"]).content
    assert hashlib.sha256(whole).hexdigest() == found["sha256"]
    state = client.get(f"/orders/{made['orderId']}")
    assert (state["phase"], state["sha256"], state["failed"]) == ("ready", found["sha256"], [])
    ours = f"/orders/{made['orderId']}"
    (tmp_path / made["zipFileName"]).write_bytes(whole)
    Path("sum").write_bytes(client.ask("GET", f"{ours}/archive.sha256").content)
    Path("config").write_bytes(client.ask("GET", f"{ours}/curl").content)
    subprocess.run(["curl", "-sS", "-K", "config"], check=True)
    (file,) = tmp_path.glob('tw"o*-*.zip')
    file.write_bytes(whole[:1000])
    subprocess.run(["curl", "-sS", "-K", "config"], check=True)
    assert file.read_bytes() == whole
    subprocess.run(["sha256sum", "-c", "sum"], check=True)
    Path("o.json").write_bytes(client.ask("GET", f"{ours}/manifest").content)
    datalad("export-archive-jsdl", "--manifest", "o.json", "-t", "zip", made["zipFileName"], code=0)
    assert client.get(f"{ours}/comparison")["unchanged"] == 2
    again = client.post(f"{ours}/repeat", {"zipFileName": "again"}, 201)
    history = client.get("/download/order/me/history?limit=1")
    assert [found["orderId"] for found in history["results"]] == [again["orderId"]]
    assert history["totalNumberOfResults"] == 2
    client.ask("POST", f"{ours}/links/revoke", 204)
    assert requests.get(found["downloadUrl"]).status_code == 410
    assert client.ask("GET", f"{ours}/archive").content == whole


def test_an_order_that_is_too_large(portal: Callable[..., Site], members: dict[str, Any]) -> None:
    write_manifest("m.json", members)
    with running(portal(limits=Limits(size=4000))) as client:
        body = {"concreteType": "AddFolderRequest", "parentId": "m/a", "recursive": True}
        token = client.post(f"{LIST}/add/async/start", body, 202)["token"]
        client.wait(f"{LIST}/add/async/get/{token}")
        problem = client.ask("PUT", f"{LIST}/order", 409, json={}).json()
        assert problem["bytesOver"] == 5000
        review = client.get(f"{LIST}/review")
        assert (review["fitting"]["numberOfFiles"], review["left"]["numberOfFiles"]) == (1, 2)
        client.ask("PUT", f"{LIST}/order", 201, json={"subSet": review["fits"]})
        assert client.get(LIST)["numberOfFiles"] == 2
        client.ask("DELETE", LIST, 204)
        problem = client.ask("PUT", f"{LIST}/order", 409, json={}).json()
        assert "the list is empty" in problem["detail"]


def test_browsing(client: Client) -> None:
    (dataset,) = client.get("/datasets")["datasets"]
    assert (dataset["name"], dataset["kind"], dataset["numberOfFiles"]) == ("m", "manifest", 6)
    page = client.get("/datasets/m/files?folder=a&pageSize=2&sort=size&descending=true")
    assert [row["name"] for row in page["rows"]] == ["b", "f1"]
    assert (page["pages"], page["totalNumberOfRows"], page["folder"]["numberOfFiles"]) == (2, 3, 3)
    assert client.get("/datasets/m/files?search=F4")["rows"][0]["path"] == "c/f4"
    client.get("/datasets/m/files?folder=x", 404)
    client.get("/datasets/x/files", 404)
    found = client.post("/datasets/m/statistics", {"recursive": True})
    assert (found["numberOfFiles"], found["numberOfRestrictedFiles"]) == (6, 1)
    assert client.post("/datasets/m/statistics", {"paths": ["a"]})["numberOfFiles"] == 2
    one = client.post("/datasets/m/statistics", {"query": {"glob": ["*f1", "*f4"]}})
    assert one["totalSizeBytes"] == 6000
    children = client.post("/entity/children", {"parentId": "m/a", "partMask": 3})
    assert (children["count"], children["totalFileSizeMB"]) == (2, 1)
    assert [child["id"] for child in children["page"]] == ["m/a/b", "m/a/f1", "m/a/f2"]
    assert client.post("/entity/children", {"parentId": None})["page"][0]["id"] == "m"
    assert "count" not in client.post("/entity/children", {"parentId": "m"})
    body = {"dataset": "m", "query": {"glob": "*f?"}, "partMask": 0x22}
    assert client.post("/query", body) == {
        "queryCount": 4, "sizeOfAllFilesMB": 1, "sizeOfAllFilesBytes": 12_000,
    }  # fmt: skip
    body = {"dataset": "m", "query": {"glob": "*f?"}, "limit": 1, "offset": 1}
    assert client.post("/query", body)["queryResult"]["files"] == [F1]


def test_queries_on_tables(portal: Callable[..., Site], lab: Lab) -> None:
    table = b"participant_id\tage\nsub-1\t20\nsub-2\t40\n"
    members = {
        "participants.tsv": {"urls": [lab.put("p", table)], "size": len(table)},
        **{f"sub-{n}/f": described(f"f{n}", "https://a.example/f") for n in (1, 2)},
    }
    datalad("download-manifest", write_manifest("s.json", members), "study")
    with running(portal("study")) as client:
        body = {"dataset": "study", "query": {"table": "age > 30"}}
        found = client.post("/query", body)
        assert found["queryResult"]["files"] == [{"dataset": "study", "path": "sub-2/f"}]
        body["query"]["table"] = "weight >"
        client.post("/query", body, 400)
        body["query"] = {"metadata": "nonsense"}
        client.post("/query", body, 400)


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", f"{LIST}/add", {"dataset": "m"}, "path"),
        ("POST", f"{LIST}/add", {"dataset": "m", "path": 3}, "path"),
        ("POST", f"{LIST}/add", {"dataset": "m", "path": "a\0"}, "path"),
        ("POST", f"{LIST}/add", {**F1, "more": 1}, "more"),
        ("POST", f"{LIST}/add", [F1], ""),
        ("POST", f"{LIST}/remove", [F1, {"dataset": "m", "path": True}], "[1].path"),
        ("POST", f"{LIST}/add/async/start", {"concreteType": "Other"}, "concreteType"),
        ("POST", f"{LIST}/add/async/start", {}, "concreteType"),
        ("PUT", f"{LIST}/order", {"zipFileName": "a/b"}, "zipFileName"),
        ("PUT", f"{LIST}/order", {"subSet": {}}, "subSet"),
        ("POST", "/query", {"dataset": "m", "query": {}}, "query"),
        ("POST", "/query", {"dataset": "m", "query": {"glob": ["a", 1]}}, "query.glob[1]"),
        ("POST", "/query", {"dataset": "m", "query": {"glob": "a"}, "partMask": True}, "partMask"),
        ("GET", "/datasets/m/files?page=0", None, "page"),
        ("GET", "/datasets/m/files?page=x", None, "page"),
        ("GET", "/datasets/m/files?sort=x", None, "sort"),
        ("GET", "/datasets/m/files?x=1", None, "x"),
        ("GET", "/datasets/m/files?page=1&page=2", None, "page"),
    ],
)
def test_a_field_that_is_wrong_is_named(
    client: Client, method: str, path: str, body: Any, field: str
) -> None:
    answer = client.ask(method, path, 400, json=body)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"] == field


def test_bodies_that_are_none(client: Client) -> None:
    for raw in (b"", b"{", b"\xff", b'{"dataset": NaN}', b'"\\ud800"', b"[" * 100_000):
        kind = {"content-type": "application/json"}
        client.ask("POST", f"{LIST}/add", 400, data=raw, headers=kind)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    client.ask("POST", f"{LIST}/add", 415, data=b"{}", headers=kind)
    client.ask("POST", f"{LIST}/remove", 413, data=b" " * (9 << 20))
    client.ask("POST", f"{LIST}/remove", 413, data=iter([b" " * (1 << 20)] * 9))


def test_nobody_sees_what_is_of_others(client: Client, site: Site) -> None:
    client.get("/download/list/you", 404)
    client.get("/download/order/you/history", 404)
    client.post(f"{LIST}/add", F1)
    mine = client.ask("PUT", f"{LIST}/order", 201, json={}).json()["orderId"]
    (listed,) = site.desk.orders.history("me")[0]
    token = client.post(f"/download/order/{mine}/async/start", None, 202)["token"]
    other = site.desk.orders.repeat(
        site.desk.orders.find(listed.id), is_chosen=lambda file: True
    ).summary.id
    with site.desk.store.write() as connection:
        connection.exec_driver_sql("UPDATE orders SET user = 'you' WHERE id = ?", (other,))
    for path in ("", "/events", "/archive", "/archive.sha256", "/manifest", "/curl"):
        client.get(f"/orders/{other}{path}", 404)
    client.get(f"/download/order/{other}", 404)
    client.get(f"/download/order/{other}/async/get/{token}", 404)
    client.get("/orders/%00", 404)
    for path in (LIST, "/datasets", f"/orders/{mine}", f"/orders/{mine}/events"):
        answer = requests.get(f"{client.url}{BASE}{path}")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert client.ask("PATCH", LIST, 405).headers["allow"] == "DELETE, GET, HEAD"
    client.get("/nothing", 404)


def test_a_store_that_others_write_to(client: Client, site: Site) -> None:
    with site.desk.store.write():
        answer = client.ask("DELETE", LIST, 503)
    assert int(answer.headers["retry-after"]) > 0
    client.ask("DELETE", LIST, 204)


def test_events(client: Client, lab: Lab) -> None:
    client.post(f"{LIST}/add", {"dataset": "m", "path": "c/unknown"})
    mine = client.ask("PUT", f"{LIST}/order", 201, json={}).json()["orderId"]
    where = f"/orders/{mine}/events"
    with client.ask("GET", where, stream=True) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = answer.content.decode()
    blocks = text.split("\n\n")
    assert blocks[0] == "retry: 3000"
    last = dict(line.split(": ", 1) for line in blocks[-2].splitlines())
    assert json.loads(last["data"])["phase"] == "ready"
    ended = client.ask("GET", where, 204, headers={"last-event-id": last["id"]})
    assert ended.content == b""


def test_a_server_that_ends_ends_its_events(site: Site) -> None:
    with running(site, jobs=0) as client:
        client.post(f"{LIST}/add", F1)
        mine = client.ask("PUT", f"{LIST}/order", 201, json={}).json()["orderId"]
        answer = client.ask("GET", f"/orders/{mine}/events", stream=True)
        lines = answer.iter_lines()
        assert next(lines) == b"retry: 3000"
        site.is_ending = True
        assert b'"phase": "queued"' in b"".join(lines)


def test_the_document_has_all_routes(client: Client, site: Site) -> None:
    found = client.get("/openapi.json")
    assert found == json.loads(json.dumps(document(OPERATIONS)))
    routed = {route.path for route in api_routes(site) if route.path.startswith(BASE)}
    assert routed == set(found["paths"])
    for path, rows in found["paths"].items():
        for method, row in rows.items():
            assert row["operationId"], f"{method} {path}"
    names = [o.name for o in OPERATIONS]
    assert len(set(names)) == len(names)


def test_the_schemas_are_schemas() -> None:
    for schema in document(OPERATIONS)["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_a_body_that_does_not_come(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WITHIN", 0.1)
    host, _, port = client.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        head = f"POST {BASE}{LIST}/add HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {TOKEN}"
        connection.sendall(f"{head}\r\ncontent-length: 10\r\n\r\n{{".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_a_dataset(portal: Callable[..., Site], lab: Lab) -> None:
    """Its files are ordered by the commit that they were listed in."""
    members = {f"a/f{n}": described(f"f{n}", lab.put(f"f{n}", content_of(f"f{n}"))) for n in "12"}
    datalad("download-manifest", write_manifest("s.json", members), "study")
    with running(portal("study")) as client:
        assert client.post(f"{LIST}/add", {"dataset": "study", "path": "a/f1"})["numberOfFiles"]
        commit = git(Path("study"), "rev-parse", "HEAD")
        client.post(f"{LIST}/add", {"dataset": "study", "path": ".datalad/config"}, 404)
        made = client.ask("PUT", f"{LIST}/order", 201, json={"zipFileName": "one"}).json()
        assert made["files"][0]["version"] == commit
        git(Path("study"), "rm", "-q", "a/f1")
        git(Path("study"), "commit", "-q", "-m", "less")
        token = client.post(f"/download/order/{made['orderId']}/async/start", None, 202)["token"]
        found = client.wait(f"/download/order/{made['orderId']}/async/get/{token}")
        Path("one.zip").write_bytes(requests.get(found["downloadUrl"]).content)
        with zipfile.ZipFile("one.zip") as archive:
            assert archive.read("one/a/f1") == content_of("f1")
        assert client.get(f"/orders/{made['orderId']}/comparison")["gone"] == 1
        page = client.get("/datasets/study/files?folder=a")
        assert [row["name"] for row in page["rows"]] == ["f2"]


def test_files_that_cannot_be_read(client: Client, lab: Lab) -> None:
    lab.put("a/f1", b"other content")
    body = {"concreteType": "AddFolderRequest", "parentId": "m/a"}
    token = client.post(f"{LIST}/add/async/start", body, 202)["token"]
    client.wait(f"{LIST}/add/async/get/{token}")
    made = client.ask("PUT", f"{LIST}/order", 201, json={}).json()
    own = f"/download/order/{made['orderId']}"
    token = client.post(f"{own}/async/start", None, 202)["token"]
    found = client.wait(f"{own}/async/get/{token}")
    assert found["downloadUrl"] is None
    assert [file["status"] for file in found["files"]] == ["FAILURE", "SUCCESS"]
    assert "13" in found["files"][0]["reason"]
    ours = f"/orders/{made['orderId']}"
    state = client.get(ours)
    assert (state["phase"], len(state["failed"])) == ("failed", 1)
    assert state["message"].startswith("1 file could not be read, such as a/f1: ")
    assert "async/start" in client.get(f"{ours}/archive.sha256", 409)["detail"]
    # once the mirror is right again, the same order is
    lab.put("a/f1", content_of("a/f1"))
    token = client.post(f"{own}/async/start", None, 202)["token"]
    assert client.wait(f"{own}/async/get/{token}")["downloadUrl"]


def test_the_archive_of_a_failed_order(client: Client, lab: Lab) -> None:
    """Whoever only asks for it is told why there is none, and starts nothing."""
    lab.put("unknown", status=404)
    client.post(f"{LIST}/add", {"dataset": "m", "path": "c/unknown"})
    made = client.ask("PUT", f"{LIST}/order", 201, json={}).json()["orderId"]
    ours = f"/orders/{made}"
    while (state := client.get(ours))["phase"] != "failed":
        assert state["phase"] in ("queued", "preparing")
    for _ in range(2):
        problem = client.get(f"{ours}/archive", 409)
        assert "1 file could not be read, such as c/unknown" in problem["detail"]
        assert [file["path"] for file in problem["failed"]] == ["c/unknown"]
    after = client.get(ours)
    assert (after["phase"], after["job"]["jobId"]) == ("failed", state["job"]["jobId"])


def test_not_all_failed_files_are_in_the_answer_for_the_archive(
    portal: Callable[..., Site], lab: Lab
) -> None:
    names = [f"d/{n:02}" for n in range(25)]
    write_manifest("m.json", {name: {"urls": [lab.put(name, status=404)]} for name in names})
    with running(portal()) as client:
        body = {"concreteType": "AddFilesRequest", "dataset": "m", "paths": names}
        token = client.post(f"{LIST}/add/async/start", body, 202)["token"]
        client.wait(f"{LIST}/add/async/get/{token}")
        made = client.ask("PUT", f"{LIST}/order", 201, json={}).json()["orderId"]
        while (state := client.get(f"/orders/{made}"))["phase"] != "failed":
            assert state["phase"] in ("queued", "preparing")
        assert [file["path"] for file in state["failed"]] == names
        problem = client.get(f"/orders/{made}/archive", 409)
        assert [file["path"] for file in problem["failed"]] == names[:20]
        assert problem["numberOfFailed"] == 25
        assert "25 files could not be read" in problem["detail"]


def test_the_archive_of_a_cancelled_order(site: Site) -> None:
    """Whoever only asks for it does not undo the cancellation."""
    with running(site, jobs=0) as client:
        client.post(f"{LIST}/add", {"dataset": "m", "path": "c/unknown"})
        ours = f"/orders/{client.ask('PUT', f'{LIST}/order', 201, json={}).json()['orderId']}"
        client.ask("DELETE", f"/jobs/{client.get(ours)['job']['jobId']}")
        problem = client.get(f"{ours}/archive", 409)
        assert "its preparation was cancelled. Prepare the order again" in problem["detail"]
        assert client.get(ours)["phase"] == "cancelled"


def _ordered(client: Client, name: str) -> str:
    """An order of two files, once it is ready; its id."""
    client.post(f"{LIST}/add", F1)
    client.post(f"{LIST}/add", {"dataset": "m", "path": "a/f2"})
    made = client.ask("PUT", f"{LIST}/order", 201, json={"zipFileName": name}).json()["orderId"]
    while (state := client.get(f"/orders/{made}"))["phase"] != "ready":
        assert state["phase"] in ("queued", "preparing")
    return str(made)


@pytest.mark.parametrize("by_download", [True, False])
def test_what_was_prepared_before_gets_its_sha256(client: Client, by_download: bool) -> None:
    """Of a second order nothing needs to be read, and so its SHA-256 is not known at first."""
    _ordered(client, "first")
    made = _ordered(client, "second")
    ours = f"/orders/{made}"
    state = client.get(ours)
    assert (state["sha256"], state["message"]) == (None, "")
    assert "Download the whole archive once" in client.get(f"{ours}/archive.sha256", 409)["detail"]
    if not by_download:
        token = client.post(f"/download/order/{made}/async/start", None, 202)["token"]
        assert client.get(ours)["phase"] == "ready"
        assert client.wait(f"/download/order/{made}/async/get/{token}")["sha256"]
    whole = client.ask("GET", f"{ours}/archive").content
    assert state["archiveSizeBytes"] == len(whole)
    assert client.get(ours)["sha256"] == hashlib.sha256(whole).hexdigest()


def test_orders_of_one_name_do_not_get_mixed_up(client: Client) -> None:
    """The same folder, the same name: curl must not continue one archive with another one."""
    for made in (_ordered(client, "t"), _ordered(client, "t")):
        Path("config").write_bytes(client.ask("GET", f"/orders/{made}/curl").content)
        subprocess.run(["curl", "-sS", "-K", "config"], check=True)
        Path("sum").write_bytes(client.ask("GET", f"/orders/{made}/archive.sha256").content)
        subprocess.run(["sha256sum", "-c", "sum"], check=True)


def test_a_job_is_cancelled(site: Site) -> None:
    with running(site, jobs=0) as client:
        body = {"concreteType": "AddFolderRequest", "parentId": "m/a"}
        token = client.post(f"{LIST}/add/async/start", body, 202)["token"]
        pending = client.ask("GET", f"{LIST}/add/async/get/{token}", 202)
        assert pending.headers["retry-after"] == "1"
        assert pending.json()["jobState"] == "queued"
        assert client.ask("DELETE", f"/jobs/{token}").json()["jobState"] == "cancelled"
        client.get(f"{LIST}/add/async/get/{token}", 409)


def test_links_are_for_the_address_that_clients_know(
    portal: Callable[..., Site], members: dict[str, Any]
) -> None:
    write_manifest("m.json", members)
    with running(portal(origin="https://data.example")) as client:
        client.post(f"{LIST}/add", F1)
        made = client.ask("PUT", f"{LIST}/order", 201, json={}).json()["orderId"]
        text = client.ask("GET", f"/orders/{made}/curl").text
        assert f'url = "https://data.example/d/{made}.' in text
