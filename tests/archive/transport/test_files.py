"""Small files out of zips on a real server: right files, few requests, and no harm by bad zips."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from tests.archive.transport.zips import Download, canonical, compressed, named, some_files
from tests.lab import Lab, older, refused_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FILES = some_files(200)
ZIP = canonical(FILES)


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as server:
        yield server


@pytest.fixture
def download(lab: Lab, tmp_path: Path) -> Download:
    return Download(lab, FILES, tmp_path)


@pytest.mark.parametrize("make", [canonical, compressed])
def test_one_request_brings_hundreds_of_files(
    lab: Lab, download: Download, make: Callable[..., bytes]
) -> None:
    requests = download.run(named(lab.put("all.zip", make(FILES), etag='"1"')))
    assert requests == {"GET": 2}  # the directory, the files


def test_files_far_apart_come_by_several_requests(lab: Lab, download: Download) -> None:
    between = {f"sub/{n:04}.x": bytes(200_000) for n in range(40, 200, 40)}
    archive = named(lab.put("all.zip", canonical({**FILES, **between})))
    requests = download.run(archive)
    assert requests == {"GET": 1 + 5}
    assert lab.sent("all.zip") < len(ZIP) + 200_000


def test_those_that_the_zip_lacks_come_from_their_urls(lab: Lab, download: Download) -> None:
    most = dict(list(FILES.items())[7:])
    assert download.run(named(lab.put("all.zip", canonical(most)))) == {
        "GET": 2, "single": 7,
    }  # fmt: skip


def test_a_folder_of_the_dataset_and_empty_files(lab: Lab, tmp_path: Path) -> None:
    files = {f"in/{path}": content for path, content in FILES.items()} | {"in/e": b"", "o": b"x"}
    inner = {path.removeprefix("in/"): c for path, c in files.items() if path != "o"}
    archive = named(lab.put("all.zip", canonical(inner, "z/y")), leading_dir="z/y", folder="in")
    requests = Download(lab, files, tmp_path).run(archive)
    assert requests == {"GET": 2, "single": 1}


def test_the_second_url_and_the_second_archive(lab: Lab, download: Download) -> None:
    halves = dict(list(FILES.items())[:100]), dict(list(FILES.items())[100:])
    first = named(refused_url("all.zip"), lab.put("1.zip", canonical(halves[0])))
    second = named(lab.put("2.zip", canonical(halves[1], "b")), leading_dir="b")
    assert download.run(first, second) == {"GET": 4}


def test_no_digest_no_zip(lab: Lab, download: Download) -> None:
    requests = download.run(named(lab.put("all.zip", ZIP)), digests=False)
    assert requests == {"single": 200}


def test_a_few_files_come_from_their_urls(lab: Lab, tmp_path: Path) -> None:
    few = dict(list(FILES.items())[::70])
    assert Download(lab, few, tmp_path).run(named(lab.put("all.zip", ZIP))) == {"single": 3}


def test_large_files_come_from_their_urls(lab: Lab, tmp_path: Path) -> None:
    files = some_files(6, (1 << 20) + 1)
    requests = Download(lab, files, tmp_path).run(named(lab.put("all.zip", canonical(files))))
    assert requests["single"] >= 6
    assert not requests["GET"]


def _end(data: bytes, **fields: int) -> bytes:
    """The zip with other numbers in its end record."""
    places = {
        "disk": (4, "H"),
        "here": (8, "H"),
        "count": (10, "H"),
        "size": (12, "I"),
        "offset": (16, "I"),
    }
    found = bytearray(data)
    for name, value in fields.items():
        place, kind = places[name]
        struct.pack_into(f"<{kind}", found, len(data) - 22 + place, value)
    return bytes(found)


def _central(data: bytes, place: int, kind: str, change: Callable[[int, int], int]) -> bytes:
    """The zip with another number in each header of its central directory."""
    found = bytearray(data)
    at = struct.unpack_from("<I", data, len(data) - 6)[0]
    number = 0
    while data.startswith(b"PK\1\2", at):
        (value,) = struct.unpack_from(f"<{kind}", data, at + place)
        struct.pack_into(f"<{kind}", found, at + place, change(value, number))
        at += 46 + sum(struct.unpack_from("<HHH", data, at + 28))
        number += 1
    assert number == len(FILES)
    return bytes(found)


def _locator(data: bytes, **wide: int) -> bytes:
    """The zip with a zip64 end record, and these numbers in it."""
    count, size, offset = len(FILES), *struct.unpack_from("<II", data, len(data) - 10)
    told = {"count": count, "size": size, "offset": offset} | wide
    position = len(data) - 22
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, told["count"], told["count"],
                         told["size"], told["offset"])  # fmt: skip
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, wide.get("position", position), 1)
    return (
        data[:-22]
        + record
        + locator
        + _end(data, count=0xFFFF, here=0xFFFF, size=0xFFFFFFFF, offset=0xFFFFFFFF)[-22:]
    )


NEWER = {path: older(content) for path, content in FILES.items()}
BAD: dict[str, bytes] = {
    "no zip": bytes(300_000),
    "a web page": b"<!DOCTYPE html><html><body>Gone</body></html>" * 100,
    "empty": b"",
    "truncated": ZIP[: len(ZIP) * 2 // 3],
    "without its end": ZIP[:-22],
    "only its end": ZIP[-22:],
    "cut at its beginning": ZIP[1000:],
    "newer": canonical(NEWER),
    "newer, of other sizes": canonical({path: c + b"x" for path, c in FILES.items()}),
    "in another folder": canonical(FILES, "other"),
    "with names that lead out": canonical(FILES, "all/../../all"),
    "a huge count": _end(ZIP, count=0xFFFE, here=0xFFFE),
    "a count of none": _end(ZIP, count=0, here=0),
    "a huge directory": _end(ZIP, size=0xFFFFFFFE),
    "a directory elsewhere": _end(ZIP, offset=0),
    "a part of several": _end(ZIP, disk=3),
    "a huge zip64 count": _locator(ZIP, count=1 << 60),
    "a huge zip64 directory": _locator(ZIP, size=1 << 62),
    "a zip64 offset beyond all": _locator(ZIP, offset=(1 << 64) - 1),
    "a zip64 end elsewhere": _locator(ZIP, position=1 << 63),
    "encrypted": _central(ZIP, 8, "H", lambda value, _: value | 1),
    "an unknown method": _central(ZIP, 10, "H", lambda *_: 99),
    "stored sizes that lie": _central(ZIP, 20, "I", lambda *_: 0xFFFFFFF0),
    "stored sizes of nothing": _central(ZIP, 20, "I", lambda *_: 0),
    "sizes that lie": _central(ZIP, 24, "I", lambda *_: 0x7FFFFFFF),
    "sizes beyond 32 bits": _central(ZIP, 24, "I", lambda *_: 0xFFFFFFFF),
    "names longer than all": _central(ZIP, 28, "H", lambda *_: 0xFFFF),
    "all at one place": _central(ZIP, 42, "I", lambda *_: 0),
    "overlapping": _central(ZIP, 42, "I", lambda _, number: number),
    "in each other's places": _central(
        ZIP, 42, "I", lambda value, number: value + 3 * (number % 2)
    ),
    "beyond the end": _central(ZIP, 42, "I", lambda value, _: value + (1 << 31)),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_zip_does_no_harm(lab: Lab, download: Download, kind: str) -> None:
    requests = download.run(named(lab.put("all.zip", BAD[kind])))
    assert requests["single"] >= 100
    assert requests["GET"] <= 5
    assert lab.sent("all.zip") <= 2 * len(ZIP)


def test_a_zip64_end_that_is_right(lab: Lab, download: Download) -> None:
    data = _locator(ZIP)
    assert download.run(named(lab.put("all.zip", data))) == {"GET": 2}


def test_a_bomb_is_not_inflated(lab: Lab, tmp_path: Path) -> None:
    files = {f"{n}": bytes([n]) * 500 for n in range(20)}
    bombs = compressed({path: bytes(50 << 20) for path in files})
    told = bytearray(bombs)
    at = struct.unpack_from("<I", bombs, len(bombs) - 6)[0]
    while bombs.startswith(b"PK\1\2", at):  # the sizes are those of the files
        struct.pack_into("<I", told, at + 24, 500)
        at += 46 + sum(struct.unpack_from("<HHH", bombs, at + 28))
    requests = Download(lab, files, tmp_path).run(named(lab.put("all.zip", bytes(told))))
    assert requests["single"] == 20


@pytest.mark.parametrize(
    "faults",
    [
        {"status": 404},
        {"status": 403},
        {"status": 503, "headers": {"Retry-After": "600"}},
        {"html": True},
        {"cut_at": 0.5},
        {"reset_at": 0},
        {"corrupt_at": 0.5},
        {"content_range": "bytes 0-9/10"},
        {"shift": 5},
        {"chunked": True, "head": False},
        {"location": "ftp://h.example/all.zip"},
    ],
    ids=str,
)
def test_a_bad_server_does_no_harm(lab: Lab, download: Download, faults: dict[str, Any]) -> None:
    requests = download.run(named(lab.put("all.zip", ZIP, **faults)))
    assert sum(requests.values()) <= 200 + 12


def test_a_server_without_ranges_gives_the_whole_if_it_is_cheap(
    lab: Lab, download: Download
) -> None:
    requests = download.run(named(lab.put("all.zip", ZIP, ranges=False)))
    assert requests == {"GET": 3}


def test_a_server_that_knows_no_ranges_of_last_bytes(lab: Lab, download: Download) -> None:
    requests = download.run(named(lab.put("all.zip", ZIP, suffixes=False)))
    assert requests == {"GET": 4}


def test_a_server_without_ranges_does_not_give_a_large_whole(lab: Lab, tmp_path: Path) -> None:
    few = dict(list(FILES.items())[:10])
    more = some_files(3, 20 << 20)
    archive = named(
        lab.put("all.zip", canonical({**FILES, "z": more["sub/0000.dat"]}), ranges=False)
    )
    requests = Download(lab, few, tmp_path).run(archive)
    assert requests == {"GET": 2, "single": 10}


def test_a_zip_that_changes_meanwhile(lab: Lab, download: Download) -> None:
    from tests.lab import Version

    versions = [Version(etag='"1"'), Version(canonical(NEWER), '"2"')]
    requests = download.run(named(lab.put("all.zip", ZIP, versions=versions)))
    assert requests["single"] == 200


def test_a_mirror_that_may_not_be_asked(lab: Lab, tmp_path: Path) -> None:
    policy = AddressPolicy.from_config(
        {"annex.security.allowed-ip-addresses": f"[127.0.0.1]:{lab.port}"}
    )
    with Lab() as other:
        Download(lab, FILES, tmp_path).run(named(other.put("all.zip", ZIP)), engine=Engine(policy))
        assert not other.requests
