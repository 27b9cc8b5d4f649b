"""``datalad jsdl-login``: a login is asked for, tried, and kept for all later downloads."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.interface.base import Interface, build_doc, eval_results
from datalad.interface.results import get_status_dict
from datalad.support.param import Parameter
from datalad.ui import ui

from datalad_jsdl.commands._common import failure, message_of
from datalad_jsdl.commands._interrupts import interruptible
from datalad_jsdl.errors import JsdlError, LoginError
from datalad_jsdl.operations.asking import in_short
from datalad_jsdl.operations.log_in import LoggedIn, log_in
from datalad_jsdl.operations.login_places import forget_login, login_places
from datalad_jsdl.operations.typed_login import standard_input

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.operations.log_in import NotWanted
    from datalad_jsdl.operations.login_places import Forgotten, LoginPlace

__all__ = ["JsdlLogin"]

lgr = logging.getLogger("datalad.jsdl.jsdl_login")

_ACTION = "jsdl_login"


@build_doc
class JsdlLogin(Interface):
    """Log in to a portal: for all later downloads from it

    Asks the server at URL which login it wants, asks you for a user name and password or for
    a token, tries it, and stores it in the keyring of your system. A line in git config
    (datalad.jsdl.credential) names it for this origin (https://host:port). From then on,
    'git annex get', 'datalad get', 'download-manifest', 'download-content' and
    'export-archive' use it for this origin, and for no other.

    On a terminal, the password or token is not shown. Otherwise it is read from standard
    input: a line with a token, or two lines with a user name and a password. It is never an
    argument of a program, and stands in no file but the keyring's.

    A login that the server rejects is not stored. For cookies of a browser, single
    sign-on, environment variables and other ways, see "The portal wants me to log in" in the
    documentation.
    """

    result_renderer = "tailored"

    _params_ = dict(
        url=Parameter(
            args=("url",),
            metavar="URL",
            nargs="?",
            doc="""a URL of the portal that needs a login: of a manifest, or of a file. With
            --show it can be left out.""",
        ),
        show=Parameter(
            args=("--show",),
            action="store_true",
            doc="""do not log in, but list where logins come from (never the logins
            themselves): all that git config names, or those for URL.""",
        ),
        forget=Parameter(
            args=("--forget",),
            action="store_true",
            doc="""do not log in, but delete the login for the origin of URL from the keyring,
            and its line from git config.""",
        ),
    )

    _option_groups_ = {"Instead of logging in": "show forget"}

    _examples_ = [
        dict(
            text="Log in to a portal",
            code_py="jsdl_login('https://portal.example/study.json')",
            code_cmd="datalad jsdl-login https://portal.example/study.json",
        ),
        dict(
            text="Log in without a terminal, with a token from a file",
            code_cmd="datalad jsdl-login https://portal.example/study.json < token.txt",
        ),
        dict(
            text="List where logins come from",
            code_py="jsdl_login(show=True)",
            code_cmd="datalad jsdl-login --show",
        ),
        dict(
            text="Delete a login",
            code_py="jsdl_login('https://portal.example', forget=True)",
            code_cmd="datalad jsdl-login --forget https://portal.example",
        ),
    ]

    @staticmethod
    @eval_results
    @interruptible
    def __call__(
        url: str | None = None, *, show: bool = False, forget: bool = False
    ) -> Iterator[dict[str, Any]]:
        try:
            if show and forget:
                raise LoginError("--show and --forget exclude each other")
            if show:
                yield from map(_place_record, login_places(url))
                return
            if url is None:
                raise LoginError("give the URL of a manifest or file that needs a login")
            if forget:
                yield _forgotten_record(forget_login(url))
                return
            done = log_in(url, standard_input())
            yield _record("ok", in_short(done)) if isinstance(done, LoggedIn) else _open(done)
        except (JsdlError, OSError) as error:
            yield failure(_ACTION, Path.cwd(), error, lgr, "login")

    @staticmethod
    def custom_result_renderer(res: dict[str, Any], **_: Any) -> None:
        """A line each; DataLad would name the current folder in it."""
        sign = "error: " if res["status"] in ("error", "impossible") else ""
        ui.message(f"{sign}{message_of(res)}")


def _open(found: NotWanted) -> dict[str, Any]:
    text = f"{found.origin} requires no login for this URL; nothing was stored"
    if found.is_page:
        text += (
            ". It is a web page: if it is the one to log in on, do so in your browser, and use "
            "--cookies of download-manifest"
        )
    return _record("notneeded", text, origin=found.origin)


def _place_record(place: LoginPlace) -> dict[str, Any]:
    text = f"{place.scope}: {place.login or place.source or 'no login'}"
    text += f"; {place.setting or 'found without a setting'}"
    if place.problem:
        text += f"; not usable: {place.problem}"
    fields = {"origin": place.scope, "source": place.source, "setting": place.setting or None}
    return _record("impossible" if place.problem else "ok", text, **fields)


def _forgotten_record(done: Forgotten) -> dict[str, Any]:
    parts = [f"removed the line from git config: {line}" for line in done.lines]
    parts += [f"deleted datalad-{name} from the keyring" for name in done.erased]
    parts += [f"left datalad-{name} in the keyring (others may use it)" for name in done.kept]
    if not parts:
        parts = [f"no login is stored for {done.origin}"]
    parts += [f"still used: {other.source} ({other.setting})" for other in done.others]
    return _record("ok" if done.lines else "notneeded", "; ".join(parts), origin=done.origin)


def _record(status: str, message: str, **more: Any) -> dict[str, Any]:
    record: dict[str, Any] = get_status_dict(
        action=_ACTION, status=status, path=str(Path.cwd()), type="login", logger=lgr
    )
    return record | {"message": message} | more
