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


TALKERS = """
import contextvars, logging, sys, threading
from annexremote import SpecialRemote
from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.special_remote.multiplexer import listen, log_to_git_annex

class Remote(SpecialRemote):
    def transfer_retrieve(self, key, file):
        def talk(name):
            for number in range(200):
                logging.getLogger(LOGGER).debug("%s %s %d", key, name, number)
        contexts = [contextvars.copy_context() for _ in range(4)]
        threads = [
            threading.Thread(target=context.run, args=(talk, f"thread-{number}"))
            for number, context in enumerate(contexts)
        ]
        for thread in threads:
            thread.start()
        for number in range(200):
            self.annex.progress(number)
        for thread in threads:
            thread.join()
    def nothing(self, *given):
        return True
    initremote = prepare = transfer_store = checkpresent = remove = nothing

log_to_git_annex()
sys.setswitchinterval(1e-6)
listen(sys.stdin, sys.stdout, Remote)
"""


def test_many_threads_speak_in_whole_lines_for_their_own_jobs() -> None:
    requests = [f"J {job} TRANSFER RETRIEVE key-{job} file" for job in (1, 2)]
    program = subprocess.Popen(
        [sys.executable, "-c", TALKERS],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert program.stdin
    assert program.stdout
    program.stdin.write("".join(f"{line}\n" for line in ["EXTENSIONS INFO ASYNC", *requests]))
    program.stdin.flush()
    said: list[str] = []
    while sum("TRANSFER-SUCCESS" in line for line in said) < 2:
        line = program.stdout.readline()
        assert line, said
        said.append(line.rstrip("\n"))
    program.stdin.close()
    program.wait()
    program.stdout.close()
    assert said[0] == "VERSION 1"
    expected = {"EXTENSIONS ASYNC"}
    for job in (1, 2):
        start = f"J {job} DEBUG key-{job} thread-"
        expected |= {f"{start}{thread} {number}" for thread in range(4) for number in range(200)}
        expected |= {f"J {job} PROGRESS {number}" for number in range(200)}
        expected |= {f"J {job} TRANSFER-SUCCESS RETRIEVE key-{job}"}
    # thousands of lines that differ are not compared one by one
    assert len(said[1:]) == len(expected)
    assert set(said[1:]) ^ expected == set()
