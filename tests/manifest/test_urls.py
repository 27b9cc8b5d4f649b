"""Candidate URLs: what is let in, what is a secret, what is shown."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.model.secrecy import DEFAULT
from datalad_jsdl.model.urls import normalise_url, redact, redact_text

is_signed = DEFAULT.is_signed

BASE = "https://portal.org/data/manifest.json?v=1"

# Characters that parsers of URLs stumble over; some become ASCII in host names only.
TRICKY = st.text(
    "aB1.-_~%:/?#[]@!&=+;\\ '\"<>|\n\t\x85é日\u0130ß\u2026\u2488\uff0e\uff20\uff05\xad\ud800"
)
URLS = st.one_of(
    st.text(),
    st.builds("{}{}".format, st.sampled_from(["http://", "https://", "HTTP://"]), TRICKY),
    st.builds("https://{}.org:{}/{}?{}#{}".format, TRICKY, st.integers(0), TRICKY, TRICKY, TRICKY),
    st.builds("https://h.org/{}".format, st.text()),
)


AS_THEY_ARE = ["https://h.org", "http://h.org:8080/a", "https://[::1]:80/a", "https://h//a//b;@c;"]
AS_THEY_ARE += ["https://h/a%20b%2Fc/100%", "https://h/?versionId=1&r=1+2#p=1", "http://h:0/"]
AS_THEY_ARE += [
    "https://h/\\",
    'https://h/a|{b}[1]^`<">',
    "https://h/%2c%2C%zz%",
    "https://h/?",
    "https://h/#",
]
AS_THEY_ARE += ["https://h?q", "https://h/a?x={y|z}&u=%3a#f{"]
REWRITTEN = [("  HTTPS://H.ORG:/A ", "https://h.org/A"), ("https://ü/", "https://xn--tda/")]
REWRITTEN += [
    ("https://h/a b/日", "https://h/a%20b/%E6%97%A5"),
    ("https://ü/|%zz", "https://xn--tda/|%zz"),
]
REWRITTEN += [("https://h/\u202e?q=ä b#p 1", "https://h/%E2%80%AE?q=%C3%A4%20b#p%201")]


@pytest.mark.parametrize("base", [None, BASE])
@pytest.mark.parametrize(("raw", "url"), [*zip(AS_THEY_ARE, AS_THEY_ARE, strict=True), *REWRITTEN])
def test_let_in(raw: str, url: str, base: str | None) -> None:
    assert normalise_url(raw, base) == url


RELATIVE = [("a.dcm", "https://portal.org/data/a.dcm"), ("../../../a", "https://portal.org/a")]
RELATIVE += [("//h/a", "https://h/a"), ("?v=2", "https://portal.org/data/manifest.json?v=2")]


@pytest.mark.parametrize(("reference", "url"), RELATIVE)
def test_relative_urls_need_a_base(reference: str, url: str) -> None:
    assert normalise_url(reference, BASE) == url
    with pytest.raises(ValueError, match="relative"):
        normalise_url(reference)


# RFC 3986, 5.4, without those that have a scheme or nothing at all
RFC = {"g": "b/c/g", "./g": "b/c/g", "g/": "b/c/g/", "/g": "g", "?y": "b/c/d;p?y"}
RFC |= {"g?y": "b/c/g?y", "#s": "b/c/d;p?q#s", "g#s": "b/c/g#s", "g?y#s": "b/c/g?y#s"}
RFC |= {";x": "b/c/;x", "g;x": "b/c/g;x", "g;x?y#s": "b/c/g;x?y#s", ".": "b/c/", "./": "b/c/"}
RFC |= {"..": "b/", "../": "b/", "../g": "b/g", "../..": "", "../../": "", "../../g": "g"}
RFC |= {"../../../g": "g", "../../../../g": "g", "/./g": "g", "/../g": "g", "g.": "b/c/g."}
RFC |= {".g": "b/c/.g", "g..": "b/c/g..", "..g": "b/c/..g", "./../g": "b/g", "./g/.": "b/c/g/"}
RFC |= {"g/./h": "b/c/g/h", "g/../h": "b/c/h", "g;x=1/./y": "b/c/g;x=1/y", "g;x=1/../y": "b/c/y"}
RFC |= {"g?y/./x": "b/c/g?y/./x", "g?y/../x": "b/c/g?y/../x", "g#s/./x": "b/c/g#s/./x"}


@pytest.mark.parametrize("reference", RFC)
def test_references_are_resolved_as_the_rfc_has_it(reference: str) -> None:
    assert normalise_url(reference, "http://a/b/c/d;p?q") == f"http://a/{RFC[reference]}"


SEGMENTS = st.lists(st.sampled_from(["", "a", "b."]), max_size=5).map("/".join)


@settings(max_examples=50)
@given(SEGMENTS, SEGMENTS, st.sampled_from(["", "./", "x/../", "x//../../"]))
def test_empty_segments_are_kept(folder: str, rest: str, dots: str) -> None:
    found = normalise_url(f"{dots}k/{rest}", f"https://h/{folder}//?q")
    assert found == f"https://h/{folder}//k/{rest}"


REFUSED = {
    "empty": ["", "  "],
    "scheme 'file'": ["file:///etc/passwd", "FILE:a"],
    "http or https": ["ftp://h.org/a", "s3://bucket/a", "javascript:alert(1)", "data:,a"],
    "login": ["https://me@h.org/a", "https://me:pw@h/", "https://@h.org/", "https://h\\@e.org/"],
    "host or port": [f"https://h:{port}/" for port in ("99999", "-1", "ssh", "\uff18", "1:1")],
    "is invalid": [
        "https://[::1/",
        "https://a..b/",
        "https://a\u2026b/",
        f"https://{'a' * 64}/",
    ],
    "no valid host": ["https:///a", "https:a", "https://a b/", "https://h\\.evil.org/"],
    "control": ["https://h/\r\nHost: e", "https://h/a\n", "\thttps://h/", "https://h/\x7f"],
    "not valid Unicode": ["https://h.org/\ud800"],
}


@pytest.mark.parametrize("base", [None, BASE])
@pytest.mark.parametrize(("raw", "why"), [(raw, why) for why in REFUSED for raw in REFUSED[why]])
def test_refused(raw: str, why: str, base: str | None) -> None:
    with pytest.raises(ValueError, match=why):
        normalise_url(raw, base)


@settings(max_examples=200)
@given(URLS, st.sampled_from([None, BASE]))
def test_a_normalised_url_is_plain_and_stays_as_it_is(raw: str, base: str | None) -> None:
    try:
        url = normalise_url(raw, base)
    except ValueError:
        return
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
    assert "@" not in urlsplit(url).netloc
    assert normalise_url(url) == url
    assert normalise_url(url, BASE) == url


SIGNED = ["X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=a", "x-amz-security-token=a"]
SIGNED += ["X%2DAmz%2DSignature=a", "X-Amz-Signature", "X-Goog-Signature=a", "X-Goog-Credential=a"]
SIGNED += ["AWSAccessKeyId=a&Expires=1&Signature=a", "Expires=1&Signature=a&Key-Pair-Id=a"]
SIGNED += [
    "GoogleAccessId=a",
    "sv=2022-11-02&se=2024-05-01&sr=b&sp=r&sig=a%3D",
    "SIG=9f86d081884c7d659a2f",
]
SIGNED += [
    "a=1;sig=9f86d081884c7d659a2f",
    "versionId=1&Signature=a&Expires=1",
    "access_token=a",
    "api_key=a",
]

NOT_SIGNED = ["", "?", "?versionId=sig", "?versionId=X-Amz-Signature", "?q=sig=1", "?download=1"]
NOT_SIGNED += ["?design=1&signal=2&Expires=1", "#sigma=a", "/sig=a", "/X-Amz-Signature=a"]


@pytest.mark.parametrize("rest", [f"?{query}" for query in SIGNED] + NOT_SIGNED)
def test_signed(rest: str) -> None:
    assert is_signed(f"https://h.org/a{rest}") is (rest not in NOT_SIGNED)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h.org:80/a", "https://h.org:80/a"),
        ("https://h.org/a?sig=hunter2", "https://h.org/a?…"),
        ("https://h.org/a#hunter2", "https://h.org/a"),
        ("https://me:hunter2@more@h.org/a", "https://h.org/a"),
        ("https://me:hunter2@[::1/a", "(unreadable URL)"),
        ("https://me:hunter2\uff20h.org/a", "(unreadable URL)"),
        ("https://h.org/a;jsessionid=hunter2/b", "https://h.org/a;…/b"),
    ],
)
def test_redacted(url: str, shown: str) -> None:
    assert redact(url) == shown


def test_redacted_in_text() -> None:
    text = "got 'https://me:hunter2@h.org/a' and HTTP://h.org/b?sig=hunter2 <https://h.org/c>"
    shown = "got 'https://h.org/a' and http://h.org/b?… <https://h.org/c>"
    assert redact_text(text) == shown


@pytest.mark.parametrize(
    "login", ["me:hunter2'x\"", "me:hunter2/x", "me:hunter2<x>", "me:/hunter2"]
)
def test_an_odd_password_in_text(login: str) -> None:
    assert "hunter2" not in redact_text(f"Failed: http://{login}@h.org:99999 is none")


@pytest.mark.parametrize(
    "part",
    [
        "?key=c0ffee00-1234-4abc-9def-0123456789ab",
        "?api_token=s", "?ApiToken=s", "?access-token=s", "?oauth_signature=s",
        "?wstoken=s", "?x-api-key=s", "?AccessKeyId=s", "?md5=s&expires=1",
        "?view_only=0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "?a=1;token=q8Zt3LwX0vNcB5RyK7dM", "/f;jsessionid=s", "#access_token=s",
        "?to=https%3A%2F%2Fb.example%2Ff%3FX-Amz-Signature%3Ds",
        "?to=https://[?a=1", "?to=https://a%EF%BC%A0b/?a=1", "?to=http://b/" * 5000,
    ],
)  # fmt: skip
def test_signed_in_the_ways_of_portals(part: str) -> None:
    assert is_signed(f"https://a.example{part}")


@pytest.mark.parametrize(
    "part", ["?md5=s", "?file=token", "?monkey=1", "?to=http://b/?a=1", "?versionId=1", "/a;b=c"]
)
def test_not_signed_by_likeness(part: str) -> None:
    assert not is_signed(f"https://a.example{part}")
