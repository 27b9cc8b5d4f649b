"""Which addresses may be connected to."""

from __future__ import annotations

import socket

import pytest

from datalad_jsdl.errors import AddressRefusedError
from datalad_jsdl.fetch.http.address_policy import AddressPolicy, connect
from datalad_jsdl.fetch.http.web import Web
from tests.lab import Lab

SETTING = "annex.security.allowed-ip-addresses"


def policy(addresses: str) -> AddressPolicy:
    return AddressPolicy.from_config({SETTING: addresses})


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::",
        "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "fec0::1",
        "64:ff9b:1::7f00:1", "::ffff:0:7f00:1", "2001:db8::1", "4000::1",
    ],
)  # fmt: skip
def test_only_public_addresses_by_default(address: str) -> None:
    assert not AddressPolicy().permits(address, 80)
    assert policy("all").permits(address, 80)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    assert AddressPolicy().permits(address, 80)


def test_what_is_named_is_open_and_nothing_else() -> None:
    named = policy("127.0.0.1 [10.0.0.1]:8080 ::1 [fc00::1] nonsense")
    assert named.permits("127.0.0.1", 80)
    assert named.permits("::ffff:127.0.0.1", 80)
    assert not named.permits("127.0.0.2", 80)
    assert named.permits("10.0.0.1", 8080)
    assert not named.permits("10.0.0.1", 80)
    assert named.permits("::1", 1)
    assert named.permits("fc00::1", 1)


def test_the_old_name_of_the_setting() -> None:
    old = AddressPolicy.from_config({"annex.security.allowed-http-addresses": "127.0.0.1"})
    assert old.permits("127.0.0.1", 80)


def test_schemes() -> None:
    AddressPolicy().check_scheme("https")
    only = AddressPolicy.from_config({"annex.security.allowed-url-schemes": "https"})
    with pytest.raises(AddressRefusedError, match="allowed-url-schemes"):
        only.check_scheme("http")
    with pytest.raises(AddressRefusedError):
        AddressPolicy().check_scheme("file")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0177.0.0.1", "0x7f.1"])
def test_every_spelling_of_a_private_address_is_refused(host: str) -> None:
    with pytest.raises((AddressRefusedError, OSError)) as caught:
        connect(AddressPolicy(), host, 9, 1, [])
    assert not isinstance(caught.value, ConnectionRefusedError)


def test_the_refusal_tells_the_way_and_keeps_what_was_allowed() -> None:
    with pytest.raises(AddressRefusedError) as caught:
        connect(policy("10.0.0.1"), "127.0.0.1", 9, 1, [])
    assert f"run in the dataset: git config {SETTING} '10.0.0.1 127.0.0.1'" in str(caught.value)


def test_an_address_that_was_typed() -> None:
    typed = AddressPolicy().allowing_host("127.0.0.1", 8080)
    assert typed.permits("127.0.0.1", 8080)
    assert not typed.permits("127.0.0.1", 8081)


def test_a_redirect_is_checked_as_the_first_request_is(lab: Lab, other_lab: Lab) -> None:
    """One port of one address is open; each way off it is refused, and asked for by nobody."""
    web = Web(policy(f"[127.0.0.1]:{lab.port}"))
    other_lab.put("f", b"x")
    port = other_lab.port
    spellings = ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "017700000001", "127.1"]
    targets = [f"http://{host}:{port}/f" for host in spellings]
    targets += [f"http://[::ffff:127.0.0.1]:{port}/f", f"http://[::1]:{port}/f"]
    targets += ["file:///etc/passwd", "ftp://127.0.0.1/f", "http://10.0.0.1/f"]
    for number, target in enumerate(targets):
        with pytest.raises(AddressRefusedError):
            web.open(lab.put(f"to/{number}", location=target))
    assert web.open(lab.put("f", b"x")).status == 200
    assert other_lab.requests == []


def test_a_name_that_changes_its_mind(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the first answer is public, the second would be this machine.

    The resolver is a mock: no name server here could be told to lie.
    """
    answers = iter(["8.8.8.8", "127.0.0.1"])
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: str, port: int, **options: int) -> object:
        if host != "rebind.example":
            return real(host, port, **options)
        asked.append(host)
        return real(next(answers), port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    connected: list[tuple[str, int]] = []

    def note(self: socket.socket, address: tuple[str, int]) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(socket.socket, "connect", note)
        with pytest.raises(ConnectionRefusedError):
            connect(AddressPolicy(), "rebind.example", lab.port, 1, [])
    assert connected == [("8.8.8.8", lab.port)]
    assert asked == ["rebind.example"]
    with pytest.raises(AddressRefusedError):
        connect(AddressPolicy(), "rebind.example", lab.port, 1, [])
