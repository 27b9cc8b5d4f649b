"""Content-Encoding: words that are no compression, files that are compressed, documents."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.errors import FetchError
from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.http import documents as api
from datalad_jsdl.fetch.http.documents import WebApi
from datalad_jsdl.fetch.http.encodings import compressions, decode, packed_by_name
from datalad_jsdl.fetch.mirrors.states import State
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.model.content import Expected, Fetched
from tests.conftest import run
from tests.fetch.waits import Waits, new_engine, probed
from tests.lab import sha256
from tests.wire import Talk, Wire

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = b"".join(b"line %d of a file\n" % n for n in range(500))
PACKED = gzip.compress(PLAIN, mtime=0)
MOST = 1 << 20


def fetch(
    body: bytes, *lines: str, target: str = "/f", expected: Expected | None = None
) -> tuple[Fetched | Failed, State]:
    """What comes of a file that is served with such a head, and what the check makes of it."""
    with Wire() as wire, new_engine(Waits()) as engine:
        url = wire.put(target, lambda talk: talk.answer(200, body, *lines))
        job = Job("f", (url,), expected or Expected(), Path("f"))
        return fetch_file(job, engine), probed(url, expected or Expected(), engine).state


@pytest.mark.parametrize(
    "value",
    ["aws-chunked", "UTF-8", "none", "binary", "identity", "8bit", "base64", "", ",", "x, y"],
)
def test_words_that_are_no_compression(value: str) -> None:
    outcome, state = fetch(PLAIN, f"Content-Encoding: {value}")
    assert outcome == Fetched(len(PLAIN), sha256(PLAIN))
    assert state is State.OK


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["gzip"], ("gzip",)),
        ([" X-GZip "], ("gzip",)),
        (["aws-chunked,gzip"], ("gzip",)),
        (["aws-chunked", "gzip"], ("gzip",)),
        (["deflate, , br"], ("deflate", "br")),
        (["compress", "x-compress"], ("compress", "compress")),
        (["zstd", "dcb", "dcz", "exi", "pack200-gzip"], None),
    ],
)
def test_codings_that_are_compression(values: list[str], found: tuple[str, ...] | None) -> None:
    headers = {}

    def answer(talk: Talk) -> None:
        talk.answer(200, PACKED, *(f"Content-Encoding: {value}" for value in values))

    with Wire() as wire, new_engine() as engine:
        response = engine.web.open(wire.put("/f", answer))
        headers = response.headers
        response.close()
    assert compressions(headers) == (found or tuple(values))


def test_a_file_that_comes_compressed_is_refused() -> None:
    outcome, state = fetch(PACKED, "Content-Encoding: aws-chunked,gzip")
    assert isinstance(outcome, Failed)
    assert "the server sends the file compressed (gzip)" in told(outcome)
    assert "use another mirror, or add the size or digest" in told(outcome)
    assert state is State.UNFIT
    assert not Path("f").exists()


@pytest.mark.parametrize(
    ("target", "names", "lines"),
    [
        ("/scan.nii.gz", (), ()),
        ("/scan.NII.GZ?versionId=1", (), ()),
        ("/download?id=5", ("sub-01/scan.nii.gz",), ()),
        ("/download?id=5", (), ('Content-Disposition: attachment; filename="a.tgz"',)),
    ],
)
def test_a_file_that_is_called_so(target: str, names: tuple[str, ...], lines: tuple[str]) -> None:
    """Its bytes are the file: the coding only says what it is."""
    for coding in ("x-gzip", "gzip"):
        head = (f"Content-Encoding: {coding}", *lines)
        outcome, state = fetch(PACKED, *head, target=target, expected=Expected(names=names))
        assert outcome == Fetched(len(PACKED), sha256(PACKED))
        assert state is State.OK


def test_names_of_compressed_files() -> None:
    for name in ("a.gz", "a.tgz", "a.bgz", "a.svgz", "a.nii.gz", "https://a.example/b.gz?c=d"):
        assert packed_by_name(name) == {"gzip"}
    assert packed_by_name("a.Z", "b.zst") == {"compress", "zstd"}
    assert packed_by_name("a.br", "a.txt") == {"br"}
    assert packed_by_name("https://a.example/b?c=d.gz") == frozenset()


def test_a_gzip_of_a_gzip_is_not_the_file() -> None:
    twice = ("Content-Encoding: gzip, gzip",)
    outcome, _ = fetch(gzip.compress(PACKED), *twice, target="/a.gz")
    assert isinstance(outcome, Failed)


def test_a_coding_that_is_a_lie() -> None:
    """What does not begin as gzip cannot be unpacked: it is the file, as for curl."""
    outcome, _ = fetch(PLAIN, "Content-Encoding: gzip")
    assert outcome == Fetched(len(PLAIN), sha256(PLAIN))


def test_an_error_page_in_the_place_of_a_gz_is_told() -> None:
    page = gzip.compress(b"<!DOCTYPE html><title>Log in</title>")
    lines = ("Content-Encoding: gzip", "Content-Type: text/html")
    outcome, _ = fetch(page, *lines, target="/scan.nii.gz")
    assert isinstance(outcome, Failed)
    assert "a web page" in told(outcome)


def test_size_and_digest_decide() -> None:
    coded = "Content-Encoding: gzip"
    for expected in (
        Expected(len(PACKED)),
        Expected(len(PACKED), "sha256", sha256(PACKED)),
        Expected(None, "sha256", sha256(PACKED)),
    ):
        outcome, state = fetch(PACKED, coded, expected=expected)
        assert isinstance(outcome, Fetched)
        assert Path("f").read_bytes() == PACKED
        assert state is State.OK
    for expected in (Expected(len(PLAIN)), Expected(None, "sha256", sha256(PLAIN))):
        outcome, _ = fetch(PACKED, coded, expected=expected)
        assert isinstance(outcome, Failed)
        said = told(outcome)
        assert "the server sends the file compressed (gzip), so the manifest may" in said


def test_a_broken_gz_is_not_blamed_on_its_coding() -> None:
    expected = Expected(len(PACKED), "sha256", sha256(b""))
    outcome, _ = fetch(PACKED, "Content-Encoding: gzip", target="/a.gz", expected=expected)
    assert "wrong content" in told(outcome)
    assert "compressed" not in told(outcome)


# documents

DOCUMENT = json.dumps([{"n": n} for n in range(3000)]).encode()


def brotli(data: bytes) -> bytes:
    module = pytest.importorskip("brotli")
    packed: bytes = module.compress(data)
    return packed


def zstd(data: bytes) -> bytes:
    module = pytest.importorskip("backports.zstd")
    half = len(data) // 2
    packed: bytes = module.compress(data[:half]) + module.compress(data[half:])
    return packed


def members(data: bytes) -> bytes:
    return gzip.compress(data[:100]) + gzip.compress(data[100:])


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


FORMS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZIP", gzip.compress),
    "several members": ("gzip", members),
    "deflate": ("deflate", zlib.compress),
    "bare deflate": ("deflate", bare),
    "br": ("br", brotli),
    "zstd": ("zstd", zstd),
    "one upon the other": ("deflate, gzip", lambda data: gzip.compress(zlib.compress(data))),
    "with a word that is none": ("aws-chunked, gzip", gzip.compress),
    "a lie": ("gzip", bytes),
    "a lie of deflate": ("deflate", bytes),
    "a lie of br": ("br", bytes),
    "half a lie": ("gzip, gzip", gzip.compress),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_document_is_what_its_codings_yield(form: str) -> None:
    coding, pack = FORMS[form]
    body = pack(DOCUMENT)
    assert decode(body, compressions({"Content-Encoding": coding}), MOST) == DOCUMENT
    with Wire() as wire, new_engine() as engine:
        lines = (f"Content-Encoding: {coding}",)
        url = wire.put("/f", lambda talk: talk.answer(200, body, *lines))
        assert WebApi(engine).get(url).document() == json.loads(DOCUMENT)


@pytest.mark.parametrize("form", [name for name in FORMS if "lie" not in name])
def test_a_document_that_breaks_off(form: str) -> None:
    coding, pack = FORMS[form]
    with pytest.raises(FetchError, match=r"is incomplete; download it again|is damaged"):
        decode(pack(DOCUMENT)[:-20], compressions({"Content-Encoding": coding}), MOST)


def test_documents_that_cannot_be_unpacked() -> None:
    packed = b"\x1f\x9d\x90" + bytes(100)
    with pytest.raises(FetchError, match=r"compressed \(compress\), which cannot be unpacked here"):
        decode(packed, ("compress",), MOST)
    with pytest.raises(FetchError, match="compressed 6 times"):
        decode(packed, ("gzip",) * 6, MOST)
    for coding in ("gzip", "deflate", "br", "zstd"):
        bad = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}.get(coding, b"") + b"\xff\x00" * 9
        with pytest.raises(FetchError, match=rf"{coding}.*(damaged|incomplete)"):
            decode(bad, (coding,), MOST)


@pytest.mark.parametrize("form", ["gzip", "deflate", "br", "zstd", "one upon the other"])
def test_a_bomb_does_not_fill_memory(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_MOST", MOST)
    coding, pack = FORMS[form]
    body = pack(bytes(8 * MOST))
    assert len(body) < MOST // 10
    with Wire() as wire, new_engine() as engine:
        lines = (f"Content-Encoding: {coding}",)
        url = wire.put("/f", lambda talk: talk.answer(200, body, *lines))
        with pytest.raises(FetchError, match="larger than 1 MiB"):
            WebApi(engine).get(url)
    assert len(decode(body, compressions({"Content-Encoding": coding}), 100)) == 100


MANIFESTS: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    **{form: ("/m.json", pack, coding) for form, (coding, pack) in FORMS.items()},
    "a .gz": ("/m.json.gz", gzip.compress, ""),
    "a .gz that says so": ("/m.json.gz", gzip.compress, "gzip"),
    "a .gz in gzip": ("/m.json.gz", lambda data: gzip.compress(gzip.compress(data)), "gzip"),
}


@pytest.mark.slow
@pytest.mark.parametrize("form", ["bare deflate", *list(MANIFESTS)[-3:]])
def test_a_manifest(form: str) -> None:
    target, pack, coding = MANIFESTS[form]
    with Wire() as wire:
        content = wire.put("/a.bin", b"a")
        body = pack(json.dumps({"a.bin": [content]}).encode())
        lines = (f"Content-Encoding: {coding}",) if coding else ()
        url = wire.put(target, lambda talk: talk.answer(200, body, *lines))
        run("datalad", "download-manifest", "--get", url, "ds")
    assert Path("ds/a.bin").read_bytes() == b"a"


def test_a_manifest_that_breaks_off_imports_nothing() -> None:
    with Wire() as wire:
        members = {f"{n}.bin": [f"{wire.url}/{n}"] for n in range(5000)}
        body = gzip.compress(json.dumps(members).encode())[:-2000]
        lines = ("Content-Encoding: gzip",)
        url = wire.put("/m.json", lambda talk: talk.answer(200, body, *lines))
        said = run("datalad", "download-manifest", url, "ds", check=False)
    assert "the gzip data of the response is incomplete; download it again" in said
    assert not Path("ds").exists()


def test_a_list_of_checksums() -> None:
    with Wire() as wire:
        content = wire.put("/ä.bin", b"a")
        Path("m.json").write_text(json.dumps({"ä.bin": [content]}))
        body = gzip.compress(f"{sha256(b'a')}  ä.bin\n".encode("latin-1"))
        lines = ("Content-Encoding: gzip", "Content-Type: text/plain; charset=ISO-8859-1")
        url = wire.put("/SHA256SUMS", lambda talk: talk.answer(200, body, *lines))
        run("datalad", "download-manifest", "m.json", "ds", "--checksums", url)
    assert sha256(b"a") in str(Path("ds/ä.bin").readlink())


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("iso-8859-1", "latin-1"),
        ("ISO-8859-1", "utf-8"),  # as servers say of all that they have
        ("utf-16", "utf-16-le"),
        ("utf-16", "utf-16-be"),
        ("utf-16le", "utf-16-le"),
        ("", "utf-16"),
        ("no-such-charset", "utf-8"),
        ("hex", "utf-8"),
        ("windows-1252", "cp1252"),
    ],
)
def test_the_charset_of_a_document(charset: str, encoding: str) -> None:
    body = '{"größe": ["x"]}'.encode(encoding)
    lines = (f"Content-Type: application/json; charset={charset}",) if charset else ()
    with Wire() as wire, new_engine() as engine:
        url = wire.put("/f", lambda talk: talk.answer(200, body, *lines))
        assert WebApi(engine).get(url).document() == {"größe": ["x"]}


def test_the_charset_of_a_manifest() -> None:
    with Wire() as wire:
        content = wire.put("/a", b"a")
        body = f"path,url\ngröße.bin,{content}\n".encode("latin-1")
        lines = ("Content-Type: text/csv; charset=iso-8859-1",)
        url = wire.put("/m.csv", lambda talk: talk.answer(200, body, *lines))
        run("datalad", "download-manifest", "--get", url, "ds")
    assert Path("ds/größe.bin").read_bytes() == b"a"


def test_an_answer_with_a_token() -> None:
    body = gzip.compress(b'{"access_token": "x"}')
    with Wire() as wire, new_engine() as engine:
        lines = ("Content-Encoding: gzip",)
        url = wire.put("/t", lambda talk: talk.answer(200, body, *lines))
        assert engine.web.post(url, {"a": "b"}, as_json=False) == (200, b'{"access_token": "x"}')


def test_a_document_goes_on_where_it_broke_off() -> None:
    """In parts of the compressed form, and never with a half of another one."""
    body = gzip.compress(DOCUMENT)
    coding, tag = "Content-Encoding: gzip", 'ETag: "1"'

    def cut(talk: Talk) -> None:
        if len(wire.asked) == 1:
            head = f"HTTP/1.1 200 X\r\n{coding}\r\n{tag}\r\nContent-Length: {len(body)}\r\n\r\n"
            talk.send(head.encode() + body[:1000])
            talk.close()
        elif len(wire.asked) == 2:
            talk.file(body, tag)  # the same bytes, called something else
        else:
            talk.file(body, coding, tag)

    with Wire() as wire, new_engine(Waits()) as engine:
        url = wire.put("/m", cut)
        job = Job("m", (url,), Expected(document=True), Path("m"))
        outcome = fetch_file(job, engine)
        assert isinstance(outcome, Fetched)
        assert outcome.codings == ("gzip",)
        assert "range" in wire.asked[1].headers
    assert Path("m").read_bytes() == body
