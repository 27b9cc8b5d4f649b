"""How often and how long this package tries: the one table of these numbers.

What a user can set (``retries``, ``max-wait``, the timeouts) is in `settings`.
"""

from __future__ import annotations

__all__ = [
    "ATTEMPTS_OF_A_QUESTION",
    "BACK_OFF",
    "BUSY_PAUSE",
    "CONNECTION_FAULTS",
    "DENIALS",
    "ENDPOINT_PAUSE",
    "FAILED_QUESTIONS",
    "FAILURES",
    "FIRST_PAUSE",
    "FORBIDDEN",
    "LINE_DOWN",
    "LONGEST_BACK_OFF",
    "MORE_ATTEMPTS",
    "PATIENCE_FACTOR",
    "PROGRESS",
    "QUARANTINE",
    "QUESTION_PAUSE",
    "SECOND_CHANCES",
    "SECOND_CHANCE_PAUSE",
    "STALE_SECONDS",
    "START",
]

# of a mirror

#: Faults in a row until it gets a back-off: one or two are often those of a single request.
FAILURES = 3
#: Seconds of the first back-off; each that follows without a good answer is twice as long.
BACK_OFF = 30.0
#: Seconds of a back-off at most: a server that is restarted is back by then.
LONGEST_BACK_OFF = 600.0
#: Seconds of a pause after 429 or 503, where the server does not say how long (Retry-After).
BUSY_PAUSE = 1.0
#: Seconds that a line may be down in the middle of a file: routers and modems restart in less.
LINE_DOWN = 30.0
#: So many times longer a first byte may take than the last one did: files come from tape, too.
PATIENCE_FACTOR = 3.0
#: Seconds that a URL which gave wrong content is not asked for it: a run is over by then, and
#: a process that serves for days asks again.
QUARANTINE = 600.0

# of one file

#: Seconds of the pause after the first round over all candidates; doubled from round to round.
#: Also before the second request for a document.
FIRST_PAUSE = 0.5
#: Bytes that have to come until a candidate gets its attempts back: fewer may be a web page.
PROGRESS = 64 << 10
#: Attempts more than ``retries``, once some of the file has come: what is there is worth it.
MORE_ATTEMPTS = 4
#: Faults of a candidate until no more connections are made to it beside the first.
CONNECTION_FAULTS = 2

# of many files

#: Files at a time, and connections to one mirror, to begin with.
START = 8
#: Files that are asked for once more at the end, at most: they are held in memory until then.
SECOND_CHANCES = 10_000
#: Seconds until then at least, where a mirror has a back-off; it may be as long as the run.
SECOND_CHANCE_PAUSE = 3.0

# of questions that fetch nothing: a survey of mirrors, times of files

#: Requests for one answer, at most.
ATTEMPTS_OF_A_QUESTION = 3
#: Seconds until a passing fault may be over, where the server does not say how long.
QUESTION_PAUSE = 1.0
#: Questions in a row without a useful answer until a mirror is asked no more.
FAILED_QUESTIONS = 3

# of logins

#: Answers 401 in a row until a login that was good once is no longer used.
DENIALS = 10
#: Answers 403 until a login that nobody named, and that never was good, is no longer used.
FORBIDDEN = 3
#: Seconds that an endpoint is not asked for a token again after it gave none.
ENDPOINT_PAUSE = 30.0
#: Seconds that a token has to be old until 403 may be because it is stale: else it is the file.
STALE_SECONDS = 60.0
