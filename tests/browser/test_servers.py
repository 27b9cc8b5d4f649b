"""The lines that the documentation has for servers, run: files of other origins come from them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from playwright.sync_api import BrowserContext

from tests.browser.site import Site
from tests.browser.test_chromium import DONE, START, described
from tests.lab import Lab, free_port
from tests.serving.test_operating import APACHE
from tests.test_docs_publishing import nginx, running

PAGE = (Path(__file__).parents[2] / "docs" / "browser.rst").read_text("utf-8")
CONTENT = bytes(3_000_000)
_MODULES = ("mpm_event", "authn_core", "authz_core", "alias", "headers", "unixd")


def block(kind: str, having: str) -> str:
    """A piece of the documentation."""
    blocks = re.findall(rf"\.\. code-block:: {kind}\n\n((?:   .*\n)+)", PAGE)
    (found,) = [piece for piece in blocks if having in piece]
    return str(found)


@contextmanager
def apache(program: str, folder: Path, lines: str) -> Iterator[str]:
    """Apache with lines in its configuration; gives its address."""
    folder.mkdir()
    port = free_port()
    files = [(name, Path(f"/usr/lib/apache2/modules/mod_{name}.so")) for name in _MODULES]
    modules = "\n".join(f"LoadModule {name}_module {file}" for name, file in files if file.exists())
    config = folder / "apache.conf"
    config.write_text(APACHE.format(folder=folder, port=port, modules=modules, host=lines))
    url = f"http://127.0.0.1:{port}"
    with running([program, "-X", "-f", str(config)], url):
        yield url


@pytest.fixture
def study(tmp_path: Path) -> Path:
    found = tmp_path / "study"
    found.mkdir()
    (found / "data").write_bytes(CONTENT)
    return found


def downloaded(context: BrowserContext, portal: Site, url: str) -> dict[str, Any]:
    """The report of two files of a server, of which one is not there."""
    page = context.new_page()
    page.goto(portal.url)
    contents = {"data": CONTENT, "gone": b"gone"}
    entries = {name: described(content, f"{url}/{name}") for name, content in contents.items()}
    page.evaluate(START, [entries, {}])
    report: dict[str, Any] = page.evaluate(DONE)
    return report


@pytest.mark.parametrize("server", ["nginx", "apache"])
def test_files_in_a_folder(
    server: str,
    chromium: Callable[[], BrowserContext],
    portal: Site,
    program: Callable[[str], str],
    study: Path,
    tmp_path: Path,
) -> None:
    lines = block(server, "/srv/study").replace("/srv/study", str(study))
    start, name = {"nginx": (nginx, "nginx"), "apache": (apache, "apache2")}[server]
    with start(program(name), tmp_path / "server", lines) as url:
        report = downloaded(chromium(), portal, f"{url}/study")
        asked = {"Range": "bytes=5-8", "Origin": portal.url}
        answer = requests.get(f"{url}/study/data", headers=asked, timeout=60)
    # what is not there is known as such: errors may be read, too
    assert [(item["path"], item["reason"]) for item in report["failed"]] == [("gone", "gone")]
    assert (report["saved"], report["verified"]) == (1, 1)
    assert answer.status_code == 206
    assert "Content-Range" in answer.headers["Access-Control-Expose-Headers"]


def test_a_server_behind_nginx(
    chromium: Callable[[], BrowserContext],
    portal: Site,
    program: Callable[[str], str],
    lab: Lab,
    tmp_path: Path,
) -> None:
    lab.put("data", CONTENT)
    lab.put("gone", status=404)
    lines = block("nginx", "/orthanc/").replace("127.0.0.1:8042", f"127.0.0.1:{lab.port}")
    with nginx(program("nginx"), tmp_path / "server", lines) as url:
        report = downloaded(chromium(), portal, f"{url}/orthanc")
    assert [(item["path"], item["reason"]) for item in report["failed"]] == [("gone", "gone")]
    assert report["saved"] == 1


def test_the_rules_for_s3_are_such() -> None:
    rules = json.loads(block("json", "CORSRules"))
    model = ServiceModel(Loader().load_service_model("s3", "service-2"))
    shape = model.operation_model("PutBucketCors").input_shape
    given = {"Bucket": "study", "CORSConfiguration": rules}
    assert not ParamValidator().validate(given, shape).has_errors()
    rule = rules["CORSRules"][0]
    assert set(rule) <= set(model.shape_for("CORSRule").members)
