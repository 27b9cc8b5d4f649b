"""git's credential helpers (gitcredentials(7)), never asking on the terminal."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.credentials.login import Login, Source
from datalad_jsdl.model.urls import redact_text

if TYPE_CHECKING:
    from datalad_jsdl.fetch.credentials.login import LoginWanted

__all__ = ["SOURCE"]

_SECONDS = 30
# whoever fetches a thousand files overnight answers no question
_SILENT = {
    "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS": "", "GCM_INTERACTIVE": "never",
}  # fmt: skip


def _find(wanted: LoginWanted) -> Login | None:
    """What ``git credential fill`` has for the origin.

    Raises:
        FetchError: git cannot be asked, or a helper does not come to an end.
    """
    host = f"[{wanted.host}]" if ":" in wanted.host else wanted.host
    place = host if wanted.port is None else f"{host}:{wanted.port}"
    lines = ["capability[]=authtype", f"protocol={wanted.scheme}", f"host={place}"]
    if wanted.user:
        lines.append(f"username={wanted.user}")
    command = ["git", "-c", "credential.interactive=false", "-c", "core.askPass="]
    try:
        process = subprocess.Popen(
            [*command, "credential", "fill"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | _SILENT,
            start_new_session=True,
        )
    except OSError as error:
        raise FetchError(
            f"cannot run git to ask its credential helpers: {error.strerror}"
        ) from None
    try:
        said, _ = process.communicate("\n".join([*lines, "", ""]).encode(), _SECONDS)
    except subprocess.TimeoutExpired:
        _end(process)
        raise FetchError(
            f"git's credential helper did not respond within {_SECONDS} seconds"
        ) from None
    if process.returncode:
        _require_config()
        return None  # "terminal prompts disabled": no helper has any
    answer = dict(
        line.partition("=")[::2] for line in said.decode("utf-8", "surrogateescape").split("\n")
    )
    words = "git's credential helper"
    if answer.get("authtype") and answer.get("credential"):
        # git 2.46: the helper says what is to stand in the header
        value = f"{answer['authtype']} {answer['credential']}"
        return Login(words, "authorization", value, rule=wanted.rule)
    if not answer.get("password"):
        return None
    kind = wanted.kind or "basic"
    return Login(words, kind, answer["password"], answer.get("username", ""), rule=wanted.rule)


def _require_config() -> None:
    """Raises FetchError if git fails for another reason than that no helper has a login."""
    done = subprocess.run(
        ["git", "config", "--name-only", "--get-regexp", r"^credential\."],
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode not in (0, 1):  # 1: none is set
        said = redact_text(done.stderr.decode("utf-8", "replace").strip())
        raise FetchError(f"git cannot read its credential settings: {said}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git and the helper that it waits for."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()


def _refused(_: Login, __: str) -> str:
    return "replace it with: git credential reject, then git credential approve"


SOURCE = Source(
    "git",
    "git's credential helpers, as for ``git clone``; they never prompt on the terminal",
    _find,
    unnamed=True,
    refused=_refused,
)
