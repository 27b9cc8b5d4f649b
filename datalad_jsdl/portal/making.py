"""A portal as operators want it: from their settings."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.errors import DatasetError, PortalError
from datalad_jsdl.orders.store.operator_settings import keep_sources_with_logins
from datalad_jsdl.orders.store.secrets import secret_of
from datalad_jsdl.orders.store.sources import source_ids
from datalad_jsdl.portal.accounts.anonymous import AnonymousUsers
from datalad_jsdl.portal.accounts.settings import Accounts, read_accounts
from datalad_jsdl.portal.identity import NobodyIdentity, TokenIdentity
from datalad_jsdl.portal.logs import PortalLog
from datalad_jsdl.portal.look import Look, read_look
from datalad_jsdl.portal.orthanc.server import OrthancServer, checked_url
from datalad_jsdl.portal.rates import DEFAULT_RATES, Rates
from datalad_jsdl.portal.refusals import REFUSALS
from datalad_jsdl.portal.rules import Openness
from datalad_jsdl.portal.served import served_of
from datalad_jsdl.portal.site import Site
from datalad_jsdl.portal.told import as_it_is, without_places
from datalad_jsdl.repository.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from datalad_jsdl.orders.desk import Desk
    from datalad_jsdl.portal.identity import Identity
    from datalad_jsdl.portal.listening import Listening
    from datalad_jsdl.portal.served import Served

__all__ = ["address_of", "made_site"]

lgr = logging.getLogger(LOGGER)


def made_site(
    desk: Desk,
    given: Iterable[str],
    listening: Listening,
    token: str,
    settings: Path | None,
    orthanc: str | None = None,
    write: Callable[..., object] | None = None,
) -> tuple[Site, str]:
    """A portal, and the address to open it at.

    Args:
        desk: the store of lists and orders.
        given: what is to be served, see `served_of`.
        listening: where clients will connect.
        token: that the one user is known by; where users sign in, it is for the numbers alone.
        settings: what operators have set, or None.
        orthanc: URL of an Orthanc server whose studies are served, or None.
        write: takes lines of the log; see `logs.log_to`.

    Raises:
        PortalError: the settings are not as they have to be.
        DatasetError, ManifestError, StoreError: see `served_of`.
    """
    look = read_look(settings) if settings else Look()
    accounts = read_accounts(settings) if settings else Accounts()
    served = served_of(desk, given)
    server = None if orthanc is None else _server(desk, orthanc, accounts)
    origin = accounts.origin or listening.url.rstrip("/")
    names = {item.name for item in served} | ({server.name} if server else set())
    _require_served(accounts, names)
    if unseen := _unseen(accounts, names):
        lgr.warning(
            "nobody sees %s: nobody signs in, and only what is public is shown; set 'for = public' "
            "in [dataset NAME], or do not serve it",
            ", ".join(unseen),
        )
    _tell_unreadable(served)
    log = PortalLog()
    if write is not None:
        log = REFUSALS.log = PortalLog(secret_of(desk.store, "log"), write)
    alone = not accounts.is_for_several and listening.is_loopback
    more: dict[str, Any] = {
        "log": log,
        "orthanc": server,
        "embed": accounts.embed,
        "told": as_it_is if alone else without_places(desk, served),
    }
    identity: Identity
    if not accounts.is_for_several:
        identity = TokenIdentity(token, f"jsdl_{listening.port}")
        limits = accounts.rules.limits
        site = Site(desk, served, identity, listening.hosts, look, limits=limits, **more)
        return site, f"{listening.url}?token={token}"
    hosts = listening.hosts | {urlsplit(origin).netloc.lower()}
    is_secure = origin.startswith("https:")
    with_logins = (name for name, rule in accounts.rules.datasets.items() if rule.logins)
    keep_sources_with_logins(desk.store, with_logins)
    anonymous = None
    if _has_public(accounts):
        anonymous = AnonymousUsers(secret_of(desk.store, "anonymous"), is_secure)
    more |= {
        "rules": accounts.rules,
        "origin": accounts.origin,
        "anonymous": anonymous,
        "rates": Rates({**DEFAULT_RATES, **accounts.rates}, accounts.counted_at),
        "trusted": accounts.trusted,
        "robots": accounts.robots,
        "operator": TokenIdentity(token, ""),
    }
    if accounts.openid is None:
        identity = accounts.proxy or NobodyIdentity()
        site = Site(desk, served, identity, hosts, look, accounts.address, **more)
        return site, f"{origin}/"
    # the package is an extra
    from datalad_jsdl.portal.accounts.openid import START, OpenIdIdentity, openid_routes

    openid = OpenIdIdentity(accounts.openid, secret_of(desk.store, "openid"), origin)
    site = Site(
        desk, served, openid, hosts, look, START, sign_in_routes=(openid_routes(openid),), **more
    )
    return site, f"{origin}/"


def _tell_unreadable(served: Iterable[Served]) -> None:
    """Visitors are told no path of the server; whoever runs it has to know."""
    for item in served:
        if item.root is not None:
            try:
                Repository(item.root).git.run("rev-parse", "--git-dir")
            except DatasetError as error:
                lgr.warning("the dataset %s cannot be read: %s", item.root, error)


def _server(desk: Desk, url: str, accounts: Accounts) -> OrthancServer:
    """The server as a source, which the store is to know."""
    source = desk.orthanc(checked_url(url))
    with desk.store.write() as connection:
        source_ids(connection, [source])
    return OrthancServer(source, desk.credentials, accounts.passes_posts)


def address_of(settings: Path | None, listening: Listening, token: str) -> str:
    """The address to open a portal at.

    Raises:
        PortalError: the settings are not as they have to be.
    """
    accounts = read_accounts(settings) if settings else Accounts()
    if not accounts.is_for_several:
        return f"{listening.url}?token={token}"
    return f"{accounts.origin or listening.url.rstrip('/')}/"


def _has_public(accounts: Accounts) -> bool:
    rules = accounts.rules.datasets.values()
    return accounts.is_for_several and any(rule.openness is Openness.PUBLIC for rule in rules)


def _unseen(accounts: Accounts, names: set[str]) -> list[str]:
    """What is served to nobody."""
    if accounts.by != "nobody":
        return []
    rules = accounts.rules.datasets
    return sorted(
        name for name in names
        if name not in rules or rules[name].openness is not Openness.PUBLIC
    )  # fmt: skip


def _require_served(accounts: Accounts, names: set[str]) -> None:
    """A rule that is for nothing would leave open what it was meant for."""
    if unknown := sorted(accounts.rules.datasets.keys() - names):
        raise PortalError(
            f"the settings have a section [dataset {unknown[0]}], and nothing with this name is "
            f"served; served are: {', '.join(sorted(names))}. The store keeps a name for each "
            'path: see "Users of a portal" in the documentation'
        )
    if accounts.by == "nobody" and not _has_public(accounts):
        raise PortalError(
            "nobody signs in, and no dataset is public: nobody could see anything; set 'by' in "
            "[sign-in], or 'for = public' in [dataset NAME]"
        )
    if not accounts.is_for_several and (accounts.rules.datasets or accounts.rules.roles):
        raise PortalError(
            "the settings have rules for users, who do not sign in; set 'by' in [sign-in], or "
            "remove the sections [dataset ...] and [role ...]"
        )
