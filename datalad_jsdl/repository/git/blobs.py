"""Objects of git, read one after the other as somebody asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.repository.git.running import Git

__all__ = ["BlobReader"]

_CHUNK = 1 << 20  # bytes


class BlobReader:
    """Reads blobs one after the other, each as a stream; one git process for all."""

    def __init__(self, git: Git) -> None:
        self._git = git

    def __enter__(self) -> BlobReader:
        self._process = self._git.start("cat-file", "--batch")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()  # it may be in the middle of a blob nobody wants
        self._process.communicate()

    def read(self, oid: str) -> Iterator[bytes]:
        """Content of a blob in chunks; to be read to its end.

        Raises:
            DatasetError: there is no such object, or git ended.
        """
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise DatasetError("git cat-file has no pipes")
        try:
            requests.write(oid.encode() + b"\n")
            requests.flush()
        except OSError:
            raise self._ended(oid) from None
        fields = answers.readline().split()
        if not fields:
            raise self._ended(oid)
        if len(fields) != 3:
            raise self._git.lacks(oid)
        left = int(fields[2])
        while left:
            chunk = answers.read(min(left, _CHUNK))
            if not chunk:
                raise self._ended(oid)
            left -= len(chunk)
            yield chunk
        answers.read(1)  # the newline after it

    def _ended(self, oid: str) -> DatasetError:
        return DatasetError(f"git cat-file ended while reading {oid} in {self._git.root}")
