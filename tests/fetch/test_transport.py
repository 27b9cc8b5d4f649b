"""Another transport than HTTP's own: the engine verifies, fails over and resumes all the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from datalad_jsdl.errors import BrokenOffError
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.settings import Settings
from datalad_jsdl.fetch.transport import Response
from datalad_jsdl.model.content import Expected, Fetched
from tests.lab import sha256

CONTENT = bytes(range(256)) * 4096


class Bytes:
    """The body of an answer that breaks off after *most* bytes."""

    def __init__(self, content: bytes, most: int) -> None:
        self._content = content
        self._most = most

    def read(self, limit: int) -> bytes:
        if self._content and not self._most:
            raise BrokenOffError("reset")
        size = min(limit, self._most)
        chunk, self._content = self._content[:size], self._content[size:]
        self._most -= len(chunk)
        return chunk

    def limit_gaps(self, seconds: float) -> None:
        pass

    def abort(self) -> None:
        self._content = b""

    def close(self) -> None:
        pass


class Shelf:
    """Answers from a mapping: URL → content and how much of it comes in one answer."""

    def __init__(self, files: Mapping[str, tuple[bytes, int]]) -> None:
        self._files = files
        self.asked: list[tuple[str, str]] = []

    def open(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        document: bytes | None = None,
        read_seconds: float | None = None,
        advise_again: bool = False,
    ) -> Response:
        ranged = (headers or {}).get("Range", "")
        self.asked.append((url, ranged))
        if url not in self._files:
            return Response(404, {}, Bytes(b"", 0))
        content, most = self._files[url]
        start = int(ranged.removeprefix("bytes=").partition("-")[0]) if ranged else 0
        length = {"Content-Length": str(len(content) - start)}
        part = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        said = length | part if ranged else length
        return Response(206 if ranged else 200, said, Bytes(content[start:], most), url=url)

    def close(self) -> None:
        pass


def test_it_verifies_fails_over_and_resumes(tmp_path: Path) -> None:
    good, wrong, gone = (f"https://{name}.example/f" for name in ("good", "wrong", "gone"))
    shelf = Shelf({wrong: (CONTENT[::-1], len(CONTENT)), good: (CONTENT, len(CONTENT) // 3)})
    expected = Expected(len(CONTENT), "sha256", sha256(CONTENT))
    with Engine(settings=Settings(), transport=shelf, sleep=lambda _: None) as engine:
        outcome = fetch_file(Job("f", (gone, wrong, good), expected, tmp_path / "f"), engine)
    assert isinstance(outcome, Fetched)
    assert (tmp_path / "f").read_bytes() == CONTENT
    urls = [url for url, _ in shelf.asked]
    assert urls[:3] == [gone, wrong, good]
    assert urls.count(gone) == urls.count(wrong) == 1
    third = len(CONTENT) // 3
    assert [ranged for url, ranged in shelf.asked if url == good][1] == f"bytes={third}-"
