"""The operators' page: a folder is published by nginx, checked, downloaded and updated."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.lab import free_port
from tests.portal import content_of, git
from tests.running import run_datalad
from tests.test_docs import ROOT, indented, shell

PAGE = (ROOT / "docs/operators.rst").read_text()
SITE, FOLDER = "https://data.example", "/srv/study"

# all that is around the lines of the page; who is root has to say that workers are, too
CONFIG = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {lines}
    }}
}}
"""


@contextmanager
def nginx(program: str, folder: Path, lines: str) -> Iterator[str]:
    """nginx with lines in its server; gives its address."""
    folder.mkdir()
    port = free_port()
    user = "" if os.geteuid() else "user root;"
    config = CONFIG.format(user=user, folder=folder, port=port, lines=lines)
    (folder / "nginx.conf").write_text(config)
    command = [program, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    with running(command, f"http://127.0.0.1:{port}") as url:
        yield url


@contextmanager
def running(command: list[str], url: str) -> Iterator[str]:
    """A server, from when it answers on; gives its address."""
    with subprocess.Popen(command) as process:
        try:
            end = time.monotonic() + 60
            while time.monotonic() < end:
                try:
                    requests.get(url, timeout=60)
                    break
                except requests.ConnectionError:
                    assert process.poll() is None, command
                    time.sleep(0.05)
            yield url
        finally:
            process.terminate()


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A folder with files of all kinds; no dataset."""
    study = tmp_path / "srv/study"
    for path in ("README", "sub-01/anat T1.nii.gz", "sub-01/ü#%.txt", "code/.bidsignore"):
        (study / path).parent.mkdir(parents=True, exist_ok=True)
        (study / path).write_bytes(content_of(path))
    (study / "empty").touch()
    (study / "latest").symlink_to("sub-01")
    (study / "run.sh").write_text("#!/bin/sh\n")
    (study / "run.sh").chmod(0o755)
    return study


# likewise
APACHE = """
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/httpd.pid
ErrorLog {folder}/error.log
Mutex file:{folder}
{modules}
TypesConfig /dev/null
{lines}
"""
MODULES = ("mpm_event", "authz_core", "mime", "alias", "headers")
MODULES_AT = "/usr/lib/apache2/modules"


@contextmanager
def apache(program: str, folder: Path, lines: str) -> Iterator[str]:
    """Apache with lines in its configuration; gives its address."""
    folder.mkdir()
    port = free_port()
    modules = "\n".join(f"LoadModule {m}_module {MODULES_AT}/mod_{m}.so" for m in MODULES)
    config = APACHE.format(port=port, folder=folder, modules=modules, lines=lines)
    (folder / "httpd.conf").write_text(config)
    command = [program, "-X", "-f", str(folder / "httpd.conf")]
    with running(command, f"http://127.0.0.1:{port}") as url:
        yield url


SERVERS = {"nginx": (nginx, "nginx"), "apache": (apache, "apache2")}


@pytest.fixture(params=SERVERS)
def site(
    study: Path, tmp_path: Path, program: Callable[[str], str], request: pytest.FixtureRequest
) -> Iterator[str]:
    start, name = SERVERS[request.param]
    (lines,) = re.findall(rf"code-block:: {request.param}\n\n((?:   .*\n)+)", PAGE)
    with start(program(name), tmp_path / "server", lines.replace(FOLDER, str(study))) as url:
        yield url


def quiet(*args: str) -> None:
    """It has nothing to warn of."""
    done = run_datalad(*args)
    assert done.code == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    assert "warning" not in done.stdout


@pytest.mark.slow
def test_the_page_from_top_to_bottom(study: Path, site: str, tmp_path: Path) -> None:
    commands = [c for c in indented("operators.rst") if c.startswith("datalad")]
    here = [c.replace(SITE, site).replace(FOLDER, str(study)) for c in commands]
    make, check, get, content, export, update, named, zipped = here
    shell(f"{make}\n{check}\n{get}\n{content}", tmp_path)
    assert not (tmp_path / "check").exists()
    dataset = tmp_path / "study"
    assert len(git(dataset, "annex", "find").splitlines()) == 8
    for path in ("sub-01/ü#%.txt", "latest/anat T1.nii.gz", "run.sh", "empty"):
        assert (dataset / path).read_bytes() == (study / path).read_bytes()
    assert os.access(dataset / "run.sh", os.X_OK)
    shell(f"{export}\nsha256sum -c study.zip.sha256", tmp_path)
    with zipfile.ZipFile(tmp_path / "study.zip") as archive:
        assert "sub-01/anat T1.nii.gz" in archive.namelist()
    (study / "README").write_text("a new version")
    (study / "empty").unlink()
    shell(f"{update}\n{get} --delete\n{content}", tmp_path)
    assert (dataset / "README").read_text() == "a new version"
    assert not (dataset / "empty").exists()
    shell(f"{named}\n{zipped}\n{get} --get", tmp_path)
    found = json.loads((dataset / ".datalad/jsdl/archives.json").read_text())
    zip_there = {"urls": [f"{site}/study/study.zip"]}
    assert found == {"archives": [zip_there]}
    (study / "README").write_text("a newer version")
    shell(f"{update}\n{zipped}", tmp_path)
    listed = json.loads((study / "manifest.json").read_text())
    assert listed.pop("/") == found
    assert (study / "study.zip.sha256").exists()
    assert not [path for path in listed if "zip" in path]
    # one zip for all: what is announced is the same
    announced = (tmp_path / "study.zip.sha256", study / "study.zip.sha256")
    shell(export, tmp_path)
    assert len({file.read_text() for file in announced}) == 1


def test_what_is_imported_and_checked_is_green(study: Path, site: str, tmp_path: Path) -> None:
    for name in ("m.json", "m.jsonl", "m.meta4"):
        args = ("--base-url", f"{site}/study", "-o", str(study / name))
        quiet("make-manifest", str(study), "--exclude", "m.*", *args)
        quiet("download-manifest", "--check", f"{site}/study/{name}", "ds")


def test_a_checksum_list_is_a_manifest(study: Path, site: str, tmp_path: Path) -> None:
    if not shutil.which("sha256sum"):
        pytest.skip("sha256sum is not installed")
    shell("find . -type f -print0 | xargs -0 sha256sum > ../SHA256SUMS", study)
    shutil.move(study.parent / "SHA256SUMS", study)
    quiet("download-manifest", "--get", f"{site}/study/SHA256SUMS", "of-its-url")
    local = ("download-manifest", "--base-url", f"{site}/study", str(study / "SHA256SUMS"))
    quiet(*local, "of-a-file")
    for name in ("of-its-url", "of-a-file"):
        found = git(tmp_path / name, "ls-tree", "-r", "HEAD", "--", "sub-01", "README", "code")
        assert len(found.splitlines()) == 4
        assert "120000" in found
    assert (tmp_path / "of-its-url/sub-01/ü#%.txt").read_bytes() == content_of("sub-01/ü#%.txt")


def test_what_git_keeps_is_not_served(study: Path, site: str) -> None:
    (study / ".git").mkdir()
    (study / ".git/config").write_text("secret")
    assert requests.get(f"{site}/study/.git/config", timeout=60).status_code == 404
    asked = requests.get(f"{site}/study/README", headers={"Range": "bytes=1-2"}, timeout=60)
    assert (asked.status_code, len(asked.content)) == (206, 2)
    (study / "manifest.json").write_text("{}")
    manifest = requests.get(f"{site}/study/manifest.json", timeout=60)
    assert manifest.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["README", "manifest.json", "none"])
def test_pages_of_other_sites_may_read_it(study: Path, site: str, name: str) -> None:
    (study / "manifest.json").write_text("{}")
    answer = requests.get(f"{site}/study/{name}", headers={"Origin": SITE}, timeout=60)
    assert answer.status_code == (404 if name == "none" else 200)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
