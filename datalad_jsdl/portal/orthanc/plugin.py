"""A plugin in Python for Orthanc: a portal that begins and ends with it, behind its own buttons.

Orthanc loads this file by itself (``PythonScript``); it imports nothing of the package, whose
program it starts as a process of its own. In Orthanc's configuration, all of it optional::

   "Downloads" : {
     "Command" : ["/opt/jsdl/bin/datalad"],
     "Host" : "127.0.0.1",
     "Port" : 8000,
     "Address" : "https://data.example.org",
     "Store" : "sqlite:////var/lib/orthanc/db-v6/downloads.sqlite",
     "Settings" : "/etc/orthanc/portal.ini",
     "SignIn" : "orthanc"
   }

A browser that asks for an archive is led to the portal's page. Whoever may ask Orthanc for one is
let in there, as one user for all (``"SignIn" : "orthanc"``); with ``"portal"``, visitors sign in
as the settings say. Programs, and every ``POST``, are answered by Orthanc itself as before. The
portal asks Orthanc with a token that Orthanc has made for this run; no password is needed.
"""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Plugin", "PluginSettings", "Portal", "read_settings"]

_ROUTE = r"/(patients|studies|series)/([0-9a-f]{8}(?:-[0-9a-f]{8}){4})/archive"
_LOGIN = "JSDL_ORTHANC"  # variables of the portal's process
_TOKEN = "JSDL_TOKEN"  # noqa: S105 - the name of a variable
_PR_SET_PDEATHSIG = 1
_GRACE = 30.0  # seconds that downloads have to end
_PAUSE = 5.0  # seconds before a portal that has ended by itself is started again
#: What Orthanc's errors mean over HTTP (``OrthancPluginErrorCode``).
_STATUSES = {8: 400, 17: 404}
_IS_LINUX = sys.platform == "linux"
#: Loaded now: a process that has just begun should load nothing.
_LIBRARY = ctypes.CDLL(None) if _IS_LINUX else None


@dataclass(frozen=True)
class PluginSettings:
    """What operators have set.

    Attributes:
        command: that starts DataLad.
        host: name or address that the portal listens on.
        port: of it.
        address: of the portal, as browsers know it; "" for the host that they know Orthanc by.
        store: database of the portal; by default beside Orthanc's own, "" for its usual place.
        settings: file of the portal; "" for none.
        lets_in: whether who is signed in to Orthanc is signed in to the portal.
        orthanc: URL of Orthanc itself, from the same machine.
    """

    command: Sequence[str]
    host: str
    port: int
    address: str
    store: str
    settings: str
    lets_in: bool
    orthanc: str

    @property
    def line(self) -> list[str]:
        """The command that starts the portal; without a secret."""
        line = [
            *self.command, "serve-downloads", "--no-open", "--orthanc", self.orthanc,
            "--credential", f"{self.orthanc} env:{_LOGIN} kind=bearer",
            "--host", self.host, "--port", str(self.port),
        ]  # fmt: skip
        line += ["--store", self.store] if self.store else []
        return line + (["--settings", self.settings] if self.settings else [])

    def page(self, uri: str, headers: Mapping[str, str], token: str) -> str:
        """Where the page for an archive is.

        Args:
            uri: path of the archive in Orthanc.
            headers: of the request; their names in lower case.
            token: that signs somebody in.
        """
        given = headers.get("host", "127.0.0.1")
        # [::1]:8042 has more colons than that before its port
        host = given[: given.rindex("]") + 1] if "]" in given else given.partition(":")[0]
        address = self.address or f"http://{host}:{self.port}"
        return f"{address}{uri}" + (f"?token={quote(token, safe='')}" if self.lets_in else "")


def read_settings(configuration: Mapping[str, Any]) -> PluginSettings:
    """What operators have set in Orthanc's configuration.

    Raises:
        ValueError: it is not as it has to be.
    """
    given = configuration.get("Downloads", {})
    known = {"Command", "Host", "Port", "Address", "Store", "Settings", "SignIn"}
    if not isinstance(given, dict) or (unknown := sorted(given.keys() - known)):
        what = unknown[0] if isinstance(given, dict) else "that is no object"
        raise ValueError(f"Downloads: unknown {what}; choose from {', '.join(sorted(known))}")
    sign_in = given.get("SignIn", "orthanc")
    if sign_in not in ("orthanc", "portal"):
        raise ValueError(f"Downloads: SignIn is orthanc or portal, not {sign_in!r}")
    command = given.get("Command", ["datalad"])
    folder = str(configuration.get("IndexDirectory", ""))
    store = f"sqlite:///{folder}/downloads.sqlite" if folder.startswith("/") else ""
    scheme = "https" if configuration.get("SslEnabled") else "http"
    return PluginSettings(
        [command] if isinstance(command, str) else list(command),
        str(given.get("Host", "127.0.0.1")),
        int(given.get("Port", 8000)),
        str(given.get("Address", "")).rstrip("/"),
        str(given.get("Store", store)),
        str(given.get("Settings", "")),
        sign_in == "orthanc",
        f"{scheme}://127.0.0.1:{int(configuration.get('HttpPort', 8042))}",
    )


class Portal:
    """The portal's process: started, started again if it ends by itself, and ended.

    Args:
        line: the command.
        secrets_: further variables of its environment.
    """

    def __init__(self, line: Sequence[str], secrets_: Mapping[str, str]) -> None:
        self._line = line
        # a service may have no home, which git asks for
        self._environment = {"HOME": "/nonexistent", **os.environ, **secrets_}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="downloads", daemon=True)

    def start(self) -> None:
        """Start it, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """End it in order."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        # the kernel ends a process whose parent's thread has ended, and this thread lives as
        # long as Orthanc does
        while not self._stop.is_set():
            try:
                process = subprocess.Popen(
                    self._line, env=self._environment, stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL, preexec_fn=_end_with_parent if _IS_LINUX else None,
                )  # fmt: skip
            except OSError as error:
                print(f"downloads: cannot start {self._line[0]}: {error.strerror}", file=sys.stderr)
                return
            while process.poll() is None and not self._stop.wait(0.2):
                pass
            if process.poll() is None:
                self._end(process)
                return
            print(f"downloads: the portal ended ({process.returncode})", file=sys.stderr)
            self._stop.wait(_PAUSE)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_with_parent() -> None:
    """Before the portal begins: have it end when Orthanc does, however that ends."""
    if _LIBRARY is not None:
        _LIBRARY.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)


class Plugin:
    """Answers for Orthanc.

    Args:
        orthanc: the module that Orthanc gives to its plugins.
    """

    def __init__(self, orthanc: Any) -> None:
        self._orthanc = orthanc
        self._settings = read_settings(json.loads(orthanc.GetConfiguration()))
        self._token = secrets.token_urlsafe(32)
        login = orthanc.GenerateRestApiAuthorizationToken()
        variables = {_LOGIN: login, _TOKEN: self._token}
        self._portal = Portal(self._settings.line, variables)

    def register(self) -> None:
        """Take over the archives, and begin and end with Orthanc."""
        self._orthanc.RegisterRestCallback(_ROUTE, self.archive)
        self._orthanc.RegisterOnChangeCallback(self.changed)
        self._orthanc.ExtendOrthancExplorer(
            Path(__file__).with_name("explorer.js").read_text("utf-8")
        )

    def changed(self, change: int, level: int, resource: str) -> None:
        """See Orthanc's ``RegisterOnChangeCallback``."""
        types = self._orthanc.ChangeType
        if change == types.ORTHANC_STARTED:
            self._portal.start()
        elif change == types.ORTHANC_STOPPED:
            self._portal.stop()

    def archive(self, output: Any, uri: str, **request: Any) -> None:
        """See Orthanc's ``RegisterRestCallback``: lead to the page, or let Orthanc answer."""
        headers = {name.lower(): value for name, value in request.get("headers", {}).items()}
        if request["method"] == "POST":
            self._answer(output, self._orthanc.RestApiPost, uri, request["body"])
        elif request["method"] != "GET":
            output.SendMethodNotAllowed("GET,POST")
        elif "text/html" not in headers.get("accept", ""):
            query = urlencode(request.get("get") or {})
            self._answer(output, self._orthanc.RestApiGet, f"{uri}?{query}" if query else uri)
        else:
            # not for ever, as Orthanc's own redirect is: there is a secret in it
            output.SetHttpHeader("Location", self._settings.page(uri, headers, self._token))
            output.SetHttpHeader("Cache-Control", "no-store")
            output.SetHttpHeader("Referrer-Policy", "no-referrer")
            output.SendHttpStatusCode(303)

    def _answer(self, output: Any, ask: Callable[..., bytes], *asked: Any) -> None:
        """What Orthanc itself answers."""
        try:
            answer = ask(*asked)
        except self._orthanc.OrthancException as error:
            status = _STATUSES.get(error.args[0])
            if status is None:
                raise
            output.SendHttpStatusCode(status)
            return
        is_zip = answer[:2] == b"PK"
        output.AnswerBuffer(answer, "application/zip" if is_zip else "application/json")


if __name__ != "datalad_jsdl.portal.orthanc.plugin":
    import orthanc as _orthanc  # type: ignore[import-not-found]  # Orthanc itself has it

    Plugin(_orthanc).register()
