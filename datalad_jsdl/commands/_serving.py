"""How ``datalad serve-downloads`` serves, from one process or several."""

from __future__ import annotations

import importlib.util
import logging
import os
import secrets
import sys
import webbrowser
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import JsdlError, PortalError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from datalad_jsdl.portal.listening import Listening

__all__ = ["VARIABLE", "Wanted", "serve_downloads"]

lgr = logging.getLogger("datalad.jsdl.serve_downloads")

_MORE = 30  # seconds that a process has to end, once its downloads have
#: The variable that may have the secret.
VARIABLE = "JSDL_TOKEN"


@dataclass(frozen=True)
class Wanted:
    """What the command was given."""

    given: list[str]
    host: str
    port: int
    store: str | None
    open_browser: bool
    token_file: str | None
    settings: str | None
    credentials: tuple[str, ...]
    workers: int
    grace: int
    log_format: str | None
    orthanc: str | None = None


def serve_downloads(wanted: Wanted) -> None:
    """Serve until a signal comes.

    Raises:
        JsdlError, OSError: that is not possible; who collects the log as JSON finds it there, too.
    """
    try:
        _serve(wanted)
    except (JsdlError, OSError) as error:
        if importlib.util.find_spec("structlog") and _is_json(wanted.log_format):
            from datalad_jsdl.portal.logs import PortalLog, log_to

            write = log_to(sys.stderr, json=True, level=logging.ERROR)
            PortalLog(write=write).event("failed", reason=str(error))
        raise


def _serve(wanted: Wanted) -> None:
    from datalad_jsdl.portal.processes import numbers_of_all, run_several

    several = wanted.workers > 1
    # what counts numbers looks for their place when it is imported
    with numbers_of_all() if several else nullcontext():
        try:
            importlib.import_module("datalad_jsdl.portal.making")
        except ImportError as error:
            raise PortalError(
                f"the package {error.name} is missing; to install it, run: "
                "pip install 'datalad-jsdl[portal]'"
            ) from None
        from datalad_jsdl.portal.listening import listen

        token = _token(wanted.token_file)
        listening = listen(wanted.host, wanted.port)
        if not several:
            _serve_one(wanted, listening, token, None, None)
            return
        address = _address_of(wanted, listening, token)
        with _announced(address, wanted) as ready:
            run_several(
                wanted.workers, partial(_serve_one, wanted, listening, token), listening, ready,
                wanted.grace + _MORE,
            )  # fmt: skip


def _serve_one(
    wanted: Wanted,
    listening: Listening,
    token: str,
    begun: Callable[[], object] | None,
    stop: threading.Event | None,
) -> None:
    """Serve from this process; *begun* is for one of several."""
    from datalad_jsdl.orders.desk import Desk
    from datalad_jsdl.portal.making import made_site
    from datalad_jsdl.portal.serving import serve

    store_opened, own = _store(wanted.given, wanted.store)
    with store_opened:
        desk = Desk(store_opened, own, wanted.credentials)
        file = Path(wanted.settings) if wanted.settings else None
        write = _log(wanted.log_format)
        site, address = made_site(desk, wanted.given, listening, token, file, wanted.orthanc, write)
        with _announced(address, wanted) if begun is None else nullcontext(begun) as ready:
            serve(site, listening, ready, stop=stop, grace=wanted.grace)


def _address_of(wanted: Wanted, listening: Listening, token: str) -> str:
    from datalad_jsdl.portal.making import address_of

    return address_of(Path(wanted.settings) if wanted.settings else None, listening, token)


@contextmanager
def _announced(address: str, wanted: Wanted) -> Iterator[Callable[[], object]]:
    """What is called when the portal is ready; `--url` knows of it until the end."""
    from datalad_jsdl.portal.running_portals import announced

    with ExitStack() as stack:

        def ready() -> None:
            # alone on its line: it is for programs, too
            sys.stdout.write(f"{address}\n")
            sys.stdout.flush()
            if sys.stderr.isatty():
                sys.stderr.write("The portal is at this address. To stop it, press Ctrl-C.\n")
            try:
                page = stack.enter_context(announced(address))
            except OSError as error:
                lgr.info("the portal is not announced: %s", error.strerror)
                return
            if wanted.open_browser:
                webbrowser.open(page.as_uri())  # the command line of a browser is for all to see

        yield ready


def _log(log_format: str | None) -> Callable[..., object]:
    from datalad_jsdl.portal.logs import as_json, log_to

    json = _is_json(log_format)
    if json:
        as_json()
    return log_to(sys.stderr, json=json)


def _is_json(log_format: str | None) -> bool:
    return log_format == "json" if log_format else not sys.stderr.isatty()


def _store(given: list[str], store: str | None) -> tuple[Any, Path | None]:
    """The store, and the dataset whose own it is."""
    from datalad_jsdl.orders.desk import own_store, owner_of
    from datalad_jsdl.orders.store.opening import Store
    from datalad_jsdl.repository.repository import Repository

    if store is not None:
        opened = Store(store, private=True)
        return opened, owner_of(opened)
    if len(given) == 1 and (Path(given[0]) / ".git").exists():
        root = Path(given[0]).resolve()
        return Store.of_file(own_store(Repository(root)), private=True), root
    from platformdirs import user_data_path

    file = user_data_path("datalad-jsdl") / "portal.sqlite"
    return Store.of_file(file, private=True), None


def _token(file: str | None) -> str:
    """The secret that visitors have to know."""
    if file is None:
        return os.environ.get(VARIABLE) or secrets.token_urlsafe(32)
    path = Path(file)
    try:
        # a new one is readable for its owner alone from its beginning
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        found = path.read_text(encoding="utf-8").strip()
        if not found:
            raise PortalError(f"{path} is empty; remove it to have a secret made") from None
        return found
    token = secrets.token_urlsafe(32)
    with os.fdopen(opened, "w", encoding="utf-8") as writing:
        writing.write(f"{token}\n")
    return token
