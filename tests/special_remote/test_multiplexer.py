"""Whatever goes wrong in the special remote, git-annex gets an answer, and the log the trace."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from annexremote import SpecialRemote
from datalad_jsdl.special_remote.multiplexer import listen, log_to_git_annex

class Remote(SpecialRemote):
    def fail(self, *given):
        raise TypeError("of two\\nlines")
    initremote = prepare = transfer_store = transfer_retrieve = checkpresent = remove = fail
    whereis = claimurl = checkurl = getcost = fail

log_to_git_annex()
listen(sys.stdin, sys.stdout, Remote)
"""

REQUESTS = {
    "PREPARE": "PREPARE-FAILURE a bug",
    "INITREMOTE": "INITREMOTE-FAILURE a bug",
    "TRANSFER RETRIEVE k a file": "TRANSFER-FAILURE RETRIEVE k a bug",
    "CHECKPRESENT k": "CHECKPRESENT-UNKNOWN k a bug",
    "REMOVE k": "REMOVE-FAILURE k a bug",
    "WHEREIS k": "WHEREIS-FAILURE",
    "CLAIMURL http://x": "CLAIMURL-FAILURE",
    "CHECKURL http://x": "CHECKURL-FAILURE a bug",
    "GETCOST": "UNSUPPORTED-REQUEST",
    "TRANSFER RETRIEVE": "UNSUPPORTED-REQUEST",
}


def speak(requests: list[str]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input="".join(f"{request}\n" for request in requests),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.splitlines()


def test_every_request_is_answered() -> None:
    said = speak(list(REQUESTS))
    answers = [line for line in said[1:] if not line.startswith("DEBUG ")]
    assert len(answers) == len(REQUESTS)
    for answer, start in zip(answers, REQUESTS.values(), strict=True):
        assert answer.startswith(start)
    assert "(TypeError: of two lines" in answers[0]
    assert any(line.startswith("DEBUG ") and ", in fail" in line for line in said)
