"""Faults in words for a person: the one place where they become text.

A phrase says what is wrong, and where somebody can do something about it, what. It is free of
secrets; a URL is shown without what may be one.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from datalad_jsdl.errors import FetchError
from datalad_jsdl.faults import Failed, Fault, FaultKind
from datalad_jsdl.fetch.credentials.login import LOG_IN
from datalad_jsdl.fetch.http.codes import Code
from datalad_jsdl.fetch.http.statuses import meaning_of
from datalad_jsdl.fetch.settings import in_words, named
from datalad_jsdl.model.amounts import size_text
from datalad_jsdl.model.commands import added, with_commands
from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from datalad_jsdl.faults import Attempts, Reply

__all__ = ["MAKE_ROOM", "failure", "in_full", "login_commands", "phrase", "told", "too_slow"]

_MOST_SHOWN = 8

#: What to do about a full disk.
MAKE_ROOM = "free some space and run the same command again"
_MAY_WANT_LOGIN = (
    'you may need to log in (see "The portal wants me to log in" in the documentation)'
)
_GUARD = (
    "bot protection ({}) answered instead of the server; use another mirror or the "
    "URL of the portal's API, or ask its operator to allow downloads by programs"
)
_COMPRESSED = (
    "the server sends the file compressed ({}) although this was not requested, and without a size "
    "or digest it cannot be verified; use another mirror, or add the size or digest of the file "
    "that curl saves to the manifest"
)
_PACKED = (
    "; the server sends the file compressed ({}), so the manifest may describe the uncompressed "
    "file"
)
_TRUST = (
    "if you trust the server, name its certificate authority: "
    "git config --global http.{}/.sslCAInfo FILE (http.sslVerify=false is ignored)"
)


def phrase(fault: Fault) -> str:
    """What is wrong, without the URL."""
    return _with_logins(_plain(fault), [fault])


def _plain(fault: Fault) -> str:
    """What is wrong, in one line."""
    text = _PHRASES[fault.kind](fault)
    if fault.attempts and fault.kind is not FaultKind.SKIPPED:
        text += f"; {_gave_up(fault.attempts, fault.wait)}"
    return text


def in_full(fault: Fault) -> str:
    """What is wrong with which URL."""
    return _with_logins(_plain_in_full(fault), [fault])


def _plain_in_full(fault: Fault) -> str:
    return f"{redact(fault.url)}: {_plain(fault)}" if fault.url else _plain(fault)


def _with_logins(text: str, faults: Sequence[Fault]) -> str:
    """A text with the commands that give the logins which are missing."""
    return with_commands(text, "to log in, run", login_commands(Failed(tuple(faults))))


def login_commands(failed: Failed) -> list[str]:
    """The commands that give the logins which are missing."""
    causes = (cause for fault in failed.faults for cause in (fault, fault.cause) if cause)
    urls = (cause.reply.login for cause in causes if cause.reply)
    return [f"{LOG_IN} {shlex.quote(url)}" for url in dict.fromkeys(urls) if url]


def told(failed: Failed) -> str:
    """Why no candidate gave the content; of many, the first."""
    if not failed.faults:
        return "no URL to download from"
    shown = [_plain_in_full(fault) for fault in failed.faults[:_MOST_SHOWN]]
    more = len(failed.faults) - len(shown)
    also = f"; {more} more URL{'s' * (more > 1)} failed" if more else ""
    return _with_logins("; ".join(shown) + also, failed.faults[:_MOST_SHOWN])


def failure(failed: Failed, before: str = "", after: str = "") -> FetchError:
    """The error to raise for unavailable content, and what is said around the reasons."""
    return FetchError(before + added(told(failed), after), failed=failed)


def _gave_up(attempts: Attempts, wait: float | None) -> str:
    often = "1 attempt" if attempts.number == 1 else f"{attempts.number} attempts"
    said = f"gave up after {often} ({named('retries')})"
    if attempts.waited is None or wait is None:
        return said
    return (
        f"the server asks for a pause of {in_words(round(wait))}, more than the limit of "
        f"{in_words(attempts.waited)} ({named('max-wait')}); {said}"
    )


def too_slow(speed: int) -> str:
    """What is wrong with a connection below *speed* bytes per second."""
    return f"slower than {speed} bytes per second ({named('min-speed')})"


def _disk(fault: Fault) -> str:
    return f"cannot write {fault.detail}"


def _disk_full(fault: Fault) -> str:
    return f"{fault.detail or 'the disk is full'}; {MAKE_ROOM}"


def _network(text: str) -> Callable[[Fault], str]:
    """What happened on the network, and through which proxy."""

    def say(fault: Fault) -> str:
        seconds = in_words(fault.seconds)
        said = text.format(detail=fault.detail, seconds=seconds, origin=fault.origin)
        return said + (f", through {fault.proxy}" if fault.proxy else "")

    return say


def _silent(fault: Fault) -> str:
    awaited = "response" if fault.position is None else "data"
    return _network(f"no {awaited} within {{seconds}} ({named('read-timeout')})")(fault)


def _reply(fault: Fault) -> str:
    """Of an answer that is no file: what it means, and what the server says."""
    assert fault.reply is not None  # noqa: S101 - such a fault has one
    reply = fault.reply
    text = "; ".join(filter(None, [_meaning(fault, reply), reply.advice]))
    text = f"HTTP status {reply.status}" + (f" ({text})" if text else "") + _perhaps(fault)
    return f"{text}; the server says: {reply.said}" if reply.said else text


def _meaning(fault: Fault, reply: Reply) -> str:
    if reply.guard:
        meaning = _GUARD.format(reply.guard)
    elif reply.status == 401 and reply.advice:
        meaning = ""  # it says so itself
    elif reply.code and Code[reply.code].text:
        meaning = Code[reply.code].text
    elif reply.status == 403 and fault.busy:
        meaning = meaning_of(429).text
    elif reply.status == 403 and not reply.code and reply.said:
        meaning = "access is forbidden"  # whether that is for terms, it knows better
    else:
        meaning = meaning_of(reply.status).text
    # an answer without a body has the region only
    elsewhere = Code[reply.code].kind is FaultKind.UNFIT if reply.code else not reply.said
    if reply.region and elsewhere and reply.status in (301, 307, 400):
        meaning = meaning if reply.code else f"{meaning}; the bucket's region"
        return f"{meaning}: {reply.region}; the URL must name the endpoint of that region"
    return meaning


def _perhaps(fault: Fault) -> str:
    """That an answer may not be the origin's, if it came by plain HTTP through a proxy."""
    return f", unless this response came from {fault.proxy}" if fault.proxy else ""


def _guard(fault: Fault) -> str:
    return _reply(fault) if fault.reply else _GUARD.format(fault.detail) + _perhaps(fault)


def _page(fault: Fault) -> str:
    page = f"the server sent a web page instead of the file{_perhaps(fault)}"
    return f"{page}; {_MAY_WANT_LOGIN}"


def _packed(fault: Fault) -> str:
    return _PACKED.format(", ".join(fault.codings)) if fault.codings else ""


def _size(fault: Fault) -> str:
    says = "another mirror" if fault.by_mirror else "the manifest"
    offer = "more" if fault.offered is None else f"{fault.offered}"
    if fault.cause:
        sent = "a longer web page" if fault.offered is None else f"a web page of {offer} bytes"
        offer = f"{sent}{_perhaps(fault.cause)}; {_MAY_WANT_LOGIN}"
    verb = "sent" if fault.cause else "has"
    return f"{says} says {fault.expected} bytes, but the server {verb} {offer}{_packed(fault)}"


def _content(fault: Fault) -> str:
    if (wrong := fault.checksum) is None:
        text = f"expected {fault.expected} bytes, got {fault.offered}" if not fault.detail else ""
        return (text or fault.detail) + _packed(fault)
    if wrong.expected:
        text = f"expected {wrong.algorithm} {wrong.expected}, got {wrong.found}"
    else:
        text = f"the {wrong.algorithm} of a piece does not match"
    return f"wrong content: {text}{_packed(fault)}"


def _range(fault: Fault) -> str:
    part = fault.position is not None
    asked = f"requested bytes from {fault.position}" if part else "requested the whole file"
    return f"{asked}, but got {fault.detail or 'no Content-Range'}"


def _broke_off(fault: Fault) -> str:
    why = f" ({_plain(fault.cause)})" if fault.cause else ""
    return f"the transfer broke off after {size_text(fault.position or 0)}{why}"


def _truncated(fault: Fault) -> str:
    if fault.cause:
        return f"{_plain(fault.cause)}; the file may be incomplete"
    return f"the transfer ended after {fault.position} of {fault.expected} bytes{_packed(fault)}"


def _not_asked(fault: Fault) -> str:
    full = fault.cause and fault.cause.kind is FaultKind.DISK_FULL
    return f"not tried: the disk is full; {MAKE_ROOM}" if full else "not tried"


def _skipped(fault: Fault) -> str:
    failures = fault.attempts.number if fault.attempts else 0
    pause = in_words(round(fault.wait or 0) or 1)
    why = f" ({_plain(fault.cause)})" if fault.cause else ""
    return f"skipped for {pause}: the mirror failed {failures} times in a row{why}"


def _always(text: str) -> Callable[[Fault], str]:
    return lambda _: text


_PHRASES: dict[FaultKind, Callable[[Fault], str]] = {
    FaultKind.GONE: _reply,
    FaultKind.LOGIN: _reply,
    FaultKind.TERMS: _reply,
    FaultKind.GUARD: _guard,
    FaultKind.UNFIT: _reply,
    FaultKind.UNABLE: _reply,
    FaultKind.PREPARING: _reply,
    FaultKind.BUSY: _reply,
    FaultKind.OVERLOADED: _reply,
    FaultKind.DOWN: _reply,
    FaultKind.WEB_PAGE: _page,
    FaultKind.COMPRESSED: lambda fault: _COMPRESSED.format(", ".join(fault.codings)),
    FaultKind.SIZE: _size,
    FaultKind.DISPUTED: _size,
    FaultKind.LONGER: _size,
    FaultKind.SHORTER: _always("the server's file is shorter than the part already downloaded"),
    FaultKind.CHANGED: _always("the file on the server has changed in the meantime"),
    FaultKind.CONTENT: _content,
    FaultKind.SUPPLANTED: _always("the mirror sent wrong bytes; other mirrors sent the right ones"),
    FaultKind.NO_RANGES: _always("the server ignores ranges and sends the whole file"),
    FaultKind.RANGE: _range,
    FaultKind.BROKE_OFF: _broke_off,
    FaultKind.TRUNCATED: _truncated,
    FaultKind.SLOW: lambda fault: too_slow(fault.expected or 0),
    FaultKind.SILENT: _silent,
    FaultKind.SILENT_GET: lambda f: f"the server answers HEAD requests but not GET: {_silent(f)}",
    FaultKind.UNRESPONSIVE: _silent,
    FaultKind.NO_ANSWER: _network("{detail}"),
    FaultKind.CLOSED: _network("the server closed the connection"),
    FaultKind.UNCONNECTED: _network("cannot connect: {detail}"),
    FaultKind.CONNECT_TIMEOUT: _network(
        f"no connection within {{seconds}} ({named('connect-timeout')})"
    ),
    FaultKind.TLS: _network("TLS: {detail}"),
    FaultKind.UNTRUSTED: _network("TLS: {detail}; " + _TRUST.format("{origin}")),
    FaultKind.NO_TLS: _network("TLS: {detail}; this port does not use https"),
    FaultKind.UNFETCHABLE: _network("{detail}"),
    FaultKind.FORBIDDEN: _network("{detail}"),
    FaultKind.NOT_ASKED: _not_asked,
    FaultKind.SKIPPED: _skipped,
    FaultKind.INTERRUPTED: _always("interrupted"),
    FaultKind.DISK: _disk,
    FaultKind.DISK_FULL: _disk_full,
    FaultKind.BUG: lambda fault: fault.detail,
}
