"""Interim answers to everything that commands ask: manifest, check, files, drop."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import run
from tests.wire import Answer, Talk, Wire

HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </x.css>; rel=preload\r\n\r\n"
FILES = {f"/f{number}.bin": b"%02d" % number * 1000 for number in range(6)}


def hinted(content: bytes) -> Answer:
    def answer(talk: Talk) -> None:
        talk.send(HINTS)
        talk.pause(0.02)
        talk.file(content)

    return answer


def test_each_file_has_its_own_content_and_can_be_dropped() -> None:
    with Wire({path: hinted(content) for path, content in FILES.items()}) as wire:
        manifest = {path[1:]: [wire.url + path] for path in FILES}
        url = wire.put("/study.json", hinted(json.dumps(manifest).encode()))
        run("datalad", "download-manifest", "--check", url, "study")
        run("datalad", "download-manifest", "--get", "-J", "1", url, "study")
        study = Path("study")
        assert {path: (study / path[1:]).read_bytes() for path in FILES} == FILES
        run("git", "annex", "drop", "f0.bin", "f1.bin", cwd=study)
        run("git", "annex", "get", "f0.bin", "f1.bin", cwd=study)
        assert {path: (study / path[1:]).read_bytes() for path in FILES} == FILES
