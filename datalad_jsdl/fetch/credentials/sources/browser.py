"""Cookies of the user's browser: Firefox's by the standard library, others by an extra."""

from __future__ import annotations

import configparser
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import log_trace
from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.credentials.login import Source
from datalad_jsdl.fetch.credentials.sources.cookies import login_of, make_cookie

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.cookiejar import Cookie

    from datalad_jsdl.fetch.credentials.login import Login, LoginWanted

__all__ = ["BROWSERS", "SOURCE"]

#: Browsers that the extra ``browser`` reads.
OTHER_BROWSERS = ("chrome", "chromium", "brave")

#: All that are known.
BROWSERS = ("firefox", *OTHER_BROWSERS)

_EPOCH = 11_644_473_600  # seconds from 1601 to 1970

_FIREFOX = {
    "linux": (
        ".mozilla/firefox",
        ".config/mozilla/firefox",
        "snap/firefox/common/.mozilla/firefox",
        ".var/app/org.mozilla.firefox/.mozilla/firefox",
    ),
    "darwin": ("Library/Application Support/Firefox",),
    "win32": ("AppData/Roaming/Mozilla/Firefox",),
}


def _find(wanted: LoginWanted) -> Login | None:
    """The cookies of ``BROWSER`` or ``BROWSER:PROFILE``; a profile is a folder or file.

    Raises:
        FetchError: there is no such browser here, or it has no cookie for the origin.
    """
    name, _, profile = wanted.argument.partition(":")
    name = name.lower()
    place = f"your browser ({name})"
    if name == "firefox":
        return login_of(_firefox(profile), wanted, place)
    if name not in OTHER_BROWSERS:
        raise FetchError(f"unknown browser {name!r}; choose from {', '.join(BROWSERS)}")
    return login_of(_other(name, profile, wanted), wanted, place)


def _firefox(profile: str) -> Iterator[Cookie]:
    database = _firefox_profile(profile) / "cookies.sqlite"
    if not database.is_file():
        raise FetchError(f"Firefox has no cookies in {database.parent}")
    with tempfile.TemporaryDirectory(prefix="jsdl-") as folder:
        # a running Firefox has its database locked; what it has not yet merged is beside it
        for suffix in ("", "-wal"):
            source = database.with_name(database.name + suffix)
            if source.exists():
                shutil.copyfile(source, Path(folder, source.name))
        try:
            connection = sqlite3.connect(Path(folder, database.name))
            try:
                rows = connection.execute(
                    "SELECT host, path, isSecure, expiry, name, value FROM moz_cookies"
                    " WHERE originAttributes = ''"
                ).fetchall()
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise FetchError(f"cannot read Firefox's cookies ({type(error).__name__})") from None
    for host, path, secure, expiry, name, value in rows:
        # milliseconds since Firefox 142
        seconds = expiry // 1000 if expiry > 1 << 36 else expiry
        yield make_cookie(name, value, host, path, bool(secure), seconds)


def _firefox_profile(profile: str) -> Path:
    if profile and Path(profile).expanduser().is_dir():
        return Path(profile).expanduser()
    for folder in _FIREFOX.get(sys.platform, _FIREFOX["linux"]):
        root = Path.home() / folder
        profiles = configparser.ConfigParser(interpolation=None)
        try:
            profiles.read(root / "profiles.ini", encoding="utf-8")
        except (configparser.Error, UnicodeError):
            continue
        found = {name: profiles[name] for name in profiles.sections()}
        if profile:
            named = [s["Path"] for s in found.values() if s.get("Name") == profile and "Path" in s]
        else:
            # what an installation uses goes before what was once marked as default
            named = [
                s["Default"] for n, s in found.items() if n[:7] == "Install" and "Default" in s
            ]
            named += [s["Path"] for s in found.values() if s.get("Default") == "1" and "Path" in s]
            named += [s["Path"] for s in found.values() if "Path" in s]
        if named:
            return root / named[0]  # an absolute path stays one
    raise FetchError(
        f"Firefox has no profile {profile!r}" if profile else "no Firefox profile found"
    )


def _other(name: str, profile: str, wanted: LoginWanted) -> Iterator[Cookie]:
    try:
        import pycookiecheat
    except ImportError:
        raise FetchError(
            f"another package is needed to read the cookies of {name}: "
            "pip install 'datalad-jsdl[browser]'"
        ) from None
    file = Path(profile).expanduser() if profile else None
    if file is not None and file.is_dir():
        file = file / "Cookies"
    try:
        found = pycookiecheat.chrome_cookies(
            f"{wanted.scheme}://{wanted.host}/",  # it takes a port for a part of the host
            browser=pycookiecheat.BrowserType(name),
            as_cookies=True,
            cookie_file=file,
        )
    except Exception as error:  # whatever a browser's files and key stores come up with
        log_trace(f"the cookies of {name} cannot be read", error)
        raise FetchError(f"cannot read the cookies of {name} ({type(error).__name__})") from None
    for cookie in found:
        # microseconds since 1601
        expiry = max(1, cookie.expires_utc // 10**6 - _EPOCH) if cookie.expires_utc else 0
        secure = bool(cookie.is_secure)
        yield make_cookie(cookie.name, cookie.value, cookie.host_key, cookie.path, secure, expiry)


def _refused(_: Login, __: str) -> str:
    return "log in at the portal again"


SOURCE = Source(
    "browser",
    "the cookies of your browser: ``firefox``, or one of "
    + ", ".join(f"``{name}``" for name in OTHER_BROWSERS)
    + " (these need the extra ``browser``); a profile may follow, as in ``firefox:work``",
    _find,
    argument="firefox",
    required=True,
    arguments=BROWSERS,
    refused=_refused,
)
