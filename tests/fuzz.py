"""Feed the readers of foreign bytes with broken ones, for a given time.

::

    python3 tools/run.py fuzz [--seconds 60] [--seed NUMBER] [TARGET ...]

Each target takes what a stranger may send: a good example with some bytes changed, taken away,
doubled, or exchanged for others that mean something. It has to answer with a value that makes
sense, or with the error that it promises. Whatever else it does ends the run, with few bytes that
do it. The seed is printed, and makes the same run again.
"""

from __future__ import annotations

import argparse
import io
import random
import tempfile
import time
import traceback
import warnings
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from urllib3 import HTTPHeaderDict

from datalad_jsdl.errors import FetchError, ManifestError
from datalad_jsdl.fetch.credentials.login import LoginWanted
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.credentials.sources.cookies import SOURCE, Jar, cookie_header
from datalad_jsdl.fetch.file.journal import read_journal
from datalad_jsdl.fetch.http import heads
from datalad_jsdl.fetch.http.answers import content_range
from datalad_jsdl.fetch.http.waiting import wait_of
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.model.entry import Entry, Refusal
from datalad_jsdl.orders.capability import Capabilities, Verdict
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.portal.ranges import wanted_spans
from tests.manifest.formats.samples import SAMPLES
from tests.serving.test_ranges import OURS

if TYPE_CHECKING:
    from collections.abc import Callable

_SIZE = 1000  # bytes of what ranges are of
_ORDER = "20261127-1"
#: What means something to one reader or another.
_WORDS = (
    b"\n", b"\r\n", b"\0", b"\t", b" ", b",", b";", b"=", b"-", b"/", b"..", b"//", b"#", b'"',
    b"'", b"{", b"}", b"[", b"]", b"<", b">", b"&", b"%2f", b"\xff", b"\xef\xbb\xbf",
    b"\xed\xa0\x80", b"-1", b"0", b"1e999", b"NaN", b"9" * 20, b"null", b"true", b"\\ud800", b"http://",
    b"file:///", b"data:,", b"bytes", b"*", b"W/",
)  # fmt: skip

_WAITS = [
    b"Retry-After: 120",
    b"Retry-After: Fri, 27 Nov 2026 12:00:00 GMT\nDate: Fri, 27 Nov 2026 11:00:00 GMT",
    b"Retry-After-Ms: 12.5",
    b"X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1800000000",
    b"Retry-After: Friday, 27-Nov-26 12:00:00 GMT",
    b"Retry-After: Fri Nov 27 12:00:00 2026",
]
_HEADS = [
    b'HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\nETag: W/"x"\r\n\r\n',
    b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n more\n\na;x=y\r\n0123456789\r\n",
]
_COOKIES = [
    b"a=b; Path=/x; Domain=.portal.example; Secure; HttpOnly; Max-Age=60",
    b"a=b; Expires=Fri, 27 Nov 2036 12:00:00 GMT; Version=1\nc=; Domain=example",
]
_LINE = b"#HttpOnly_.portal.example\tTRUE\t/x\tTRUE\t9999999999\tname\tvalue\n"
_RULES = [
    b"https://portal.example/api datalad:portal kind=header header=X-API-Key",
    b"https://portal.example 'env:A B' user=x",
]
_JOURNAL = b"jsdl 1 boot 0\nv aa 227822 0\nr 0 100 aa 0\nr 300 2000 - 0\ns 400 0\nr 9 10 aa 0\n"
_RANGES = [
    b"bytes=0-99,200-,-5",
    b'bytes=0-0\n"tag"',
    b"bytes=1-2\nFri, 27 Nov 2026 12:00:00 GMT",
]


class Target(NamedTuple):
    """A reader of foreign bytes.

    Attributes:
        seeds: good examples.
        read: takes broken ones; what it asserts has to hold.
    """

    seeds: list[bytes]
    read: Callable[[bytes], None]


def _broken(chance: random.Random, seeds: list[bytes]) -> bytes:
    """A seed with up to six edits."""
    text = chance.choice(seeds)
    for _ in range(chance.randrange(7)):
        start = chance.randrange(len(text) + 1)
        stop = min(len(text), start + int(chance.expovariate(0.3)))
        piece = text[start:stop]
        more = (b"", chance.choice(_WORDS), chance.randbytes(chance.randrange(6)), piece + piece)
        text = text[:start] + chance.choice(more) + text[stop:]
    return text


def _error(target: Target, raw: bytes) -> str:
    """What a target does that it must not, in short; empty if all is well."""
    try:
        target.read(raw)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {place.name}, line {place.lineno}"
    return ""


def _smaller(target: Target, raw: bytes) -> bytes:
    """What does the same, with as few bytes as can be found by leaving some out."""
    wanted, size = _error(target, raw), len(raw)
    while size:
        start = 0
        while start < len(raw):
            less = raw[:start] + raw[start + size :]
            if _error(target, less) == wanted:
                raw = less
            else:
                start += size
        size //= 2
    return raw


def _manifest(raw: bytes) -> None:
    with suppress(ManifestError):
        for item in read_manifest(io.BytesIO(raw), "https://portal.example/m/"):
            assert isinstance(item, Entry | Refusal)
            if isinstance(item, Entry):
                parts = item.path.split("/")
                assert ".." not in parts
                assert ".git" not in map(str.lower, parts)


def _content_range(raw: bytes) -> None:
    found = content_range({"Content-Range": raw.decode("latin-1")})
    assert found is None or (0 <= found[0] <= found[1])


def _waits(raw: bytes) -> None:
    for status in (429, 503, 200):
        wait = wait_of(status, _fields(raw))
        assert wait is None or 0 <= wait < 1e9


def _heads(raw: bytes) -> None:
    lines = io.BytesIO(raw).readline
    with suppress(heads.HeadError):
        _, status, _ = heads.read_status(lines)
        fields = heads.read_fields(lines)
        chunked, length = heads.body_length(fields)
        heads.make_message(fields, chunked, length)
        assert 0 <= status <= 999
        assert length is None or length >= 0
        if chunked:
            assert heads.chunk_size(lines) >= 0


def _set_cookie(raw: bytes) -> None:
    # http.cookiejar tells faults of its own as warnings, with which a cookie is lost
    warnings.simplefilter("error")
    jar, headers = Jar(), HTTPHeaderDict()
    for line in raw.decode("latin-1").split("\n"):
        headers.add("Set-Cookie", line)
    jar.take("https://a.portal.example/x/y", headers)
    assert jar.fitting("https://other.example/") == []
    header = cookie_header(jar.fitting("https://a.portal.example/x"), "https://a.portal.example/x")
    assert not set(header) & set("\r\n\0")


def _cookie_file(raw: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(raw)
        file.flush()
        origin = "https://portal.example"
        wanted = LoginWanted("https", "portal.example", None, origin, file.name, None, {})
        with suppress(FetchError):
            login = SOURCE.find(wanted)
            assert login is None or login.cookies


def _rule(raw: bytes) -> None:
    with suppress(ValueError):
        parse_rule(raw.decode("utf-8", "surrogateescape"))


def _journal(raw: bytes) -> None:
    """As it came, and with checksums made right."""
    lines = (line.rpartition(b" ")[0] for line in raw.split(b"\n"))
    summed = b"".join(b"%s %08x\n" % (line, zlib.crc32(line)) for line in lines)
    for content in (raw, summed):
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            record = read_journal(file.name, _SIZE)
        assert all(0 <= start < stop <= _SIZE for start, stop, _ in record.ranges)


def _ranges(raw: bytes) -> None:
    asked, _, condition = raw.decode("latin-1").partition("\n")
    headers = {"range": asked, **({"if-range": condition} if condition else {})}
    spans = wanted_spans(headers, _SIZE, OURS)
    for span in spans or ():
        assert 0 <= span.start < span.stop <= _SIZE


def _fields(raw: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in raw.decode("latin-1").split("\n"))
    return {name: value for name, _, value in lines}


def _targets(folder: Path) -> dict[str, Target]:
    links = Capabilities(Store(f"sqlite:///{folder / 'store.sqlite'}"))
    good = links.sign(_ORDER)[0]

    def capability(raw: bytes) -> None:
        text = raw.decode("utf-8", "surrogateescape")
        assert (links.verify(_ORDER, text) is Verdict.VALID) == (text == good)

    return {
        "manifest": Target([document.encode() for _, document in SAMPLES], _manifest),
        "content-range": Target([b"bytes 0-9/100", b"bytes */100", b"bytes=5-5/*"], _content_range),
        "retry-after": Target(_WAITS, _waits),
        "head": Target(_HEADS, _heads),
        "set-cookie": Target(_COOKIES, _set_cookie),
        "cookie-file": Target([b"# Netscape HTTP Cookie File\n" + _LINE, 2 * _LINE], _cookie_file),
        "rule": Target(_RULES, _rule),
        "journal": Target([_JOURNAL], _journal),
        "ranges": Target(_RANGES, _ranges),
        "capability": Target([good.encode(), links.sign("another")[0].encode()], capability),
    }


def _run(name: str, target: Target, chance: random.Random, until: float) -> int:
    """Look at inputs for some time; their number."""
    count = 0
    while time.monotonic() < until:
        raw = _broken(chance, target.seeds)
        count += 1
        if _error(target, raw):
            small = _smaller(target, raw)
            print(f"{name} fails for {small!r}", flush=True)
            target.read(small)
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=60, help="of all targets together")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jsdl-fuzz-") as box:
        targets = _targets(Path(box))
        if unknown := set(given.targets) - targets.keys():
            parser.error(f"no such target: {min(unknown)}; choose from {', '.join(targets)}")
        print(f"seed {given.seed}", flush=True)
        names = given.targets or list(targets)
        counts = {}
        for name in names:
            until = time.monotonic() + given.seconds / len(names)
            counts[name] = _run(name, targets[name], random.Random(given.seed), until)
    for name, count in counts.items():
        print(f"{name}: {count} inputs")


if __name__ == "__main__":
    main()
