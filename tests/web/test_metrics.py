"""The numbers that a portal tells."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from datalad_jsdl.portal.site import Site
from tests.lab import Lab
from tests.portal import write_manifest
from tests.web.conftest import TOKEN, Client, running

LIST = "/download/list/me"


def numbers(client: Client, **headers: str) -> dict[str, float]:
    answer = requests.get(f"{client.url}/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def ordered(client: Client) -> str:
    client.post(f"{LIST}/add", {"dataset": "m", "path": "a/f1"})
    made = client.ask("PUT", f"{LIST}/order", 201, json={}).json()["orderId"]
    return str(made)


def test_what_is_counted(client: Client) -> None:
    order = ordered(client)
    token = client.post(f"/download/order/{order}/async/start", None, 202)["token"]
    client.wait(f"/download/order/{order}/async/get/{token}")
    whole = client.ask("GET", f"/orders/{order}/archive").content
    client.get("/orders/nothing", 404)
    requests.get(f"{client.url}/nothing")
    requests.request("BREW", f"{client.url}/health")
    found = numbers(client)
    assert found["jsdl_archive_sent_bytes_total"] == len(whole)
    assert found["jsdl_downloads_under_way"] == 0
    assert found['jsdl_jobs{kind="prepare",state="done"}'] == 1
    route = "/api/v1/orders/{order}"
    assert found[f'jsdl_requests_total{{method="GET",route="{route}",status="404"}}'] == 1
    assert found['jsdl_requests_total{method="GET",route="none",status="404"}'] == 1
    assert 'jsdl_archives_broken_off_total{fault="source"}' not in found
    assert not any(order in name for name in found)


def test_an_archive_that_is_broken_off(site: Site, lab: Lab) -> None:
    with running(site, jobs=0) as client:
        order = ordered(client)
        lab.put("a/f1", status=403)
        with pytest.raises(requests.RequestException):
            client.ask("GET", f"/orders/{order}/archive")
        assert numbers(client)['jsdl_archives_broken_off_total{fault="source"}'] == 1


def test_who_may_know_them(client: Client) -> None:
    forwarded = {"x-forwarded-for": "192.0.2.1"}
    assert requests.get(f"{client.url}/metrics", headers=forwarded).status_code == 403
    wrong = {**forwarded, "authorization": "Bearer wrong"}
    assert requests.get(f"{client.url}/metrics", headers=wrong).status_code == 403
    assert numbers(client, authorization=f"Bearer {TOKEN}", **forwarded)


_ANOTHER = """
import sys
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.portal.metrics import Metrics
from pathlib import Path
with Store.of_file(Path(sys.argv[1])) as store:
    metrics = Metrics(store)
    metrics.sent(int(sys.argv[2]))
    sys.stdout.write(metrics.text().decode())
"""


def test_several_processes(
    portal: Callable[..., Site], members: dict[str, Any], tmp_path: Path
) -> None:
    write_manifest("m.json", members)
    portal()
    (tmp_path / "numbers").mkdir()
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "numbers")}
    for size in (5, 7):
        command = [sys.executable, "-c", _ANOTHER, str(tmp_path / "portal.sqlite"), str(size)]
        told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "jsdl_archive_sent_bytes_total 12.0" in told.stdout
