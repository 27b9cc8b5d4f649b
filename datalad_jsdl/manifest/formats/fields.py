"""What portals write where a record has digests, a size or a part of a URL."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from datalad_jsdl.model.digests import ALGORITHMS, BY_LENGTH, canonical_name
from datalad_jsdl.model.times import parse_mtime, usual_time

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "below_common_folder",
    "digests_in",
    "is_web",
    "known_time",
    "named_digest",
    "quoted",
    "stated",
    "whole_bytes",
]

_is_unreserved = re.compile("[A-Za-z0-9/._~-]*").fullmatch
_BYTES = re.compile(r"([0-9]{1,19})\s*(b|bytes?)?", re.IGNORECASE)


def stated(digests: dict[str, Any]) -> dict[str, Any]:
    """As hex, without what says nothing: null, "", a page's address, the algorithm's own name."""
    found: dict[str, Any] = {}
    for name, value in digests.items():
        if type(value) is str and value.isalnum():  # as hex is
            if value != name:
                found[name] = value
        elif value is not None and value not in ("", name) and not is_web(value):
            found[name] = _hex(name, value)
    return found


def _hex(name: str, value: Any) -> Any:
    """A digest in base64 (as in HTTP's Content-MD5) as hex; anything else as it is."""
    if not isinstance(value, str) or not value.endswith("="):
        return value
    if (algorithm := canonical_name(name)) is None:
        return value
    try:
        digest = base64.b64decode(value, validate=True).hex()
    except ValueError:
        return value
    return digest if len(digest) == ALGORITHMS[algorithm].hex_length else value


def digests_in(item: dict[str, Any]) -> dict[str, Any]:
    """The members of *item* whose name is that of a digest."""
    return stated({name: value for name, value in item.items() if canonical_name(name)})


def named_digest(value: Any) -> dict[str, Any]:
    """``md5:9e10…`` as algorithm and digest; without a name its length tells, or it is an MD5."""
    if not isinstance(value, str):
        return stated({"md5": value})
    name, colon, hexdigest = value.rpartition(":")
    return stated({name if colon else BY_LENGTH.get(len(hexdigest), "md5"): hexdigest})


def whole_bytes(value: Any) -> Any:
    """A size as a number of bytes: 123, "123", "123 B"; None for "4.7 MB", which is rounded."""
    if not isinstance(value, str):
        return value
    match = _BYTES.fullmatch(value.strip())
    return int(match[1]) if match else None


def known_time(value: Any) -> Any:
    """A modification time, or None: one that cannot be read is no reason to refuse the file."""
    if type(value) is str and usual_time(value):
        return value
    try:
        parse_mtime(value)
    except ValueError:
        return None
    return value


def below_common_folder(paths: Sequence[str]) -> list[str]:
    """The same paths without the folders that all of them are in."""
    common = paths[0][: paths[0].rfind("/") + 1] if paths else ""
    for path in paths:
        while not path.startswith(common):
            common = common[: common.rfind("/", 0, -1) + 1]
    return [path[len(common) :] for path in paths]


def is_web(value: Any) -> bool:
    """Whether it is a web address."""
    return isinstance(value, str) and value.lower().startswith(("http://", "https://"))


def quoted(path: str) -> str:
    """A path as part of a URL."""
    if _is_unreserved(path):  # as most are
        return path
    # a lone surrogate cannot be put into a URL; such a path is refused for itself
    return quote(path, safe="/", errors="replace")
