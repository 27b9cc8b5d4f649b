"""Cookies: of files and of Firefox."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from datalad_jsdl.errors import FetchError
from tests.fetch.credentials.test_sources import ORIGIN, find, header
from tests.vault import Vault


def cookie_line(domain: str, name: str, **more: object) -> str:
    fields = {"path": "/", "secure": "FALSE", "expiry": 0, "value": "v"} | more
    dotted = str(domain.startswith(".")).upper()
    columns = (domain, dotted, fields["path"], fields["secure"], fields["expiry"], name)
    return "\t".join(map(str, (*columns, fields["value"]))) + "\n"


def test_a_cookies_txt(vault: Vault) -> None:
    lines = [
        cookie_line("portal.example", "session"),
        cookie_line(".portal.example", "wide"),
        "#HttpOnly_" + cookie_line("portal.example", "hidden"),
        cookie_line("portal.example", "deep", path="/api/v1"),
        cookie_line("portal.example", "safe", secure="TRUE"),
        cookie_line("portal.example", "old", expiry=1000),
        cookie_line("portal.example", "future", expiry=int(time.time()) + 1000),
        cookie_line("other.example", "foreign"),
        cookie_line("portal.exampl", "shorter"),
        cookie_line(".l.example", "tail"),
        # as curl writes it
        cookie_line("example", "curl").replace("FALSE", "TRUE", 1),
    ]
    file = vault.keep("cookies.txt", "# Netscape HTTP Cookie File\n" + "".join(lines))

    def names(origin: str, path: str) -> set[str]:
        shown = header(find(f"{origin} cookies:{file}"), origin + path)["Cookie"]
        return {pair.partition("=")[0] for pair in shown.split("; ")}

    everywhere = {"session", "wide", "hidden", "future", "curl"}
    assert names(ORIGIN, "/f") == everywhere | {"safe"}
    assert names(ORIGIN, "/api/v1/x") == everywhere | {"safe", "deep"}
    assert names(ORIGIN, "/api/v12") == everywhere | {"safe"}
    assert names("http://portal.example", "/f") == everywhere
    assert names("https://sub.portal.example", "/f") == {"wide", "curl"}
    with pytest.raises(FetchError, match="no cookie for third"):
        find(f"https://third.org cookies:{file}")


def test_a_file_that_is_no_cookies_txt(vault: Vault) -> None:
    secret = vault.secret("no cookies")
    file = vault.keep("cookies.txt", f"session={secret}\n")
    with pytest.raises(FetchError, match=r"is not a cookies\.txt file") as caught:
        find(f"{ORIGIN} cookies:{file}")
    assert secret not in str(caught.value)
    with pytest.raises(FetchError, match="cannot read the cookies"):
        find(f"{ORIGIN} cookies:{file}.gone")


def firefox(folder: Path, value: str, host: str = "portal.example") -> sqlite3.Connection:
    """Cookies as Firefox keeps them; the connection stays open, as it does while it runs."""
    folder.mkdir(parents=True)
    database = sqlite3.connect(folder / "cookies.sqlite")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute(
        "CREATE TABLE moz_cookies (id INTEGER PRIMARY KEY, originAttributes TEXT NOT NULL DEFAULT"
        " '', name TEXT, value TEXT, host TEXT, path TEXT, expiry INTEGER, isSecure INTEGER)"
    )
    rows = [
        ("", "session", value, host, 4102444800),
        ("", "new", "v", ".portal.example", 4102444800000),
        ("", "old", "v", "portal.example", 1000),
        ("^userContextId=2", "container", "v", "portal.example", 4102444800),
        ("", "foreign", "v", "other.example", 4102444800),
    ]
    database.executemany(
        "INSERT INTO moz_cookies (originAttributes, name, value, host, path, expiry, isSecure)"
        " VALUES (?, ?, ?, ?, '/', ?, 0)",
        rows,
    )
    database.commit()
    return database


def test_firefox(vault: Vault) -> None:
    secret = vault.secret("firefox").replace(":", "")
    root = vault.home / ".mozilla/firefox"
    running = [firefox(root / "a.work", "other"), firefox(root / "b.default", secret)]
    (root / "profiles.ini").write_text(
        "[Profile1]\nName=work\nIsRelative=1\nPath=a.work\nDefault=1\n"
        "[Profile0]\nName=default-release\nIsRelative=1\nPath=b.default\n"
        "[Install4F96]\nDefault=b.default\n"
    )
    assert header(find(f"{ORIGIN} browser:firefox")) == {"Cookie": f"session={secret}; new=v"}
    assert "session=other" in header(find(f"{ORIGIN} browser:firefox:work"))["Cookie"]
    assert "session=other" in header(find(f"{ORIGIN} browser:firefox:{root}/a.work"))["Cookie"]
    with pytest.raises(FetchError, match="Firefox has no profile 'gone'"):
        find(f"{ORIGIN} browser:firefox:gone")
    with pytest.raises(FetchError, match="unknown browser 'lynx'; choose from firefox, chrome"):
        find(f"{ORIGIN} browser:lynx")
    for database in running:
        database.close()


def test_without_firefox(vault: Vault) -> None:
    with pytest.raises(FetchError, match="no Firefox profile found"):
        find(f"{ORIGIN} browser:firefox")


def test_cookies_txt_of_many_makers(vault: Vault) -> None:
    lines = [
        "portal.example\tfalse\t/\ttrue\t\tempty\tv\r",
        "portal.example\tFALSE\t/\tFALSE\t-1\tminus\tv",
        "portal.example\tFALSE\t/\tFALSE\t4102444800.5\tpart\ta\x0bb\x85",
    ]
    file = vault.keep("cookies.txt", "\n".join(lines) + "\n")
    login = find(f"{ORIGIN} cookies:{file}")
    assert login is not None
    assert {(c.name, c.secure, c.expires) for c in login.cookies} == {
        ("empty", True, None), ("minus", False, None), ("part", False, 4102444800)
    }  # fmt: skip
    only = vault.keep("only.txt", lines[0])
    with pytest.raises(FetchError, match="that may be sent over http"):
        find(f"http://portal.example cookies:{only}")
    old = vault.keep("old.txt", "portal.example\tFALSE\t/\tFALSE\t9\told\tv")
    with pytest.raises(FetchError, match="that has not expired"):
        find(f"{ORIGIN} cookies:{old}")
