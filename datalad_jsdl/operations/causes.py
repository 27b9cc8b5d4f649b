"""Why files were not had, said so that one sentence serves for all that share the cause."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from datalad_jsdl.faults import Failed, Fault, FaultKind
from datalad_jsdl.fetch.mirrors.wrong import is_wrong
from datalad_jsdl.fetch.phrases import login_commands, phrase
from datalad_jsdl.model.commands import with_commands
from datalad_jsdl.model.urls import redact
from datalad_jsdl.operations.values import in_words

__all__ = ["advice_of", "cause_text", "replaced_text"]

_MOST = 3  # mirrors that are named


def cause_text(problem: object) -> str:
    """What is wrong, without what is of one file only: mirrors are named, not URLs.

    What to do about it is told by `advice_of`: it is said in full of one file only.

    Args:
        problem: a `Failed`, an error, or a value that says what is wrong.
    """
    if not isinstance(problem, Failed) or not problem.faults:
        return in_words(problem)
    texts = list(dict.fromkeys(map(_text, problem.faults)))
    more = len(texts) - _MOST
    also = f"; {more} more mirror{'s' * (more > 1)} failed" if more > 0 else ""
    return "; ".join(texts[:_MOST]) + also


def _text(fault: Fault) -> str:
    fault = fault.cause or fault  # that one was not asked has the cause of another
    if fault.kind is FaultKind.DISK_FULL:
        fault = replace(fault, detail="")
    reply = replace(fault.reply, advice="", login="") if fault.reply else None
    text = phrase(replace(fault, attempts=None, reply=reply))
    # where no address of a host may be connected to, that names the host
    is_named = fault.kind is FaultKind.FORBIDDEN
    return f"{_host(fault.url)}: {text}" if fault.url and not is_named else text


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:  # a dataset that somebody has made up may have any URL
        return redact(url)


def advice_of(problem: object) -> str:
    """How to give the login or the room that is wanted, as fully as it is told; or ""."""
    if not isinstance(problem, Failed):
        return ""
    for fault in problem.faults:
        if fault.kind is FaultKind.DISK_FULL:
            return fault.detail
    advice = max((f.reply.advice for f in problem.faults if f.reply), key=len, default="")
    return with_commands(advice, "to log in, run", login_commands(problem)) if advice else ""


def replaced_text(problem: object) -> str:
    """What to say behind it if several mirrors have the same other content; or ""."""
    if not isinstance(problem, Failed) or len(problem.faults) < 2:
        return ""
    found = {(f.kind, f.offered, f.checksum and f.checksum.found) for f in problem.faults}
    if len(found) > 1 or not all(map(is_wrong, problem.faults)):
        return ""
    _, offered, digest = found.pop()
    if offered is None and not digest:
        return ""
    return "; all mirrors have the same: perhaps it was replaced; look for a newer manifest"
