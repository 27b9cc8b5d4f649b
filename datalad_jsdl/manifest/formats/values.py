"""What formats share that give numbers and URLs as text, and what these are relative to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from datalad_jsdl.model.data_urls import is_data_url
from datalad_jsdl.model.references import resolve
from datalad_jsdl.model.stores import plain_web_form, web_form
from datalad_jsdl.model.urls import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["WEB", "based", "is_drs", "name_in_url", "scheme_of", "web_urls", "whole_number"]

_MANY = 100  # digits
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# a parameter of a path's last component, such as ;jsessionid=…
_PARAMETER = re.compile(r";[^;=]*=.*", re.DOTALL)
#: How most URLs begin that can be fetched.
WEB = ("http://", "https://")
# what needs no closer look: nothing in it is encoded, and there are no parameters
_PLAIN = re.compile(
    r"https?://[a-z0-9.-]+/(?:[A-Za-z0-9/._~+=&!$'()*,@-]*/)?([A-Za-z0-9._~+=&!$'()*,@-]*)"
)


def whole_number(text: str) -> int | str | None:
    """The number; None for nothing, and what is none as it stands, to be refused."""
    text = text.strip()
    if text.isdecimal() and text.isascii() and len(text) < _MANY:  # as most are
        return int(text)
    # Python refuses to convert more digits than some thousands
    return int(text) if re.fullmatch(r"-?[0-9]{1,4000}", text) else text or None


def scheme_of(url: str) -> str | None:
    """The URL's scheme in lower case; None for a relative reference."""
    match = _SCHEME.match(url.strip())
    return match.group(1).lower() if match else None


def based(url: str, bases: Sequence[str], options: Options) -> str:
    """A URL against the bases that the document itself gives (RFC 3986, 5.1.1).

    Args:
        url: a reference of any kind.
        bases: the outer ones first; each may be relative to those before it, and the first
            to where the document was read from.
        options: what the user says goes before what the document does.

    Returns:
        The URL, absolute if a base is; one that cannot be resolved stays as it is.
    """
    if options.base_is_given or not bases or scheme_of(url):
        return url
    base = options.base_url
    try:
        for given in bases:
            if base is None and not scheme_of(given):
                return url
            base = given if base is None else resolve(base, given)
        return url if base is None else resolve(base, url)
    except ValueError:
        return url


def web_urls(urls: Sequence[str]) -> list[str]:
    """Those that can be fetched: http, https, relative references, and what `stores` knows.

    They stay as they are; `record.entry_from_record` takes the https form of those that have one.
    Without any, addresses of DRS: their servers have to be asked for URLs.

    Raises:
        ValueError: there are others only.
    """
    found = [url for url in urls if url.startswith(WEB) or plain_web_form(url) or _is_web(url)]
    found = found or [url for url in urls if is_drs(url)]
    if urls and not found:
        raise ValueError("none of its URLs is http or https")
    return found


def _is_web(url: str) -> bool:
    return scheme_of(url) in {None, *SCHEMES} or web_form(url) is not None


def is_drs(url: str) -> bool:
    """Whether it is an address of a Data Repository Service, ``drs://…``."""
    return url[:6].lower() == "drs://"


def name_in_url(url: str) -> str | None:
    """What the URL's path ends in, percent-decoded; None if that is nothing, or content."""
    if plain := _PLAIN.fullmatch(url):
        return plain[1] or None
    if plain_web_form(url):
        return url.rpartition("/")[2]
    if is_data_url(url):
        return None
    url = web_form(url) or url
    try:
        last = urlsplit(url.strip()).path.rpartition("/")[2]
    except ValueError:
        return None
    last = _PARAMETER.sub("", last)
    try:
        return unquote(last, errors="strict") or None
    except UnicodeDecodeError:
        return last
