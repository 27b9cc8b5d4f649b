"""Every producer of the canonical zip gives the bytes of tests/vectors."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.archive.readers import ChunkReader, Reader
from datalad_jsdl.archive.zip.layout import Layout
from datalad_jsdl.archive.zip.ranges import Ranges
from datalad_jsdl.errors import ArchiveError
from tests.archive.making import member_of, written
from tests.archive.plain import plain_zip
from tests.archive.vectors import Vector, members_of, refused, vectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.archive.plain import Plain

VECTORS = vectors()


def in_order(members: Sequence[Plain]) -> list[Plain]:
    return sorted(members, key=lambda member: member.path.encode())


def check(vector: Vector, chunks: Iterable[bytes | memoryview]) -> None:
    digest, length = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        length += len(chunk)
    assert (length, digest.hexdigest()) == (vector.length, vector.sha256)


class Contents:
    """A source that makes content up as it goes."""

    def __init__(self, members: Sequence[Plain]) -> None:
        self._members = members

    def open(self, index: int, start: int, stop: int) -> Reader:
        assert start == 0
        return ChunkReader(self._members[index].content())


@pytest.mark.parametrize(
    "vector",
    [pytest.param(v, id=v.name, marks=[pytest.mark.slow] * v.slow) for v in VECTORS],
)
def test_the_package_agrees(vector: Vector) -> None:
    members = in_order(vector.members)
    archive = Ranges(Layout(map(member_of, members)), Contents(members))
    assert archive.layout.total == vector.length
    check(vector, archive.range())
    # with the CRCs that are known by now, the end needs no content
    archive = Ranges(archive.layout, Contents([]), archive.crcs)
    end = b"".join(map(bytes, archive.range(archive.layout.central_offset)))
    assert len(end) == vector.length - archive.layout.central_offset


@pytest.mark.parametrize("vector", [v for v in VECTORS if not v.slow], ids=lambda v: v.name)
def test_the_second_writer_and_the_command_s_agree(vector: Vector) -> None:
    members = in_order(vector.members)
    check(vector, plain_zip(members))
    check(vector, [written(members)])


def test_a_shuffled_order_is_found_out() -> None:
    vector = next(v for v in VECTORS if v.name == "names")
    members = list(vector.members)
    random.Random(1).shuffle(members)
    with pytest.raises(ArchiveError, match="out of order"):
        Layout(map(member_of, members))


@pytest.mark.parametrize("case", refused(), ids=lambda case: case["name"])
def test_what_has_no_place_in_a_zip_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(ArchiveError):
        Layout(map(member_of, in_order(members_of(case))))
