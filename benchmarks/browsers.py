"""A browser without a driver: a page of ours asks for jobs, and says what came of them.

A driver would keep what a page loads in memory, and count as the browser's.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving import below, memory_of

import datalad_jsdl

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CLIENT_ZIP", "Browser", "browser"]

_MODULE = Path(datalad_jsdl.__file__).parent / "browser"
_PAGE = Path(__file__).with_name("browser_page.js")
CLIENT_ZIP = Path(__file__).parents[1] / "tests/browser/node_modules/client-zip"
_HTML = b'<!doctype html><meta charset="utf-8"><title>Benchmark</title>'
_SCRIPT = _HTML + b'<script type="module" src="/page.js"></script>'
_WAIT = 5.0  # seconds that the page waits for a job before it asks again
_LONGEST = 900.0  # seconds of a job
_CHROMIUM = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"]
#: No telemetry, no updates; downloads go to a folder and do not ask.
_PREFS = """\
user_pref("browser.download.folderList", 2);
user_pref("browser.download.dir", "{downloads}");
user_pref("browser.download.useDownloadDir", true);
user_pref("browser.download.always_ask_before_handling_new_types", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
user_pref("app.update.auto", false);
"""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # a browser that has ended while its page asks for a job is no news
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Pages:
    """The server of the page."""

    def __init__(self) -> None:
        self.jobs: queue.Queue[dict[str, Any]] = queue.Queue()
        self.said: queue.Queue[dict[str, Any]] = queue.Queue()
        self.ready = threading.Event()  # the page has asked
        pages = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                if self.path == "/job":
                    pages.ready.set()
                    try:
                        job = pages.jobs.get(timeout=_WAIT)
                    except queue.Empty:
                        self._answer(204, b"", "text/plain")
                    else:
                        self._answer(200, json.dumps(job).encode(), "application/json")
                    return
                content = {"/": _SCRIPT, "/blank": _HTML, "/page.js": _PAGE.read_bytes()}
                found = content.get(self.path) or _file(self.path)
                html = self.path in ("/", "/blank")
                kind = "text/html" if html else "text/javascript"
                self._answer(404 if found is None else 200, found or b"", kind)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                pages.said.put(json.loads(body))
                self._answer(204, b"", "text/plain")

            def _answer(self, status: int, content: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                if status != 204:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


def _file(path: str) -> bytes | None:
    places = {"/jsdl/": _MODULE, "/client-zip/": CLIENT_ZIP}
    for start, folder in places.items():
        file = folder / path.removeprefix(start)
        if path.startswith(start) and file.is_file():
            return file.read_bytes()
    return None


class Browser:
    """One that runs, with the page in it.

    Attributes:
        pid: of its first process.
        blank: bytes that it takes with a blank page.
        downloads: folder that a click on save fills.
    """

    def __init__(self, pages: _Pages, pid: int, blank: int, downloads: Path) -> None:
        self._pages = pages
        self.pid = pid
        self.blank = blank
        self.downloads = downloads

    def do(self, job: dict[str, Any]) -> dict[str, Any]:
        """What the page says of a job.

        Raises:
            SystemExit: it failed.
        """
        self._pages.jobs.put(job)
        said = self._pages.said.get(timeout=_LONGEST)
        if said.get("error") or said.get("fault") or said.get("failed"):
            raise SystemExit(f"{job['kind']} failed: {said}")
        return said

    def cpu(self) -> float:
        """Seconds that its processes have taken so far."""
        return sum(map(_cpu, (self.pid, *below(self.pid))))


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    # its own, and of those below it that have ended
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def browser(name: str, folder: Path, *, blank_seconds: float = 0) -> Iterator[Browser | None]:
    """Start one; None if it is not installed.

    Args:
        name: ``chromium`` or ``firefox-esr``.
        folder: for its profile and its downloads.
        blank_seconds: how long a blank page is looked at before ours.
    """
    program = shutil.which(name)
    if program is None:
        print(f"  {name}: not installed")
        yield None
        return
    pages = _Pages()
    threading.Thread(target=pages.server.serve_forever, daemon=True).start()
    downloads = folder / "downloads"
    downloads.mkdir()
    try:
        blank = 0
        if blank_seconds:
            with _started(name, program, folder / "blank", downloads, f"{pages.url}/blank") as pid:
                threading.Event().wait(blank_seconds)
                blank = memory_of(pid)
        with _started(name, program, folder / "profile", downloads, f"{pages.url}/") as pid:
            if not pages.ready.wait(60):
                raise SystemExit(f"{name} does not show a page")
            yield Browser(pages, pid, blank, downloads)
    finally:
        pages.server.shutdown()
        pages.server.server_close()


@contextmanager
def _started(name: str, program: str, profile: Path, downloads: Path, url: str) -> Iterator[int]:
    if name == "chromium":
        (profile / "Default").mkdir(parents=True)
        wanted = {"default_directory": str(downloads), "prompt_for_download": False}
        (profile / "Default" / "Preferences").write_text(json.dumps({"download": wanted}))
        command = [program, *_CHROMIUM, f"--user-data-dir={profile}", url]
    else:
        profile.mkdir(parents=True)
        (profile / "user.js").write_text(_PREFS.format(downloads=downloads))
        command = [program, "--headless", "--no-remote", "--profile", profile, url]
    quiet = subprocess.DEVNULL
    # it ends with all that it has started
    child = subprocess.Popen(command, stdout=quiet, stderr=quiet)
    try:
        yield child.pid
    finally:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
