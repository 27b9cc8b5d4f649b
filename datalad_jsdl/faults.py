"""Why content was not had, as data: kinds of faults, and what differs from one to the next.

What follows from a fault (ask again? blame the mirror?) is a property of its kind, in the one
table below. What a person is told is made of the kind and its data by `fetch.phrases` alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, Flag, auto

__all__ = ["Attempts", "Checksum", "Failed", "Fault", "FaultKind", "Nature", "Reply"]


class Nature(Flag):
    """What follows from a kind of fault."""

    NONE = 0
    #: There is no sense in asking again in this run.
    LASTING = auto()
    #: The whole mirror is to blame, not this URL alone.
    MIRROR = auto()
    #: The mirror asks for fewer requests.
    BUSY = auto()
    #: The mirror is up, and gives an answer to this URL.
    ANSWERED = auto()
    #: There is no connection to be had at all.
    REFUSED = auto()
    #: The mirror was not even asked.
    UNASKED = auto()
    #: Bytes that it gave are not the content's.
    WRONG = auto()
    #: Its first byte was waited for in vain.
    SILENT = auto()


_LASTS = Nature.LASTING | Nature.ANSWERED
_SERVER = Nature.MIRROR | Nature.ANSWERED
_SILENT = Nature.MIRROR | Nature.SILENT


class FaultKind(Enum):
    """What can be wrong with one URL of a content; the value is for programs.

    Attributes:
        nature: what follows from it.
    """

    nature: Nature

    # an answer that is no file (`Fault.reply`)
    GONE = "gone", _LASTS
    LOGIN = "login", _LASTS
    TERMS = "terms", _LASTS
    GUARD = "guard", _LASTS  # against bots; as a web page it has no reply
    UNFIT = "unfit", _LASTS  # any other answer that is no file
    UNABLE = "unable", _LASTS  # 501 and the like: the server, for good
    PREPARING = "preparing", Nature.ANSWERED
    BUSY = "busy", _SERVER | Nature.BUSY
    OVERLOADED = "overloaded", _SERVER | Nature.BUSY  # 503 without a time to wait
    DOWN = "down", _SERVER
    # an answer that has another content
    WEB_PAGE = "web-page", _LASTS
    COMPRESSED = "compressed", _LASTS
    SIZE = "size", _LASTS
    DISPUTED = "disputed", Nature.ANSWERED  # the size is not the one of another URL's answer
    LONGER = "longer", _LASTS | Nature.WRONG  # more bytes came than there should be
    SHORTER = "shorter", Nature.ANSWERED  # than what is there already
    CHANGED = "changed", Nature.ANSWERED | Nature.WRONG
    CONTENT = "content", _LASTS | Nature.WRONG  # verified, and wrong
    SUPPLANTED = "supplanted", _LASTS | Nature.WRONG  # others had the right bytes in place of its
    NO_RANGES = "no-ranges", Nature.NONE
    RANGE = "range", Nature.MIRROR  # another one than was asked for
    # an answer that came to no end
    BROKE_OFF = "broke-off", Nature.MIRROR
    TRUNCATED = "truncated", Nature.MIRROR
    SLOW = "slow", Nature.MIRROR
    # no answer
    SILENT = "silent", _SILENT
    SILENT_GET = "silent-get", _SILENT  # after an answer to HEAD
    UNRESPONSIVE = "unresponsive", _SILENT | Nature.LASTING  # for as long as anybody waits
    NO_ANSWER = "no-answer", Nature.MIRROR
    CLOSED = "closed", Nature.MIRROR  # the connection, before an answer
    UNCONNECTED = "unconnected", Nature.MIRROR | Nature.REFUSED
    CONNECT_TIMEOUT = "connect-timeout", Nature.MIRROR
    TLS = "tls", Nature.LASTING
    UNTRUSTED = "untrusted", Nature.LASTING  # the certificate of it
    NO_TLS = "no-tls", Nature.LASTING
    UNFETCHABLE = "unfetchable", Nature.LASTING  # the URL, or where its redirects lead
    # not asked, or no more
    FORBIDDEN = "forbidden", Nature.LASTING | Nature.UNASKED  # by the address policy
    NOT_ASKED = "not-asked", Nature.NONE
    SKIPPED = "skipped", Nature.NONE  # its mirror is dead
    INTERRUPTED = "interrupted", Nature.LASTING
    # on this side
    DISK = "disk", Nature.NONE
    DISK_FULL = "disk-full", Nature.NONE
    BUG = "bug", Nature.LASTING

    def __new__(cls, word: str, nature: Nature) -> FaultKind:
        """A member whose value is the word alone."""
        kind = object.__new__(cls)
        kind._value_ = word
        kind.nature = nature
        return kind


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of HTTP that is no file.

    Attributes:
        status: of HTTP.
        code: name of the member of `fetch.http.codes.Code` that it comes to, or "".
        said: the server's own words, free of secrets, or "".
        region: of the bucket, where the server names it (S3).
        guard: name of the guard against bots that answered in the server's place, or "".
        advice: where a login is wanted: which origin wants what, and how to give it.
        login: the URL to log in at with a command of its own; "" if that was said before.
    """

    status: int
    code: str = ""
    said: str = ""
    region: str = ""
    guard: str = ""
    advice: str = ""
    login: str = ""


@dataclass(frozen=True, slots=True)
class Checksum:
    """A digest that content does not have.

    Attributes:
        algorithm: a name of `digests.ALGORITHMS`.
        expected: hex, or "" if it is of a piece of the content.
        found: hex, likewise.
    """

    algorithm: str
    expected: str = ""
    found: str = ""


@dataclass(frozen=True, slots=True)
class Attempts:
    """After what a URL was given up.

    Attributes:
        number: of requests in a row that failed.
        waited: seconds that were waited for it at most, if it asked for more; else None.
    """

    number: int
    waited: float | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one URL did not give the content.

    Attributes:
        kind: what is wrong.
        url: as it is fetched, perhaps with a secret; "" if none is to blame.
        wait: seconds until it may be asked again: as the server says (Retry-After), or for
            which a dead mirror is left alone; or None.
        seconds: that were waited for a connection or a first byte.
        more_patience: the next time it is waited for longer.
        reply: an answer that is no file, or None.
        expected: bytes that there should be, of the content or, of a slow one, per second.
        offered: bytes that there are; None: more than expected.
        by_mirror: it is another mirror's answer that says how many to expect.
        position: bytes that had come, or from which on they were asked for. Of a silent
            mirror not None if its head had come.
        checksum: that the content does not have, or None.
        codings: by which the answer was compressed.
        detail: the words of a system, a library or another error, free of secrets.
        origin: whose certificate it was.
        private: host and numeric address that may not be connected to, or None.
        proxy: that was on the way, if it is of interest; or "".
        cause: another fault that explains this one, or None.
        attempts: after which it was given up, or None.
    """

    kind: FaultKind
    url: str = field(default="", repr=False)
    wait: float | None = None
    seconds: float = 0.0
    more_patience: bool = False
    reply: Reply | None = None
    expected: int | None = None
    offered: int | None = None
    by_mirror: bool = False
    position: int | None = None
    checksum: Checksum | None = None
    codings: tuple[str, ...] = ()
    detail: str = ""
    origin: str = ""
    private: tuple[str, str] | None = None
    proxy: str = ""
    cause: Fault | None = None
    attempts: Attempts | None = None

    def _is(self, nature: Nature) -> bool:
        return nature in self.kind.nature

    @property
    def lasting(self) -> bool:
        """There is no sense in asking again in this run: a server that says when has a reason."""
        return self._is(Nature.LASTING) and self.wait is None

    @property
    def mirror(self) -> bool:
        """The whole mirror is to blame, not this URL alone."""
        return self._is(Nature.MIRROR)

    @property
    def busy(self) -> bool:
        """The mirror asks for fewer requests (429, 503)."""
        return self._is(Nature.BUSY)

    @property
    def answered(self) -> bool:
        """The mirror is up, and gives an answer to this URL."""
        return self._is(Nature.ANSWERED)

    @property
    def refused(self) -> bool:
        """There is no connection to be had at all."""
        return self._is(Nature.REFUSED)

    @property
    def unasked(self) -> bool:
        """The mirror was not even asked (the address policy)."""
        return self._is(Nature.UNASKED)

    @property
    def wrong(self) -> bool:
        """Bytes that it gave are not the content's."""
        return self._is(Nature.WRONG)

    @property
    def silent(self) -> float:
        """Seconds that were waited for the first byte in vain; 0 if that is not the fault."""
        return self.seconds if self._is(Nature.SILENT) else 0.0

    @property
    def status(self) -> int:
        """Of HTTP; 0 if there was no answer, or a good one."""
        return self.reply.status if self.reply else 0


@dataclass(frozen=True, slots=True)
class Failed:
    """No candidate gave the content.

    Attributes:
        faults: one a candidate, in the order of candidates; or one that is nobody's.
    """

    faults: tuple[Fault, ...]

    @property
    def disk_full(self) -> bool:
        """Whether there is no use to go on with other files."""
        return any(fault.kind is FaultKind.DISK_FULL for fault in self.faults)
