"""Portals that run on this machine for this user, and how a browser is sent to one.

The address of a portal of one user has a secret in it, so it is in no command line: a browser is
given a file that only the user can read, and goes on from there.
"""

from __future__ import annotations

import contextlib
import html
import json
import os
import platform
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_runtime_path, user_state_path

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["announced", "running_portals"]

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Opening the portal</title>
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={address}"></head>
<body><p><a href="{address}">Open the portal</a></p></body></html>
"""


@contextmanager
def announced(address: str) -> Iterator[Path]:
    """Tell of a portal while it runs.

    Yields:
        A page that leads a browser of the user there.

    Raises:
        OSError: there is no place for it.
    """
    folder = _folder()
    page, note = (folder / f"{os.getpid()}.{kind}" for kind in ("html", "json"))
    try:
        _write(page, _PAGE.format(address=html.escape(address)))
        _write(note, json.dumps({"pid": os.getpid(), "url": address}))
        yield page
    finally:
        for file in (page, note):
            file.unlink(missing_ok=True)


def running_portals() -> list[str]:
    """Their addresses; notes of portals that were killed are removed."""
    found = []
    for file in sorted(_folder().glob("*.json")):
        try:
            note = json.loads(file.read_text("utf-8"))
            os.kill(note["pid"], 0)
        except (OSError, ValueError, KeyError, TypeError):
            for other in (file, file.with_suffix(".html")):
                with contextlib.suppress(OSError):
                    other.unlink(missing_ok=True)
        else:
            found.append(str(note["url"]))
    return found


def _folder() -> Path:
    # without one of the system's that is the user's alone, and goes with the session
    place = user_runtime_path if os.environ.get("XDG_RUNTIME_DIR") else user_state_path
    # a home may be the same on several machines
    folder = place("datalad-jsdl") / "portals" / platform.node()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(13, "the folder belongs to somebody else", str(folder))
    folder.chmod(0o700)
    return folder


def _write(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8") as writing:
        writing.write(text)
