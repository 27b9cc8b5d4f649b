"""Where a relative URL leads: RFC 3986, section 5.2, byte for byte.

The standard library's ``urljoin`` drops empty path segments and empty queries, which name
other resources.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["plainly_resolved", "resolve"]

# RFC 3986, appendix B
_PARTS = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(#.*)?", re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")

# Neither a scheme, a query or a fragment, nor segments that are empty or begin with a dot.
_SEGMENT = "[A-Za-z0-9_~+=&%!$'()*,@-][A-Za-z0-9._~+=&%!$'()*,@-]*"
_is_plain = re.compile(f"/?{_SEGMENT}(?:/{_SEGMENT})*").fullmatch


def resolve(base: str, reference: str) -> str:
    """The URL that *reference* means in a document at *base*.

    Args:
        base: an absolute URL.
        reference: absolute or relative.
    """
    scheme, authority, path, query, fragment = _split(reference)
    if scheme is None:
        scheme, base_authority, base_path, base_query, _ = _split(base)
        if authority is None:
            authority = base_authority
            if not path:
                path = base_path
                query = base_query if query is None else query
                return _joined(scheme, authority, path, query, fragment)
            if not path.startswith("/"):
                above = base_path[: base_path.rfind("/") + 1]
                path = (above or ("/" if authority is not None else "")) + path
    return _joined(scheme, authority, _without_dots(path), query, fragment)


def plainly_resolved(base: str, reference: str) -> str | None:
    """The same, of a relative path that only has to be put behind *base*'s; None of all others."""
    if not _is_plain(reference):
        return None
    root, folder = _places(base)
    return (root if reference[0] == "/" else folder) + reference


@lru_cache(maxsize=16)  # a document has one
def _places(base: str) -> tuple[str, str]:
    """What stands before a path that begins with a slash, and before one that does not."""
    return resolve(base, "/")[:-1], resolve(base, "x")[:-1]


def _split(url: str) -> tuple[str | None, str | None, str, str | None, str]:
    match = _PARTS.fullmatch(url)
    scheme, authority, path, query, fragment = (
        match.groups() if match else (None, None, url, None, "")
    )
    if scheme is not None and not _SCHEME.fullmatch(scheme):
        # a colon in the first segment of a path
        scheme, path = None, f"{scheme}:{path}"
    return scheme, authority, path, query, fragment or ""


def _joined(
    scheme: str | None, authority: str | None, path: str, query: str | None, fragment: str
) -> str:
    """RFC 3986, section 5.3."""
    before = f"{scheme}:" if scheme is not None else ""
    place = f"//{authority}" if authority is not None else ""
    return before + place + path + (f"?{query}" if query is not None else "") + fragment


def _without_dots(path: str) -> str:
    """RFC 3986, section 5.2.4."""
    if "." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for number, segment in enumerate(segments):
        last = number == len(segments) - 1
        if segment == "..":
            if len(kept) > 1 or (kept and kept[0]):
                kept.pop()
        elif segment != ".":
            kept.append(segment)
            continue
        if last:
            kept.append("")
    return "/".join(kept)
