"""What operators set of users: how they sign in, and who may have what.

Further sections of the INI file that has the look of the pages::

   [sign-in]
   by = openid
   origin = https://data.example.org
   issuer = https://login.example.org
   client-id = jsdl
   client-secret-file = secret.txt

   [dataset mri-2026]
   for = group mri, group staff
   terms = terms.txt

   [limits]
   files = 100000
   bytes = 100 GB

   [role staff]
   bytes = none

   [rates]
   order = 60/hour
   search = none
   count-in = redis://127.0.0.1/0

   [robots]
   allow = yes

   [orthanc]
   post = orthanc

   [embed atlas]
   key-file = atlas.key
   origins = https://atlas.example.org

``by`` is ``token`` (one user, the default), ``proxy``, ``openid`` or ``nobody``. With ``proxy``,
``trusted`` has to name the proxy's addresses or networks. ``user-field``, ``groups-field`` and
``address`` are optional. ``address`` is the path at which the proxy has users sign in; ``?next=``
behind it names the page to which they return. With ``openid`` and ``nobody``, ``trusted`` names the
proxies whose ``X-Forwarded-For`` tells where requests come from; by default those on this machine.

A dataset is ``for`` ``signed-in`` users (the default), for groups, or ``public``. A ``public``
dataset is also for visitors who are not signed in; their role is ``anonymous``. The same settings
hold for the studies of an Orthanc server, under the name ``orthanc``. With ``logins = yes``, the
portal fetches the files of the dataset with the logins of the user that the portal runs as.

``[rates]`` limits how often a visitor may ``order``, ``add`` or ``search``. It also limits how
often one address may try to sign in (``sign-in``), or try links that do not exist (``link``). With
``allow`` crawlers may keep pages of what is public. ``post`` says what ``POST /studies/ID/archive``
of a program does: it makes a ``job`` here (the default), or goes to ``orthanc`` unchanged.
``[embed NAME]`` has a key for pages of other sites (:doc:`portal_embedding`). Relative paths of
files begin at the folder of the settings.
"""

from __future__ import annotations

import configparser
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalad_jsdl.errors import PortalError
from datalad_jsdl.fetch.settings import parse_bytes
from datalad_jsdl.orders.ordering import Limits
from datalad_jsdl.portal.accounts.proxy import ProxyIdentity, networks_of
from datalad_jsdl.portal.embedding.keys import SHORTEST, EmbedKey
from datalad_jsdl.portal.local_paths import local_path
from datalad_jsdl.portal.rates import Kind, rate_of
from datalad_jsdl.portal.rules import DatasetRule, Openness, Rules, Terms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from limits import RateLimitItem

    from datalad_jsdl.portal.accounts.openid import OpenIdProvider
    from datalad_jsdl.portal.accounts.proxy import Network

__all__ = ["Accounts", "read_accounts"]

_SECTIONS = ("sign-in", "limits", "rates", "robots", "orthanc", "portal")
_POSTS = ("job", "orthanc")
_SIGN_IN = {
    "token": frozenset({"by"}),
    "nobody": frozenset({"by", "origin", "trusted"}),
    "proxy": frozenset({"by", "origin", "trusted", "user-field", "groups-field", "address"}),
    "openid": frozenset(
        {
            "by",
            "origin",
            "trusted",
            "issuer",
            "client-id",
            "client-secret-file",
            "scope",
            "groups-claim",
        }
    ),
}
#: A proxy on this machine; whoever else is here may say what they like of where they are.
_LOOPBACK = "127.0.0.0/8 ::1"
_DATASET = frozenset({"for", "terms", "logins"})
_LIMITS = frozenset({"files", "bytes"})
_EMBED = frozenset({"key-file", "origins", "manifests"})
#: What one order may have where several people share a portal, and nobody says otherwise.
_USUAL = Limits(100_000, 100 * 10**9)


@dataclass(frozen=True)
class Accounts:
    """How users sign in, and what holds for them.

    Attributes:
        rules: of datasets and orders.
        origin: of the portal, as browsers know it; "" for where it listens.
        proxy: that signs users in, or None.
        openid: the provider that does, or None.
        address: where the proxy has users sign in; "" if it says so by itself.
        by: how they sign in; see above.
        trusted: proxies, which say where requests are from.
        rates: how often visitors may ask, by what is asked for; the others are the usual ones.
        counted_at: URL of Redis that all processes count in; "" for each by itself.
        robots: whether crawlers may keep pages of what is public.
        passes_posts: whether a POST for an archive of Orthanc is answered by Orthanc itself.
        embed: keys of pages elsewhere, by name.
    """

    rules: Rules = field(default_factory=Rules)
    origin: str = ""
    proxy: ProxyIdentity | None = None
    openid: OpenIdProvider | None = None
    address: str = ""
    by: str = "token"
    trusted: tuple[Network, ...] = ()
    rates: Mapping[Kind, RateLimitItem | None] = field(default_factory=dict)
    counted_at: str = field(default="", repr=False)
    robots: bool = False
    passes_posts: bool = False
    embed: Mapping[str, EmbedKey] = field(default_factory=dict)

    @property
    def is_for_several(self) -> bool:
        """Whether the portal has more users than whoever has started it."""
        return self.by != "token"


def read_accounts(file: Path) -> Accounts:
    """What operators have set.

    Raises:
        PortalError: it cannot be read, or something in it is not as it has to be.
    """
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(file.read_text("utf-8-sig"), str(file))
    except OSError as error:
        raise PortalError(f"cannot read {file}: {error.strerror}") from None
    except (configparser.Error, UnicodeDecodeError):
        raise PortalError(f"{file} is no INI file in UTF-8") from None
    datasets, roles, embed = {}, {}, {}
    for name in parser.sections():
        section = _Section(file, name, parser[name])
        kind, _, rest = name.partition(" ")
        if kind == "dataset" and rest:
            datasets[rest.strip()] = section.dataset()
        elif kind == "role" and rest:
            roles[rest.strip()] = section.limits(Limits())
        elif kind == "embed" and rest:
            embed[rest.strip()] = section.embed(rest.strip())
        elif name not in _SECTIONS:
            raise PortalError(
                f"{file}: unknown section [{name}]; choose from portal, sign-in, limits, rates, "
                "robots, orthanc, dataset NAME, role NAME, embed NAME"
            )
    given = _given(parser, "sign-in")
    sign_in = _Section(file, "sign-in", given)
    by = given.get("by", "token")
    if by not in _SIGN_IN:
        raise PortalError(f"{file}: by is token, proxy, openid or nobody, not {by!r}")
    sign_in.require_known(_SIGN_IN[by])
    limits = Limits() if by == "token" else _USUAL
    if parser.has_section("limits"):
        limits = _Section(file, "limits", parser["limits"]).limits(limits)
    return Accounts(
        Rules(datasets, roles, limits),
        sign_in.origin(),
        sign_in.proxy() if by == "proxy" else None,
        sign_in.openid() if by == "openid" else None,
        local_path(given["address"]) if "address" in given else "",
        by,
        sign_in.trusted(),
        *_Section(file, "rates", _given(parser, "rates")).rates(),
        _Section(file, "robots", _given(parser, "robots")).robots(),
        _Section(file, "orthanc", _given(parser, "orthanc")).passes_posts(),
        embed,
    )


def _given(parser: configparser.ConfigParser, name: str) -> dict[str, str]:
    return dict(parser[name]) if parser.has_section(name) else {}


class _Section:
    """A section of the file, whose errors name it."""

    def __init__(self, file: Path, name: str, given: Mapping[str, str]) -> None:
        self._file, self._name, self._given = file, name, given

    def require_known(self, known: frozenset[str]) -> None:
        if unknown := sorted(self._given.keys() - known):
            raise self._error(
                f"unknown setting {unknown[0]}; choose from {', '.join(sorted(known))}"
            )

    def dataset(self) -> DatasetRule:
        self.require_known(_DATASET)
        wanted = [item.strip() for item in self._given.get("for", "signed-in").split(",")]
        if wanted in (["signed-in"], ["public"]):
            openness, groups = Openness(wanted[0]), frozenset[str]()
        else:
            parts = [item.partition(" ") for item in wanted]
            if any(word != "group" or not rest.strip() for word, _, rest in parts):
                raise self._error(
                    f"for is public, signed-in, or group NAME, not {self._given['for']!r}"
                )
            openness, groups = Openness.GROUPS, frozenset(rest.strip() for _, _, rest in parts)
        terms = self._text("terms") if self._given.get("terms") else None
        logins = self._yes_or_no("logins")
        return DatasetRule(openness, groups, Terms(terms) if terms else None, logins)

    def limits(self, usual: Limits) -> Limits:
        self.require_known(_LIMITS)
        files, size = usual.files, usual.size
        if (given := self._given.get("files")) is not None:
            files = None if given == "none" else self._count(given)
        if (given := self._given.get("bytes")) is not None:
            try:
                size = None if given == "none" else parse_bytes(given.replace(" ", ""))
            except ValueError:
                raise self._error(
                    f"bytes is an amount such as 100GB, or none, not {given!r}"
                ) from None
        return Limits(files, size)

    def passes_posts(self) -> bool:
        self.require_known(frozenset({"post"}))
        post = self._given.get("post", "job")
        if post not in _POSTS:
            raise self._error(f"post is job or orthanc, not {post!r}")
        return post == "orthanc"

    def origin(self) -> str:
        found = self._given.get("origin", "").rstrip("/")
        parts = urlsplit(found)
        if found and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path):
            raise self._error(f"origin is like https://data.example.org, not {found!r}")
        return found

    def trusted(self) -> tuple[Network, ...]:
        given = self._given.get("trusted", _LOOPBACK)
        return networks_of(given.replace(",", " ").split())

    def rates(self) -> tuple[dict[Kind, RateLimitItem | None], str]:
        """The rates, and where they are counted."""
        kinds = {kind.value: kind for kind in Kind}
        self.require_known(frozenset({*kinds, "count-in"}))
        try:
            found = {
                kind: rate_of(self._given[name])
                for name, kind in kinds.items()
                if name in self._given
            }
        except PortalError as error:
            raise self._error(str(error)) from None
        return found, self._given.get("count-in", "")

    def robots(self) -> bool:
        self.require_known(frozenset({"allow"}))
        return self._yes_or_no("allow")

    def proxy(self) -> ProxyIdentity:
        if not self._given.get("trusted", "").strip(" ,"):
            raise self._error("trusted is missing: the addresses of the proxy, such as 127.0.0.1")
        user = self._given.get("user-field", "X-Remote-User").lower()
        return ProxyIdentity(self.trusted(), user, self._given.get("groups-field", "").lower())

    def openid(self) -> OpenIdProvider:
        try:
            from datalad_jsdl.portal.accounts.openid import OpenIdProvider
        except ImportError as error:
            raise PortalError(
                f"the package {error.name} is missing; to install it, run: "
                "pip install 'datalad-jsdl[openid]'"
            ) from None
        for name in ("origin", "issuer", "client-id", "client-secret-file"):
            if not self._given.get(name):
                raise self._error(f"{name} is missing")
        usual = OpenIdProvider("", "", "")
        return OpenIdProvider(
            self._given["issuer"],
            self._given["client-id"],
            self._text("client-secret-file").strip(),
            self._given.get("scope", usual.scope),
            self._given.get("groups-claim", usual.groups),
        )

    def embed(self, name: str) -> EmbedKey:
        self.require_known(_EMBED)
        if not self._given.get("key-file"):
            raise self._error("key-file is missing")
        secrets = tuple(filter(None, map(str.strip, self._text("key-file").splitlines())))
        if not secrets or min(map(len, secrets)) < SHORTEST:
            raise self._error(f"a key has {SHORTEST} characters or more, in a line of key-file")
        origins = self._given.get("origins", "").replace(",", " ").split()
        if any(urlsplit(origin).path.strip("/") or "://" not in origin for origin in origins):
            raise self._error("origins are such as https://atlas.example.org, without a path")
        manifests = self._given.get("manifests", "no")
        if manifests not in ("yes", "no"):
            raise self._error(f"manifests is yes or no, not {manifests!r}")
        found = frozenset(origin.rstrip("/").lower() for origin in origins)
        return EmbedKey(name, secrets, found, manifests == "yes")

    def _text(self, name: str) -> str:
        path = self._file.absolute().parent / self._given[name]
        try:
            return path.read_text("utf-8-sig")
        except OSError as error:
            raise self._error(f"cannot read {path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise self._error(f"{path} is not in UTF-8") from None

    def _yes_or_no(self, name: str) -> bool:
        given = self._given.get(name, "no")
        if given not in ("yes", "no"):
            raise self._error(f"{name} is yes or no, not {given!r}")
        return given == "yes"

    def _count(self, given: str) -> int:
        if not given.isascii() or not given.isdigit():
            raise self._error(f"files is a number, or none, not {given!r}")
        return int(given)

    def _error(self, text: str) -> PortalError:
        return PortalError(f"{self._file}, [{self._name}]: {text}")
