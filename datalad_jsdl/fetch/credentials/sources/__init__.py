"""The table of places where logins are kept, in the order in which they are asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.fetch.credentials.rules import ANNEX_HEADERS, OTHER_BROWSERS
from datalad_jsdl.fetch.credentials.sources import aws, browser, cookies, git_helper, netrc_file
from datalad_jsdl.fetch.credentials.sources import datalad as stored
from datalad_jsdl.fetch.credentials.sources import environment as variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalad_jsdl.fetch.credentials.login import Login, Wanted

__all__ = ["SOURCES", "Source"]


@dataclass(frozen=True, slots=True)
class Source:
    """One row.

    Attributes:
        name: as a rule writes it.
        needs: what a rule has to say after the name; "" if nothing.
        may: what it may say.
        unasked: it is searched for an origin that no rule is for, too.
        meaning: for the documentation.
        find: the login, or None; raises FetchError with the reason if it fails.
    """

    name: str
    needs: str
    may: str
    unasked: bool
    meaning: str
    find: Callable[[Wanted], Login | None]


def _nothing(_: Wanted) -> None:
    return None


SOURCES = (
    Source(
        "datalad",
        "",
        "NAME",
        True,
        "DataLad's credential NAME, of its core or of datalad-next; without a name, one whose "
        "``realm`` is the origin",
        stored.find,
    ),
    Source(
        "git",
        "",
        "",
        True,
        "git's credential helpers, as for ``git clone``; they are never let ask on the terminal",
        git_helper.find,
    ),
    Source(
        "netrc",
        "",
        "",
        True,
        "``~/.netrc`` or ``$NETRC``; https only, and without a rule only on port 443",
        netrc_file.find,
    ),
    Source("cookies", "FILE", "", False, "a ``cookies.txt`` in Netscape's format", cookies.find),
    Source(
        "browser",
        "firefox",
        "",
        False,
        "the cookies of your browser: ``firefox``, or with the extra ``browser`` "
        + ", ".join(f"``{name}``" for name in OTHER_BROWSERS)
        + "; a profile may follow, ``firefox:work``",
        browser.find,
    ),
    Source(
        "env",
        "VARIABLE",
        "",
        False,
        "a variable of the environment: a token, or ``user:password``",
        variable.find,
    ),
    Source(
        "aws", "", "PROFILE", False, "the keys that the AWS tools use; the kind is ``s3``", aws.find
    ),
    Source(
        ANNEX_HEADERS,
        "",
        "",
        False,
        "git-annex's settings ``annex.http-headers`` and ``annex.http-headers-command``; beside a "
        "login, if there is one",
        _nothing,
    ),
    Source("none", "", "", False, "no login, and no search for one", _nothing),
)
