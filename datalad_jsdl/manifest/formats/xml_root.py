"""What formats share that are XML and known by their root element."""

from __future__ import annotations

import re

__all__ = ["root_tag"]

_PROLOG = re.compile(r"\s*(<\?|<!--|<!DOCTYPE)", re.IGNORECASE)
_ENDS = {"<?": "?>", "<!--": "-->"}
_ELEMENT = re.compile(r"<\w")
_ROOT = re.compile(r"\s*<(?:[\w.-]{1,100}:)?([\w.-]{1,100})(?=[\s/>])[^>]*")


def root_tag(head: str, *names: str) -> str:
    """The start tag of the root, as far as it can be seen; empty if it has none of *names*."""
    at = 0
    while prolog := _PROLOG.match(head, at):
        kind = prolog.group(1).upper()
        if kind == "<!DOCTYPE":  # there is only one, and then the root (XML 1.0, 2.8)
            # a document with it is refused, but as what it is
            element = _ELEMENT.search(head, prolog.end())
            at = element.start() if element else len(head)
            break
        at = head.find(_ENDS[kind], prolog.end())
        if at < 0:
            return ""
        at += len(_ENDS[kind])
    root = _ROOT.match(head, at)
    return root.group() if root and root[1] in names else ""
