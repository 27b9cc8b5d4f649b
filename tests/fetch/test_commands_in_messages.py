"""A command in a message stands on a line of its own, at the end, whatever is added."""

from __future__ import annotations

from datalad_jsdl.faults import Failed, Fault, FaultKind, Reply
from datalad_jsdl.fetch.phrases import failure, phrase, told
from datalad_jsdl.model.commands import added, joined, with_commands

ONE = "A: no\n  b"  # of another program: it has no commands of ours


def refused(host: str, path: str = "f") -> Fault:
    url = f"https://{host}/{path}"
    reply = Reply(401, advice=f"https://{host} requires a login", said="no", login=url)
    return Fault(FaultKind.LOGIN, url, reply=reply)


def test_of_one_url() -> None:
    first, command = phrase(refused("a", "it's")).split("\n")
    assert first == (
        "HTTP status 401 (https://a requires a login); the server says: no; to log in, run:"
    )
    assert command == """  datalad jsdl-login 'https://a/it'"'"'s'"""


def test_of_several() -> None:
    failed = Failed((refused("a"), Fault(FaultKind.CLOSED, "https://c/f"), refused("b")))
    *_, intro, one, two = told(failed).replace("; ", "\n").split("\n")
    assert intro == "to log in, run:"
    assert [one, two] == [f"  datalad jsdl-login https://{host}/f" for host in "ab"]
    assert str(failure(failed, after="; more")).count("; more; to log in, run:\n") == 1
    whole = Failed((Fault(FaultKind.BROKE_OFF, "https://c/f", position=1, cause=refused("a")),))
    assert told(whole).endswith("; the server says: no); to log in, run:\n" + one)


def test_added() -> None:
    text = with_commands("a; b", "run", ["c", "d", "c"])
    assert text == "a; b; run:\n  c\n  d"
    assert added(text, "; e") == "a; b; e; run:\n  c\n  d"
    assert added("a", "; e") == "a; e"
    assert added(ONE, "; e") == f"{ONE}; e"
    assert with_commands("a", "run", []) == "a"


def test_joined() -> None:
    one, two = (with_commands(text, "run", [text.upper()]) for text in "ab")
    assert joined([one, "c", two, ONE]) == f"a; c; b; {ONE}; run:\n  A\n  B"
    assert joined(["a", "b"]) == "a; b"
