"""Guards against bots that answer in a server's place: told by their marks, not their words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["WALLS", "wall_of"]

_LOOKED_AT = 64 << 10  # bytes


# with which one denies; other answers of a guarded server have some of the same marks
_DENIALS = (403, 405, 429)


@dataclass(frozen=True, slots=True)
class _Wall:
    """How one is told.

    Attributes:
        name: for messages.
        headers: name → value that it begins with, in lower case; one is enough.
        marks: what its pages have in them, in lower case; one is enough.
        denials: further marks, and
        denied: further headers, that count only where the status denies access.
    """

    name: str
    headers: tuple[tuple[str, str], ...] = ()
    marks: tuple[bytes, ...] = ()
    denials: tuple[bytes, ...] = ()
    denied: tuple[tuple[str, str], ...] = ()


WALLS = (
    _Wall(
        "Cloudflare",
        (("cf-mitigated", "challenge"),),
        (b"_cf_chl_opt", b"cf-browser-verification", b"/orchestrate/chl_page/", b"cf_chl_"),
        (b'data-translate="block_headline"', b"cf-error-details", b"challenges.cloudflare.com"),
    ),
    _Wall("Anubis", (), (b"/.within.website/", b"anubis_challenge", b"anubis_version")),
    _Wall(
        "AWS WAF",
        (("x-amzn-waf-action", ""),),
        (b".awswaf.com/", b"awswafintegration", b"awswafcookiedomainlist"),
    ),
    _Wall(
        "Akamai",
        (),
        (b"sec-if-cpt-container", b"sec-bc-tile-container"),
        (b"errors.edgesuite.net", b"edgesuite.net&#47;"),
        (("server", "akamaighost"),),
    ),
    _Wall(
        "DataDome",
        (("x-dd-b", ""),),
        (b"captcha-delivery.com/",),
        denied=(("x-datadome", ""),),
    ),
    _Wall(
        "Imperva",
        (),
        (b'id="main-iframe" src="/_incapsula_resource', b"_incapsula_resource?cwudnsai"),
        (b"_incapsula_resource",),
        (("x-iinfo", ""),),
    ),
    _Wall("Sucuri", (("x-sucuri-block", ""),), (b"sucuri_cloudproxy_js",), (b"sucuri.net/",)),
    _Wall(
        "DDoS-Guard",
        (),
        (b"/.well-known/ddos-guard/",),
        denied=(("server", "ddos-guard"),),
    ),
    _Wall("HUMAN", (), (b"px-captcha", b"captcha.px-cdn.net", b"captcha.px-cloud.net")),
    _Wall("Kasada", (), (b"ips.js?kp_uidz",), denied=(("x-kpsdk-ct", ""),)),
    _Wall("Vercel", (("x-vercel-mitigated", "challenge"),), (b"/.well-known/vercel/security/",)),
    _Wall("go-away", (), (b"/.well-known/.git.gammaspectra.live/git/go-away/",)),
    _Wall("F5", (), (b"/tspd/", b"bobcmn")),
    _Wall("a CAPTCHA", (), (), (b"/recaptcha/", b"hcaptcha.com/", b"g-recaptcha", b"h-captcha")),
)


def wall_of(status: int, headers: Mapping[str, str], body: bytes) -> str:
    """The name of the guard that an answer is from, or ""."""
    page = body[:_LOOKED_AT].lower()
    page = page if b"<" in page else b""
    denies = status in _DENIALS
    for wall in WALLS:
        for name, value in wall.headers + (wall.denied if denies else ()):
            if name in headers and headers[name].lower().startswith(value):
                return wall.name
        if any(mark in page for mark in wall.marks + (wall.denials if denies else ())):
            return wall.name
    return ""
