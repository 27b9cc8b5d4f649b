"""``datalad serve-downloads``: the portal, for people who have only a browser."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.interface.base import Interface, build_doc, eval_results
from datalad.interface.results import get_status_dict
from datalad.support.constraints import EnsureChoice, EnsureInt, EnsureNone, EnsureStr
from datalad.support.param import Parameter

from datalad_jsdl.commands._common import failure
from datalad_jsdl.commands._options import listed
from datalad_jsdl.commands._serving import VARIABLE, Wanted, serve_downloads
from datalad_jsdl.errors import JsdlError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["ServeDownloads"]

lgr = logging.getLogger("datalad.jsdl.serve_downloads")

ACTION = "serve_downloads"


@build_doc
class ServeDownloads(Interface):
    """Let people choose, order and download files in their browser

    What is served are datasets, folders of datasets, and manifests; by default the dataset around
    the current directory. A page opens in the browser. Ctrl-C ends it; orders stay, and a download
    that was interrupted continues when it is served again.

    Only this machine can connect, unless --host says otherwise, and only who knows a secret: it is
    in the address that is opened, the first line on standard output. Programs send it as
    'Authorization: Bearer TOKEN'.
    """

    _params_ = dict(
        path=Parameter(
            args=("path",),
            metavar="PATH|MANIFEST",
            nargs="*",
            doc="""a dataset, a folder of datasets, or a manifest: a file, URL or address.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        host=Parameter(
            args=("--host",),
            metavar="NAME",
            doc="""name or address to listen on.""",
            constraints=EnsureStr(),
        ),
        port=Parameter(
            args=("--port",),
            metavar="NUMBER",
            doc="""port to listen on; 0 for any that is free.""",
            constraints=EnsureInt(),
        ),
        store=Parameter(
            args=("--store",),
            metavar="URL",
            doc="""database of the lists and orders: sqlite:///FILE or
            postgresql://USER@HOST/DATABASE. By default the dataset's own if it is one dataset,
            else one of the user's.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        no_open=Parameter(
            args=("--no-open",),
            action="store_true",
            doc="""do not open a browser.""",
        ),
        token_file=Parameter(
            args=("--token-file",),
            metavar="FILE",
            doc=f"""file with the secret, which is created if missing. Without it, the variable
            {VARIABLE} is used, or a secret that is made anew.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        settings=Parameter(
            args=("--settings",),
            metavar="FILE",
            doc="""INI file that sets how the pages look, how visitors sign in and what is for whom:
            see "Pages of the portal" and "Users of a portal" in the documentation.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        workers=Parameter(
            args=("--workers",),
            metavar="NUMBER",
            doc="""how many processes serve; each uses one processor. Each runs one job at a
            time, such as a preparation.""",
            constraints=EnsureInt(),
        ),
        grace=Parameter(
            args=("--grace",),
            metavar="SECONDS",
            doc="""how long downloads have to end when the server is stopped.""",
            constraints=EnsureInt(),
        ),
        log_format=Parameter(
            args=("--log-format",),
            doc="""how the log on standard error is written; by default as text on a terminal, else
            as JSON.""",
            constraints=EnsureChoice(None, "text", "json"),
        ),
        url=Parameter(
            args=("--url",),
            action="store_true",
            doc="""serve nothing; print the addresses of your portals that run on this machine, with
            their secrets.""",
        ),
        check=Parameter(
            args=("--check",),
            metavar="URL",
            doc="""serve nothing; look whether the portal at this address, as visitors know it, is
            set up well: whether ranges pass, nothing is held back, clocks agree and visitors
            connect by https, and with --store, whether that has the version of this program.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        orthanc=Parameter(
            args=("--orthanc",),
            metavar="URL",
            doc="""an Orthanc server: its patients, studies and series are served, each as a zip
            with the files and names of Orthanc's own archive. --credential says where the login
            for it is.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        credential=Parameter(
            args=("--credential",),
            metavar="'ORIGIN[/PATH] SOURCE [OPTION=VALUE ...]'",
            action="append",
            doc="""where the login for an origin is kept, for files that come from a manifest; as
            for 'datalad download-manifest'. Datasets have settings of their own.""",
        ),
    )

    _option_groups_ = {
        "What is served": "orthanc credential store",
        "Where it listens": "host port no_open",
        "Who may see it": "token_file settings",
        "How it runs": "workers grace log_format",
        "Instead of serving": "url check",
    }

    _examples_ = [
        dict(
            text="Serve the dataset in the current directory, and open it in the browser",
            code_cmd="datalad serve-downloads",
        ),
        dict(
            text="Serve all datasets in a folder, and a portal's manifest beside them",
            code_cmd="datalad serve-downloads /data/studies https://portal.example.org/m.jsonl",
        ),
        dict(
            text="Serve the studies of an Orthanc server, with the login that the keyring has",
            code_cmd="datalad serve-downloads --orthanc http://127.0.0.1:8042 "
            "--credential 'http://127.0.0.1:8042 datalad:orthanc user=alice'",
        ),
        dict(
            text="What is the address of the portal that runs already?",
            code_cmd="datalad serve-downloads --url",
        ),
        dict(
            text="Is the portal behind our proxy set up well?",
            code_cmd="datalad serve-downloads --check https://data.example.org",
        ),
    ]

    @staticmethod
    @eval_results
    def __call__(
        path: str | Sequence[str] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 8000,
        store: str | None = None,
        no_open: bool = False,
        token_file: str | None = None,
        settings: str | None = None,
        workers: int = 1,
        grace: int = 30,
        log_format: str | None = None,
        url: bool = False,
        check: str | None = None,
        orthanc: str | None = None,
        credential: str | Sequence[str] | None = None,
    ) -> Iterator[dict[str, Any]]:
        given = listed(path) or ([] if orthanc else ["."])
        shown = given[0] if given else "."
        if url:
            yield from _addresses()
            return
        if check is not None:
            yield from _checked(check, store)
            return
        try:
            logins = tuple(listed(credential))
            wanted = Wanted(
                given, host, port, store, not no_open, token_file, settings, logins, workers,
                grace, log_format, orthanc,
            )  # fmt: skip
            serve_downloads(wanted)
        except (JsdlError, OSError) as error:
            yield failure(ACTION, Path(shown).absolute(), error, lgr)
            return
        done = get_status_dict(action=ACTION, status="ok", path=os.path.abspath(shown))
        yield {**done, "type": "portal", "logger": lgr}


def _addresses() -> Iterator[dict[str, Any]]:
    from datalad_jsdl.portal.running_portals import running_portals

    found = running_portals()
    if not found:
        none = get_status_dict(action=ACTION, status="impossible", path=os.getcwd(), logger=lgr)
        yield {**none, "type": "portal", "message": "no portal of yours runs on this machine"}
    for address in found:
        sys.stdout.write(f"{address}\n")
        yield get_status_dict(
            action=ACTION, status="ok", path=address.partition("?")[0], type="portal", logger=lgr
        )


def _checked(url: str, store: str | None) -> Iterator[dict[str, Any]]:
    from datalad_jsdl.portal.checks import check_portal

    for finding in check_portal(url, store):
        status = "ok" if finding.is_fine else "error"
        record = get_status_dict(action=ACTION, status=status, path=url, type="check", logger=lgr)
        yield {**record, "check": finding.name, "message": f"{finding.name}: {finding.text}"}
