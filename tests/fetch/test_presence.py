"""Whether content is still there, before git-annex drops its own."""

from __future__ import annotations

import pytest

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.fetch.mirrors.presence import is_present
from datalad_jsdl.fetch.settings import Settings
from datalad_jsdl.model.content import Expected
from tests.lab import Lab, refused_url

SIZED, UNKNOWN = Expected(5), Expected()


@pytest.fixture
def engine() -> Engine:
    return Engine(AddressPolicy(allow_all=True), Settings(read_timeout=0.5))


@pytest.mark.parametrize("head", [True, False])
@pytest.mark.parametrize("ranges", [True, False])
def test_it_is_there(lab: Lab, engine: Engine, head: bool, ranges: bool) -> None:
    url = lab.put("f", b"12345", head=head, ranges=ranges)
    assert is_present([url], SIZED, engine)
    assert not is_present([url], Expected(6), engine)
    assert is_present([lab.put("gone", status=404), url], SIZED, engine)


def test_an_empty_file_is_there(lab: Lab, engine: Engine) -> None:
    assert is_present([lab.put("f", b"", head=False)], Expected(0), engine)


def test_it_is_gone_only_if_all_say_so(lab: Lab, other_lab: Lab, engine: Engine) -> None:
    gone = lab.put("gone", status=410)
    assert not is_present([gone, lab.put("missing", status=404)], SIZED, engine)
    for doubt in (refused_url(), lab.put("busy", status=503), lab.put("login", status=403)):
        with pytest.raises(FetchError, match=doubt.replace("?", ".")):
            is_present([gone, doubt], SIZED, engine)
    # HEAD is denied, too, which nobody sees: what to do is said with GET
    with pytest.raises(FetchError, match=r"may require (?s:.)*\n  datalad jsdl-login \S+/login$"):
        is_present([other_lab.put("login", status=403)], SIZED, engine)


def test_a_login_page_is_not_the_file(lab: Lab, engine: Engine) -> None:
    page = lab.put("f.nii", html=True)
    assert not is_present([page], SIZED, engine)
    with pytest.raises(FetchError, match="web page"):
        is_present([page], UNKNOWN, engine)
    assert is_present([lab.put("page.html", html=True)], UNKNOWN, engine)
