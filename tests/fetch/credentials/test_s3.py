"""A private bucket on an S3-compatible server, and URLs of it that expire."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import requests

from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.model.content import Expected, Fetched
from tests.fetch.credentials.servers import rclone_s3
from tests.fetch.credentials.test_get import seen
from tests.fetch.waits import Waits, new_engine
from tests.lab import sha256
from tests.portal import content_of, described, write_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lab import Lab
    from tests.vault import Vault

KEY = "AKIDEXAMPLE"
NAMES = ["a b+ü~.bin", "deep/x&y=z.bin", "(1) $a,b'c!*;d@e.bin", "date=2020/%41.bin"]


@pytest.fixture
def keys(vault: Vault) -> tuple[str, str]:
    secret = vault.secret("s3")
    vault.keyring("lab", "key_id", KEY)
    vault.keyring("lab", "secret_id", secret)
    return KEY, secret


@pytest.fixture
def bucket(vault: Vault, keys: tuple[str, str], program: Callable[[str], str]) -> Iterator[str]:
    folder = vault.home / "s3"
    for name in NAMES:
        file = folder / "private" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content_of(name))
    with rclone_s3(program("rclone"), folder, *keys) as url:
        yield f"{url}/private"


def presigned(url: str, keys: tuple[str, str], seconds: int) -> str:
    from botocore.auth import S3SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest("GET", url)
    S3SigV4QueryAuth(Credentials(*keys), "s3", "us-east-1", expires=seconds).add_auth(request)
    return str(request.url)


def test_a_private_bucket(tmp_path: Path, vault: Vault, bucket: str) -> None:
    members = {name: described(name, f"{bucket}/{quote(name)}") for name in NAMES}
    manifest = write_manifest("m.json", members)
    vault.run("datalad", "download-manifest", manifest, "ds")
    dataset = tmp_path / "ds"
    vault.run("git", "annex", "get", "--from", "jsdl", ".", cwd=dataset, code=1)
    line = f"{bucket} datalad:lab kind=s3"
    vault.run("datalad", "download-content", "--credential", line, cwd=dataset)
    for name in NAMES:
        assert (dataset / name).read_bytes() == content_of(name)
    vault.run("git", "annex", "drop", ".", cwd=dataset)
    vault.run("git", "annex", "get", ".", cwd=dataset)
    vault.run("datalad", "export-archive", "-t", "zip", tmp_path / "a.zip", cwd=dataset)


def test_presigned_urls_that_have_expired(
    tmp_path: Path, vault: Vault, bucket: str, keys: tuple[str, str]
) -> None:
    url = f"{bucket}/{quote(NAMES[0])}"
    signed = presigned(url, keys, 1)
    vault.plant(signed.partition("X-Amz-Signature=")[2])
    time.sleep(2)
    assert requests.get(signed, timeout=10).status_code >= 400
    members = {NAMES[0]: described(NAMES[0], signed)}
    manifest = write_manifest(vault.home / "m.json", members)
    said = vault.run("datalad", "download-manifest", "--get", manifest, "ds", code=1)
    assert "HTTP status 40" in said
    line = f"{bucket} datalad:lab kind=s3"
    vault.run("datalad", "download-manifest", "--get", "--credential", line, manifest, "ds")
    assert (tmp_path / "ds" / NAMES[0]).read_bytes() == content_of(NAMES[0])


def test_a_portal_that_redirects_to_presigned_urls(
    tmp_path: Path, vault: Vault, lab: Lab, other_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resume asks the portal again, since what it redirects to may have expired."""
    content = content_of("f.bin", 400_000)
    secret = vault.secret("signature")
    # the store breaks off, and by the time of the resume the URL is another one
    store = other_lab.put("store/f.bin", content, reset_at=0.5, times=1)
    stable = lab.put("f.bin", location=f"{store}?X-Amz-Signature={secret}")
    rule = parse_rule(f"{lab.url} env:PORTAL_TOKEN kind=bearer")
    token = vault.secret("token")
    monkeypatch.setenv("PORTAL_TOKEN", token)
    with new_engine(Waits(), credential=(rule,)) as engine:
        expected = Expected(len(content), "sha256", sha256(content))
        job = Job("f", (stable,), expected, tmp_path / "f.bin")
        assert isinstance(fetch_file(job, engine), Fetched)
    assert len(lab.requests) == 2
    assert seen(lab, token)
    assert not seen(other_lab, token)
