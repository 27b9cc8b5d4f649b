"""What is a web page in the place of a file, and what a server only calls one."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.http.web_pages import is_error_page, is_page_name
from datalad_jsdl.fetch.mirrors.presence import announced_size, is_present
from datalad_jsdl.fetch.mirrors.states import State
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.model.content import Expected, Fetched
from tests.fetch.waits import Waits, new_engine, probed
from tests.lab import sha256
from tests.wire import Wire

HTML = "text/html; charset=utf-8"
PAGE = b"<!DOCTYPE html>\n<html><head><title>Log in</title></head></html>"
GIFTI = b'<?xml version="1.0"?>\n<!DOCTYPE GIFTI SYSTEM "http://www.nitrc.org/gifti.dtd">\n<GIFTI>'

# name → what is served as text/html; all of these are files
FILES: dict[str, tuple[str, bytes]] = {
    "GIFTI": ("/lh.surf.gii", GIFTI),
    "GIFTI, with another name": ("/download?id=4", GIFTI),
    "SVG": ("/plot.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
    "SVG with a type": ("/x", b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN'><svg/>"),
    "KML": ("/x", b"\xef\xbb\xbf<?xml version='1.0'?><!-- <html> --><kml></kml>"),
    "RDF": ("/x.owl", b'<?xml version="1.0"?><rdf:RDF xmlns:rdf="r"></rdf:RDF>'),
    "UTF-16": ("/x.xml", "\ufeff<?xml version='1.0'?><study/>".encode("utf-16-le")),
    "CSV": ("/x.csv", b"a,b\n1,2\n"),
    "JSON": ("/x.json", b'{"a": "<html>"}'),
    "text": ("/x.txt", b"some words"),
    "gzip": ("/x.nii.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00"),
    "NIfTI": ("/x.nii", b"\x5c\x01\x00\x00" + bytes(400)),
    "a page's name": ("/x.html", PAGE),
    "a packed page": ("/x.html.gz", PAGE),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_called_a_web_page(name: str) -> None:
    """It is had, it is there, and the check says so, too."""
    target, content = FILES[name]
    with Wire() as wire, new_engine(Waits()) as engine:
        url = wire.put(target, lambda talk: talk.file(content, f"Content-Type: {HTML}"))
        outcome = fetch_file(Job("f", (url,), Expected(), Path("f")), engine)
        assert outcome == Fetched(len(content), sha256(content))
        assert is_present([url], Expected(), engine)
        assert announced_size([url], engine) == len(content)
        answer = probed(url, Expected(), engine)
        assert (answer.state, answer.size) == (State.OK, len(content))


PAGES: dict[str, tuple[str, bytes]] = {
    "typed": (HTML, PAGE),
    "with a comment before": (HTML, b"<!-- x --><!-- y -->\n<html>"),
    "XHTML": ("application/xhtml+xml", b'<?xml version="1.0"?>\n<!DOCTYPE html><html xmlns="x">'),
    "a part of one": (HTML, b"<script>location='/login'</script>"),
    "a heading": (HTML, b"<h1>Terms</h1>"),
    "untyped": ("", PAGE),
    "called bytes": ("application/octet-stream", PAGE),
    "called text": ("text/plain", b"\n <HTML><body>"),
    "called XML": ("application/xml", b"<?xml version='1.0'?><html>"),
    "UTF-16": ("", "\ufeff<html>".encode("utf-16-be")),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_web_page_that_is_no_file(name: str) -> None:
    kind, content = PAGES[name]
    with Wire() as wire, new_engine(Waits()) as engine:
        lines = (f"Content-Type: {kind}",) if kind else ()
        url = wire.put("/scan.nii.gz", lambda talk: talk.file(content, *lines))
        outcome = fetch_file(Job("f", (url,), Expected(), Path("f")), engine)
        assert isinstance(outcome, Failed)
        assert "a web page instead of the file" in told(outcome)
        # where size or a page's name say so, it is the file
        for expected in (Expected(len(content)), Expected(names=("a.html",))):
            assert isinstance(fetch_file(Job("f", (url,), expected, Path("f")), engine), Fetched)
        if kind == HTML:
            assert probed(url, Expected(), engine).state is State.TERMS
            assert probed(url, Expected(), engine, head=False).state is State.TERMS
            assert announced_size([url], engine) is None


def test_a_type_alone_is_not_believed_of_xml() -> None:
    for name in ("a.gii", "a.svg", "a.kml", "a.owl", "a.xml", "a.rdf"):
        assert not is_error_page(f"https://a.example/{name}?x=1", HTML)
        assert not is_error_page("https://a.example/get?id=1", HTML, names=(f"sub-01/{name}",))
    assert is_error_page("https://a.example/a.nii", HTML)
    assert not is_error_page("https://a.example/a.nii", "application/gzip")


def test_names_of_pages() -> None:
    assert all(map(is_page_name, ["a.html", "A.HTM", "https://a.example/b.xhtml?c", "a.html.gz"]))
    assert not any(map(is_page_name, ["a.gz", "html", "https://a.example/b?c=d.html"]))
