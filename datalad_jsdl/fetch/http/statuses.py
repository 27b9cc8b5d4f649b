"""What a status of HTTP that is no file means, and whether it may pass: one table.

RFC 9110, section 15; RFC 6585; RFC 7725 (451); RFC 8470 (425); RFC 4918 (WebDAV); and what
servers and networks of delivery have added (nginx, Cloudflare, Apache).
"""

from __future__ import annotations

from dataclasses import dataclass

from datalad_jsdl.faults import FaultKind, Nature

__all__ = ["STATUSES", "Meaning", "gives_content", "meaning_of"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a status comes to.

    Attributes:
        text: a phrase; "" if there is nothing to be said.
        kind: of the fault, where nothing in the answer says otherwise.
    """

    text: str
    kind: FaultKind = FaultKind.UNFIT

    @property
    def passes(self) -> bool:
        """Whether, asked again in a while, the answer may be another one."""
        return Nature.LASTING not in self.kind.nature


def _lasts(text: str) -> Meaning:
    return Meaning(text)


def _passes(text: str) -> Meaning:
    return Meaning(text, FaultKind.DOWN)


def _busy(text: str, kind: FaultKind = FaultKind.OVERLOADED) -> Meaning:
    return Meaning(text, kind)


def _unable(text: str) -> Meaning:
    return Meaning(text, FaultKind.UNABLE)


#: Status → meaning. A 401 or 403 also says how to give a login.
STATUSES = {
    202: Meaning("the server is still preparing the file", FaultKind.PREPARING),
    204: _lasts("the response is empty"),
    205: _lasts("the response is empty"),
    207: _lasts("the response is a WebDAV listing, not a file"),
    300: _lasts("the server offers several files without choosing one"),
    301: _lasts("moved, but the response does not say where"),
    302: _lasts("moved, but the response does not say where"),
    303: _lasts("moved, but the response does not say where"),
    304: _lasts("not modified, although nothing was cached"),
    307: _lasts("moved, but the response does not say where"),
    308: _lasts("moved, but the response does not say where"),
    400: _lasts("the server rejects this request"),
    401: Meaning("the server requires a login", FaultKind.LOGIN),
    402: _lasts("the server requires payment"),
    403: Meaning("access is forbidden, or you must accept terms first", FaultKind.TERMS),
    404: Meaning("not found", FaultKind.GONE),
    405: _lasts("the server does not allow downloads at this URL"),
    406: _lasts("the server has no acceptable form of the file"),
    407: _lasts("a proxy requires a login, which belongs before the host in the proxy's URL"),
    408: _passes("the server waited too long for the request"),
    409: _lasts("the file's state on the server does not allow downloads"),
    410: Meaning("permanently gone", FaultKind.GONE),
    412: _lasts("the file on the server has changed"),
    413: _lasts("the request is too large for the server"),
    414: _lasts("the URL is too long for the server"),
    416: _lasts("the file is shorter than the requested range"),
    418: _lasts("the server refuses this program"),
    420: _busy("too many requests", FaultKind.BUSY),
    421: _passes("the server does not serve this host"),
    423: _passes("the file is locked"),
    424: _lasts("the request depends on another one that failed"),
    425: _passes("the server asks for a retry"),
    426: _lasts("the server requires another protocol version"),
    428: _lasts("the server requires a conditional request"),
    429: _busy("too many requests", FaultKind.BUSY),
    431: _lasts("the request's headers are too large for the server; fewer cookies may help"),
    440: _lasts("the login has expired"),
    444: _passes("the server gave no response"),
    449: _passes("the server asks for a retry"),
    450: _lasts("a filter in the network blocks the URL"),
    451: _lasts("unavailable for legal reasons"),
    495: _lasts("the server rejects the client certificate: git config http.sslCert FILE"),
    496: _lasts("the server requires a client certificate: git config http.sslCert FILE"),
    497: _lasts("this port uses https: the URL must begin with https://"),
    498: _lasts("the token is invalid or has expired"),
    499: _lasts("the server requires a token, or cancelled the request"),
    500: _passes("internal server error"),
    501: _unable("the server does not support this request"),
    502: _passes("a server behind this one is faulty"),
    503: _busy("the server is overloaded or temporarily down"),
    504: _passes("a server behind this one does not answer"),
    505: _unable("the server does not speak this version of HTTP"),
    506: _unable("the server is misconfigured"),
    507: _passes("the server's disk is full"),
    508: _unable("the server ran into a loop"),
    509: _busy("the server's traffic limit is exceeded"),
    510: _unable("the server requires an HTTP extension"),
    511: _lasts(
        "this network requires a login first: open a web page in a browser on this machine"
    ),
    520: _passes("the server behind Cloudflare gave an unreadable response"),
    521: _passes("the server behind Cloudflare is down"),
    522: _passes("Cloudflare cannot connect to the server behind it"),
    523: _passes("Cloudflare cannot find the server behind it"),
    524: _passes("the server behind Cloudflare answers too slowly"),
    525: _passes("the TLS handshake between Cloudflare and the server behind it failed"),
    526: _passes("the server behind Cloudflare has an invalid certificate"),
    527: _passes("Cloudflare lost its connection to the server behind it"),
    529: _busy("the server is overloaded"),
    530: _passes("the server behind this one cannot be found, or is switched off"),
    598: _passes("a proxy got no data within its time limit"),
    599: _passes("a proxy got no connection within its time limit"),
}


def meaning_of(status: int) -> Meaning:
    """What a status means, known or not (RFC 9110, 15: an unknown one is the x00 of its class)."""
    if status in STATUSES:
        return STATUSES[status]
    return _passes("") if status >= 500 else _lasts("")


def gives_content(status: int) -> bool:
    """Whether an answer has content of what was asked for: the whole, or with 206 a part.

    Not only 200: 203 is for a copy, and an unknown status of the class is like 200 (RFC 9110,
    section 15).
    """
    return 200 <= status < 300 and status not in STATUSES
