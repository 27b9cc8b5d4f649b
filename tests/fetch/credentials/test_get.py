"""git annex get with each kind of login; no second origin ever sees one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import Authority, Lab
from tests.portal import content_of, described, write_manifest
from tests.vault import Vault

KINDS = ["basic", "bearer", "header", "cookie"]


def cookies_txt(domain: str, name: str, value: str, *, secure: bool = False) -> str:
    # an expiry of 0: it is forgotten when the browser ends
    fields = [domain, "FALSE", "/", str(secure).upper(), "0", name, value]
    return "# Netscape HTTP Cookie File\n" + "\t".join(fields) + "\n"


def plant(vault: Vault, kind: str, origin: str) -> tuple[str, str]:
    """Keep a login of a kind for an origin; the header that it is to be sent as."""
    secret = vault.secret(kind)
    if kind == "cookie":
        host = origin.partition("://")[2].partition(":")[0]
        file = vault.keep("cookies.txt", cookies_txt(host, "session", secret))
        vault.config("datalad.jsdl.credential", f"{origin} cookies:{file}")
        return "Cookie", f"session={secret}"
    vault.keyring("portal", "secret", secret)
    more = {"basic": "user=alice", "bearer": "", "header": "kind=header header=X-Token"}[kind]
    if kind == "basic":
        vault.config("datalad.credential.portal.user", "alice")
    vault.config("datalad.jsdl.credential", f"{origin} datalad:portal {more}")
    if kind == "basic":
        return "Authorization", vault.basic("alice", secret)
    return ("X-Token", secret) if kind == "header" else ("Authorization", f"Bearer {secret}")


def seen(lab: Lab, secret: str) -> bool:
    return any(secret in str(request.headers) for request in lab.requests)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_protected_file(
    tmp_path: Path, vault: Vault, kind: str, lab: Lab, other_lab: Lab
) -> None:
    header, value = plant(vault, kind, lab.url)
    content = content_of("f.bin")
    url = lab.put("f.bin", content, wants=(header, value))
    moved = lab.put("moved.bin", location=f"{other_lab.url}/elsewhere.bin")
    other_lab.put("elsewhere.bin", content_of("moved.bin"))
    mirror = other_lab.put("mirror.bin", status=503)
    named = url.replace("127.0.0.1", "localhost")
    manifest = write_manifest(
        "m.json",
        {
            "f.bin": described("f.bin", mirror, named, url),
            "moved.bin": described("moved.bin", moved),
        },
    )
    vault.run("datalad", "download-manifest", manifest, "ds")
    vault.run("git", "annex", "get", "--debug", ".", cwd=tmp_path / "ds")
    assert (tmp_path / "ds/f.bin").read_bytes() == content
    assert (tmp_path / "ds/moved.bin").read_bytes() == content_of("moved.bin")
    assert seen(lab, value)
    assert not seen(other_lab, value)
    for request in lab.requests:
        assert (value in str(request.headers)) == request.headers["Host"].startswith("127.0.0.1")
    vault.run("git", "annex", "drop", ".", cwd=tmp_path / "ds")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_https_is_not_http(
    tmp_path: Path, vault: Vault, kind: str, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority()
    bundle = tmp_path / "authority.pem"
    bundle.write_bytes(authority.pem)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with Lab(authority) as safe:
        header, value = plant(vault, kind, safe.url)
        good = safe.put("f.bin", content_of("f.bin"), wants=(header, value))
        away = safe.put("away.bin", location=lab.put("away.bin", content_of("away.bin")))
        plain = safe.url.replace("https:", "http:") + "/plain.bin"
        members = {
            "f.bin": described("f.bin", plain, good),
            "away.bin": described("away.bin", away, lab.url + "/away.bin"),
        }
        vault.run("datalad", "download-manifest", write_manifest("m.json", members), "ds")
        vault.run("git", "annex", "get", ".", cwd=tmp_path / "ds")
        assert (tmp_path / "ds/f.bin").read_bytes() == content_of("f.bin")
        assert seen(safe, value)
        assert not seen(lab, value)
