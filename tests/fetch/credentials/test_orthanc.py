"""A real Orthanc with Basic authentication: HEAD answers 404, ranges are ignored."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from tests.fetch.credentials.servers import dicom_instance, orthanc
from tests.portal import write_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.vault import Vault


@pytest.mark.slow
def test_the_instances_of_a_study(
    tmp_path: Path, vault: Vault, program: Callable[[str], str]
) -> None:
    password = vault.secret("orthanc")
    with orthanc(program("Orthanc"), vault.home / "orthanc", "alice", password) as url:
        login = ("alice", password)
        members, contents = {}, {}
        for number in range(5):
            content = dicom_instance(number)
            sent = requests.post(f"{url}/instances", data=content, auth=login, timeout=30)
            instance = sent.json()["ID"]
            dicom = f"{url}/instances/{instance}/attachments/dicom"
            size = int(requests.get(f"{dicom}/size", auth=login, timeout=30).text)
            md5 = requests.get(f"{dicom}/md5", auth=login, timeout=30).text
            path = f"sub-01/{number}.dcm"
            contents[path] = content
            file = f"{url}/instances/{instance}/file"
            members[path] = {"urls": [file], "size": size, "digests": {"md5": md5}}
            assert requests.head(file, auth=login, timeout=30).status_code == 404
        vault.run("datalad", "download-manifest", write_manifest("m.json", members), "ds")
        dataset = tmp_path / "ds"
        said = vault.run("git", "annex", "get", "--from", "jsdl", ".", cwd=dataset, code=1)
        assert f"{url} requires a login (Basic)" in said
        assert re.search(rf"^ *datalad jsdl-login {url}/instances/\S+/file$", said, re.MULTILINE)
        # as the error says
        vault.keyring("orthanc", "secret", password)
        line = f"{url} datalad:orthanc user=alice"
        vault.run("git", "config", "--add", "remote.jsdl.credential", line, cwd=dataset)
        vault.basic("alice", password)
        vault.run("git", "annex", "get", "-J4", ".", cwd=dataset)
        for path, content in contents.items():
            assert (dataset / path).read_bytes() == content
        vault.run("git", "annex", "fsck", ".", cwd=dataset)
        vault.run("git", "annex", "fsck", "--from", "jsdl", "--fast", ".", cwd=dataset)
        # git-annex drops only what it has been told is still there
        vault.run("git", "annex", "drop", ".", cwd=dataset)
        vault.run("datalad", "download-content", cwd=dataset)
        assert (dataset / "sub-01/0.dcm").read_bytes() == contents["sub-01/0.dcm"]
        # mypy: a JSON document
        instance = members["sub-01/1.dcm"]["urls"][0].rpartition("/")[0]  # type: ignore[index]
        requests.delete(instance, auth=login, timeout=30)
        said = vault.run("git", "annex", "drop", "sub-01/1.dcm", cwd=dataset, code=1)
        assert (dataset / "sub-01/1.dcm").exists()
