"""A ``.dvc`` file of DVC: outputs with digests, whose content is in a remote (``--base-url``).

Described at https://dvc.org/doc/user-guide/project-structure/dvc-files. The remote names a content
by its MD5: ``files/md5/01/23…`` where the output says ``hash: md5`` (DVC 3), else ``01/23…``. A
digest that ends in ``.dir`` is of a list of files, and refused. Only the lines that DVC itself
writes are read, not all of YAML.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.listing import file_record
from datalad_jsdl.manifest.lines import beginning, lines
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_KEY = re.compile(r"(- | *)([a-z0-9_]+):(?: (.*))?")
_DIGEST = re.compile(r"([0-9a-f]{2})([0-9a-f]{30})")
_OUTS = re.compile(r"outs:\s*")


def sniff(head: str) -> bool:
    """A line ``outs:``, followed by items with ``path`` and ``md5``, as DVC writes them."""
    first = beginning(head)
    if not any(map(_OUTS.fullmatch, first)):
        return False
    return any({"path", "md5"} <= out.keys() for _, out in _outs(iter([head])))


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record an output.

    Raises:
        ManifestError: there is no base URL.
    """
    if options.base_url is None:
        raise ManifestError(
            "this is a file of DVC, which does not say where its remote is: add --base-url with "
            "the URL of the remote's folder"
        )
    root = options.base_url.rstrip("/")
    for number, out in _outs(text):
        where = f"line {number}"
        path, md5 = out.get("path"), out.get("md5", "")
        match = _DIGEST.fullmatch(md5)
        if match is None:
            folder = md5.endswith(".dir")
            fault = "the output is a folder" if folder else "the output has no MD5"
            yield Record(path, None, where, fault)
            continue
        layout = "files/md5/" if out.get("hash") == "md5" else ""
        url = f"{root}/{layout}{match[1]}/{match[2]}"
        yield file_record(path, url, where, size=out.get("size"), digests={"md5": md5})


def _outs(text: Iterator[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The outputs, each with the number of its first line."""
    out: dict[str, str] = {}
    start, inside = 0, False
    for number, line in lines(text):
        line = line.rstrip()
        if line and not line.startswith((" ", "-", "#")):
            inside = _OUTS.fullmatch(line) is not None
            if out:
                yield start, out
                out = {}
            continue
        match = _KEY.fullmatch(line)
        if not inside or match is None:
            continue
        if match[1] == "- ":
            if out:
                yield start, out
            out, start = {}, number
        if len(match[1]) <= len("- "):  # deeper ones describe the output
            out[match[2]] = _scalar(match[3] or "")
    if out:
        yield start, out


def _scalar(text: str) -> str:
    """A scalar of YAML 1.2, plain or in quotation marks."""
    text = text.strip()
    if text.isalnum():  # as most are
        return text
    if text.startswith("'") and text.endswith("'") and len(text) > 1:
        return text[1:-1].replace("''", "'")
    if text.startswith('"'):
        try:
            return str(json.loads(text))
        except ValueError:
            return text
    return text
