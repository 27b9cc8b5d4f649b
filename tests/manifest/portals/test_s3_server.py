"""A private bucket of a real server of S3, from its listing to the archive."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.errors import StatusError
from tests.fetch.credentials.servers import rclone_s3
from tests.portal import content_of
from tests.portals import listed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.vault import Vault

KEY = "AKIDEXAMPLE"
NAMES = ["a b+ü.bin", "(1) $a,b'c!*@e.bin", *(f"sub-{n // 500}/{n:04}.bin" for n in range(2498))]


@pytest.mark.slow
def test_a_private_bucket(tmp_path: Path, vault: Vault, program: Callable[[str], str]) -> None:
    """2,500 objects in three pages: imported, got, dropped, and written as a ZIP archive."""
    secret = vault.secret("s3")
    vault.keyring("lab", "key_id", KEY)
    vault.keyring("lab", "secret_id", secret)
    folder = vault.home / "s3/private/study"
    for name in NAMES:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content_of(name, 100))
    (folder.parent / "study2").mkdir()
    (folder.parent / "study2/other").write_bytes(b"other")
    with rclone_s3(program("rclone"), vault.home / "s3", KEY, secret) as url:
        with pytest.raises(StatusError, match="status 40"):
            listed("s3://private/study", url)
        line = f"{url} datalad:lab kind=s3"
        where = ("--base-url", url, "s3://private/study", "ds")
        said = vault.run("datalad", "download-manifest", "--credential", line, *where)
        assert "2500" in said.replace(",", "")
        dataset = tmp_path / "ds"
        found = vault.run("git", "ls-files", "-z", "--", ":!.datalad", ":!.git*", cwd=dataset)
        assert sorted(found.split("\0")[:-1]) == sorted(NAMES)
        vault.run("datalad", "download-content", "-J", "2", cwd=dataset)
        for name in NAMES:
            assert (dataset / name).read_bytes() == content_of(name, 100)
        vault.run("git", "annex", "drop", "-q", "--force", ".", cwd=dataset)
        assert not (dataset / NAMES[0]).exists()
        vault.run("git", "annex", "get", "-q", NAMES[0], cwd=dataset)
        assert (dataset / NAMES[0]).read_bytes() == content_of(NAMES[0], 100)
        vault.run("datalad", "export-archive", "-t", "zip", tmp_path / "a.zip", cwd=dataset)
        # the same bucket by the URL that it has there, and each key is where it was
        again = vault.run("datalad", "download-manifest", f"s3+{url}/private/study", "ds")
    assert "nothing" in again or "unchanged" in again, again
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert {f"a/{name}" for name in NAMES} <= set(archive.namelist())
