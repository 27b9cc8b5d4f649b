"""What is said of addresses, certificates, proxies, and answers that are too long."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization

from datalad_jsdl.errors import AddressRefusedError, FetchError
from datalad_jsdl.fetch.http import documents as api_module
from datalad_jsdl.fetch.http.answers import Limits, no_answer
from datalad_jsdl.fetch.http.documents import WebApi
from datalad_jsdl.fetch.phrases import phrase
from datalad_jsdl.operations.engines import open_engine
from tests.conftest import run
from tests.fetch.credentials.test_keeper import CONTENT, ask
from tests.lab import Authority, Lab
from tests.wire import Wire

if TYPE_CHECKING:
    from tests.vault import Vault

SETTING = "annex.security.allowed-ip-addresses"


def said_of(url: str, git_dir: Path | None = None) -> str:
    """The fault of a URL, or ""."""
    with open_engine(git_dir) as engine:
        try:
            return "" if ask(engine.web, url).status == 200 else "no file"
        except Exception as error:
            return phrase(no_answer("", error, Limits.of(engine.settings)))


@pytest.mark.parametrize("inside", [True, False])
def test_an_address_is_allowed(
    vault: Vault, lab: Lab, inside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the dataset; or for all, where there is none. What was allowed stays so."""
    run("git", "config", "--global", SETTING, "10.0.0.1 ::1")
    url = lab.put("f", CONTENT)
    git_dir = None
    if inside:
        run("git", "init", "-q", "repo")
        monkeypatch.chdir("repo")
        git_dir = Path(".git").absolute()
    said = said_of(url, git_dir)
    command = re.search(r"run in the dataset: (git config \S+ '[^']*') \(.* add (--global)\)", said)
    assert command
    words = shlex.split(command[1])
    run(*words[:2], *([] if inside else [command[2]]), *words[2:])
    assert said_of(url, git_dir) == ""
    assert run("git", "config", SETTING).split() == ["10.0.0.1", "::1", "127.0.0.1"]
    if inside:  # nothing more is allowed elsewhere
        assert run("git", "config", "--global", SETTING).split() == ["10.0.0.1", "::1"]


def test_an_authority_is_named(
    tmp_path: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For its origin: others are trusted as they were before."""
    one, other = Authority(), Authority()
    for name, authority in (("one", one), ("other", other)):
        (tmp_path / f"{name}.pem").write_bytes(authority.pem)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))  # what the system trusts
    with Lab(one) as private, Lab(other) as public:
        urls = [server.put("f", CONTENT) for server in (private, public)]
        said = said_of(urls[0])
        assert said_of(urls[1]) == ""
        command = re.search(r"name its certificate authority: (git config .* FILE)", said)
        assert command
        run(*shlex.split(command[1].replace("FILE", str(tmp_path / "one.pem"))))
        assert [said_of(url) for url in urls] == ["", ""]


def test_a_proxy_gets_its_login(lab: Lab, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    url = lab.put("f", CONTENT)
    with Wire() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        proxy.put(
            url,
            lambda talk: talk.answer(200 if "proxy-authorization" in talk.asked.headers else 407),
        )
        said = said_of(url)
        login = re.search(
            r"of (\w+) requires a login \(407\): write (\S+) before its host there", said
        )
        assert login
        filled = login[2].replace("NAME", "me").replace("PASSWORD", "pw")
        monkeypatch.setenv(login[1], proxy.url.replace("://", f"://{filled}"))
        assert said_of(url) == ""


def test_a_key_without(tmp_path: Path, vault: Vault) -> None:
    import trustme

    client = trustme.CA().issue_cert("alice@example.com")
    chain = b"".join(blob.bytes() for blob in client.cert_chain_pems)
    key = serialization.load_pem_private_key(client.private_key_pem.bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"pw"),
    )
    authority = Authority()
    (tmp_path / "authority.pem").write_bytes(authority.pem)
    file = tmp_path / "client.pem"
    vault.config("http.sslCAInfo", str(tmp_path / "authority.pem"))
    vault.config("http.sslCert", str(file))
    with Lab(authority) as server:
        url = server.put("f", CONTENT)
        file.write_bytes(chain + locked)
        assert "its key has a password; use a key without" in said_of(url)
        file.write_bytes(chain + client.private_key_pem.bytes())
        assert said_of(url) == ""


def test_a_list_that_is_too_long(lab: Lab, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a file it is read as it comes, however long it is."""
    import io

    from datalad_jsdl.manifest.reading import read_manifest

    monkeypatch.setattr(api_module, "_MOST", 1000)
    lines = b"".join(b"https://h.example/%d.txt\n" % n for n in range(200))
    url = lab.put("list.txt", lines)
    with (
        open_engine(None) as engine,
        pytest.raises(FetchError, match="download that and give its name"),
    ):
        WebApi(engine).get(url)
    Path("list.txt").write_bytes(lines)
    assert len(list(read_manifest(io.BytesIO(Path("list.txt").read_bytes())))) == 200
    assert issubclass(AddressRefusedError, FetchError)
