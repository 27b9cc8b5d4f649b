"""What is said where a portal wants a token: how to give it, and that once."""

from __future__ import annotations

import pytest

from datalad_jsdl.errors import StatusError
from datalad_jsdl.fetch.http.documents import WebApi
from datalad_jsdl.manifest.portals.paging import Closed, explained, login_line
from tests.fetch.waits import new_engine
from tests.vault import Vault
from tests.wire import Talk, Wire

WHO = "you need a token with access"


def test_the_answer_itself_says_how(vault: Vault) -> None:
    """Of two questions, one after the other: how to log in is said once."""
    texts = []
    with Wire() as wire, new_engine() as engine:
        closed = Closed(WHO, login_line(wire.url))
        for name in ("a", "b"):
            url = wire.put(
                f"/{name}", lambda talk: talk.answer(401, b"", "WWW-Authenticate: Bearer")
            )
            with pytest.raises(StatusError) as caught, explained({401: closed}):
                WebApi(engine).get(url)
            texts.append(str(caught.value))
    first, second = texts
    assert first.endswith(f"; {WHO}; to log in, run:\n  datalad jsdl-login {wire.url}/a")
    assert second.endswith(f"(Bearer) (see above)); {WHO}")


def test_of_another_status(vault: Vault) -> None:
    def answer(talk: Talk) -> None:
        talk.answer(404)

    with Wire() as wire, new_engine() as engine:
        url = wire.put("/a", answer)
        with pytest.raises(StatusError, match="status 404") as caught, explained({401: "closed"}):
            WebApi(engine).get(url)
    assert "closed" not in str(caught.value)
