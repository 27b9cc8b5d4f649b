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


def said(wire: Wire, options: str = "") -> list[str]:
    """Of two questions, one after the other."""
    texts = []
    with new_engine() as engine:
        api = WebApi(engine)
        for name in ("a", "b"):
            url = wire.put(
                f"/{name}", lambda talk: talk.answer(401, b"", "WWW-Authenticate: Bearer")
            )
            closed = Closed(WHO, login_line(wire.url, options))
            with pytest.raises(StatusError) as caught, explained({401: closed}):
                api.get(url)
            texts.append(str(caught.value))
    return texts


def test_the_advice_of_the_answer_names_the_line(vault: Vault) -> None:
    with Wire() as wire:
        line = login_line(wire.url)
        first, second = said(wire)
    assert first.count(f"'{line}'") == 1
    assert f"git config --global --add datalad.jsdl.credential '{line}'" in first
    assert first.endswith(f"; {WHO}")
    # what was said above is said for another question, so the portal's own line is told
    assert second.endswith(f"; {WHO}: --credential '{line}'")


def test_the_portal_takes_it_in_another_way(vault: Vault) -> None:
    with Wire() as wire:
        line = login_line(wire.url, " kind=header header=X-Key")
        for text in said(wire, " kind=header header=X-Key"):
            assert text.endswith(f"; {WHO}: --credential '{line}'")


def test_of_another_status(vault: Vault) -> None:
    def answer(talk: Talk) -> None:
        talk.answer(404)

    with Wire() as wire, new_engine() as engine:
        url = wire.put("/a", answer)
        with pytest.raises(StatusError, match="status 404") as caught, explained({401: "closed"}):
            WebApi(engine).get(url)
    assert "closed" not in str(caught.value)
