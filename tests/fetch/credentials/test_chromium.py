"""The cookies of a real Chromium that has logged in."""

from __future__ import annotations

import gc
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.fetch.credentials.schemes import headers_of
from tests.fetch.credentials.test_sources import find
from tests.portal import content_of, described, write_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab import Lab
    from tests.vault import Vault

_SWITCHES = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --password-store=basic"
)


def log_in(program: str, profile: Path, url: str) -> None:
    """Visit a page that sets cookies, and end the browser."""
    command = [program, *_SWITCHES.split(), f"--user-data-dir={profile}", "--dump-dom", url]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


# the library that reads the cookies leaves its database to be closed by chance
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_chromium(tmp_path: Path, vault: Vault, lab: Lab, program: Callable[[str], str]) -> None:
    secret = vault.secret("chromium").replace(":", "")
    vault.plant(secret)
    lab.put("login", b"<p>hello", headers={
        "Content-Type": "text/html", "Set-Cookie": f"session={secret}; Max-Age=100000; Path=/",
    })  # fmt: skip
    profile = vault.home / ".config/chromium"
    log_in(program("chromium"), profile, f"{lab.url}/login")
    login = find(f"{lab.url} browser:chromium")
    gc.collect()  # here, and not in the next test
    assert login is not None
    assert headers_of(login, f"{lab.url}/f") == {"Cookie": f"session={secret}"}
    asked = len(lab.requests)
    url = lab.put("f.bin", content_of("f.bin"), wants=("Cookie", f"session={secret}"))
    manifest = write_manifest("m.json", {"f.bin": described("f.bin", url)})
    cookies = f"chromium:{profile}/Default"
    vault.run("datalad", "download-manifest", "--get", "--cookies", cookies, manifest, "ds")
    assert (tmp_path / "ds/f.bin").read_bytes() == content_of("f.bin")
    # the first request had it already
    assert len(lab.requests) == asked + 1
    assert os.fspath(profile) in vault.run(
        "git", "config", "remote.jsdl.credential", cwd=tmp_path / "ds"
    )
