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
    204: _lasts("the answer has no content"),
    205: _lasts("the answer has no content"),
    207: _lasts("the answer is a listing of WebDAV, not a file"),
    300: _lasts("the server offers several files and names none"),
    301: _lasts("moved, and the answer does not say where"),
    302: _lasts("moved, and the answer does not say where"),
    303: _lasts("moved, and the answer does not say where"),
    304: _lasts("not changed, which was not the question"),
    307: _lasts("moved, and the answer does not say where"),
    308: _lasts("moved, and the answer does not say where"),
    400: _lasts("the server does not accept this request"),
    401: Meaning("the server wants a login", FaultKind.LOGIN),
    402: _lasts("the server wants a payment"),
    403: Meaning("access is forbidden, or terms have to be accepted", FaultKind.TERMS),
    404: Meaning("not found", FaultKind.GONE),
    405: _lasts("the server does not allow downloads at this URL"),
    406: _lasts("the server has the file in no form that was asked for"),
    407: _lasts("a proxy on the way wants a login; it belongs into the proxy's own URL"),
    408: _passes("the server waited too long for the request"),
    409: _lasts("the file's state on the server does not allow it"),
    410: Meaning("gone for good", FaultKind.GONE),
    412: _lasts("the file on the server has changed"),
    413: _lasts("too large for the server"),
    414: _lasts("the URL is too long for the server"),
    416: _lasts("the file has fewer bytes than were asked for"),
    418: _lasts("the server refuses this program"),
    420: _busy("too many requests", FaultKind.BUSY),
    421: _passes("this connection is not for that host"),
    423: _passes("somebody has locked the file"),
    424: _lasts("the server needs something else first"),
    425: _passes("the server wants to be asked again"),
    426: _lasts("the server wants another version of the protocol"),
    428: _lasts("the server wants a condition"),
    429: _busy("too many requests", FaultKind.BUSY),
    431: _lasts("the request's headers are too large for the server; fewer cookies may help"),
    440: _lasts("the login has expired"),
    444: _passes("the server gave no answer"),
    449: _passes("the server wants to be asked again"),
    450: _lasts("a filter on the way blocks it"),
    451: _lasts("the server may not give it, for legal reasons"),
    495: _lasts("the server does not accept the client certificate: git config http.sslCert FILE"),
    496: _lasts("the server wants a client certificate: git config http.sslCert FILE"),
    497: _lasts("this port speaks https: the URL has to begin with https://"),
    498: _lasts("the token is invalid or has expired"),
    499: _lasts("the server wants a token, or broke the request off"),
    500: _passes("a fault of the server"),
    501: _unable("the server cannot do what was asked for"),
    502: _passes("a server behind this one is out of order"),
    503: _busy("the server is overloaded or down for a while"),
    504: _passes("a server behind this one does not answer"),
    505: _unable("the server does not speak this version of HTTP"),
    506: _unable("a fault of the server's configuration"),
    507: _passes("the server's disk is full"),
    508: _unable("the server goes round in circles"),
    509: _busy("the server's limit of traffic is used up"),
    510: _unable("the server wants an extension of HTTP"),
    511: _lasts("this network wants a login first: open a web page in a browser on this machine"),
    520: _passes("the server behind Cloudflare gave an unreadable answer"),
    521: _passes("the server behind Cloudflare is down"),
    522: _passes("Cloudflare cannot connect to the server behind it"),
    523: _passes("Cloudflare cannot find the server behind it"),
    524: _passes("the server behind Cloudflare answers too slowly"),
    525: _passes("Cloudflare cannot speak TLS with the server behind it"),
    526: _passes("the server behind Cloudflare has an invalid certificate"),
    527: _passes("Cloudflare lost its connection to the server behind it"),
    529: _busy("the server is overloaded"),
    530: _passes("the server behind this one cannot be found, or is switched off"),
    598: _passes("a proxy on the way got no data within its time limit"),
    599: _passes("a proxy on the way got no connection within its time limit"),
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
