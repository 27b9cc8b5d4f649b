"""What happens, in one line each: for people, or as JSON for programs that collect it.

Whom it is about is told by a pseudonym, which only who has the store can compute. No line has an
address that was asked for: it may be a link that needs no login.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.model.urls import redact_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from structlog.typing import EventDict

__all__ = ["PortalLog", "as_json", "log_to"]


@dataclass(frozen=True)
class PortalLog:
    """The log of a portal.

    Attributes:
        secret: that pseudonyms are made with.
        write: takes a line's event and its fields.
    """

    secret: bytes = field(default=b"", repr=False)
    write: Callable[..., object] = lambda event, **fields: None

    def event(self, event: str, user: str | None = None, **fields: object) -> None:
        """Something has happened.

        Args:
            event: what, in a word.
            user: who did it, in clear; a pseudonym is written.
            fields: more of it; texts are freed of what may be secret.
        """
        if user is not None:
            fields = {"user": self.pseudonym(user), **fields}
        self.write(event, **{name: _safe(value) for name, value in fields.items()})

    def pseudonym(self, user: str) -> str:
        """The same for a user, as long as the store is the same."""
        text = user.encode("utf-8", "surrogateescape")
        return hmac.new(self.secret, text, hashlib.sha256).hexdigest()[:12]


def log_to(stream: TextIO, *, json: bool, level: int = logging.INFO) -> Callable[..., object]:
    """Write lines to a stream.

    Args:
        stream: such as standard error.
        json: as JSON; else ``name=value``, for people.
        level: of all lines, as `logging` has it.
    """
    logger = structlog.wrap_logger(
        structlog.PrintLogger(stream), processors=[*_COMMON, _renderer(json=json)]
    )

    def write(event: str, **fields: object) -> object:
        return logger.log(level, event, **fields)

    return write


def as_json() -> None:
    """Have what DataLad and the server say be lines of the same kind."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_COMMON,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _redacted,
            _renderer(json=True),
        ],
    )
    handlers = logging.getLogger(LOGGER.partition(".")[0]).handlers
    own = logging.StreamHandler(sys.stderr)
    logging.getLogger("uvicorn").addHandler(own)
    for handler in (*handlers, own):
        handler.setFormatter(formatter)


def _renderer(*, json: bool) -> Any:
    if json:
        return structlog.processors.JSONRenderer(sort_keys=False)
    return structlog.processors.LogfmtRenderer(key_order=["timestamp", "event"], bool_as_flag=False)


def _redacted(logger: object, method: str, event: EventDict) -> EventDict:
    return {name: _safe(value) for name, value in event.items()}


def _safe(value: object) -> object:
    return redact_text(" ".join(value.split())) if isinstance(value, str) else value


_COMMON: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
