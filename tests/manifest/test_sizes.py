"""Sizes that say nothing."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.model.entry import Entry, Refusal

URL = "https://a.example/"
EMPTY = "d41d8cd98f00b204e9800998ecf8427e"


def sizes(document: str, **how: Any) -> list[Any]:
    items = read_manifest(io.BytesIO(document.encode()), **how)
    return [item.reason if isinstance(item, Refusal) else item.size for item in items]


def test_zero_in_every_line_of_fetch_txt_is_unknown() -> None:
    lines = [f"{URL}{name}\t0\tdata/{name}.fna\n" for name in "abc"]
    assert sizes("".join(lines)) == [None, None, None]
    assert sizes(lines[0]) == [None]
    assert sizes("".join([*lines, f"{URL}d 7 data/d\n"])) == [0, 0, 0, 7]
    assert sizes("".join([*lines, f"{URL}d - data/d\n"])) == [0, 0, 0, None]


@pytest.mark.parametrize("zero", [0, "0", -1, None, "", "unknown", "NA", "-", 0.0, "4.7 MB"])
def test_other_formats(zero: Any) -> None:
    bag = [{"url": f"{URL}{name}", "length": zero, "filename": name} for name in "ab"]
    assert sizes(json.dumps(bag)) == [None, None]
    record = [{"key": n, "size": zero, "checksum": "md5:" + "0" * 32, "links": {"self": URL + n}}
              for n in "ab"]  # fmt: skip
    assert sizes(json.dumps({"files": record})) == [None, None]


def test_tables() -> None:
    for nothing in ("0", "", "-", "NA", "unknown", "-1", "nan", "4.7 MB"):
        assert sizes(f"path,url,size\na,{URL}a,{nothing}\nb,{URL}b,{nothing}\n") == [None, None]
    assert sizes(f"path,url,size\na,{URL}a,0\nb,{URL}b,12\n") == [0, 12]
    assert "whole number" in sizes(f"path,url,size\na,{URL}a,much\n")[0]


def test_zero_is_zero_where_the_digest_says_so_and_in_the_own_forms() -> None:
    bag = [{"url": URL, "length": 0, "filename": "a", "md5": EMPTY}]
    bag.append({"url": URL, "length": 0, "filename": "b", "md5": "0" * 32})
    assert sizes(json.dumps(bag)) == [0, None]
    assert sizes(json.dumps({"a": {"urls": [URL], "size": 0}})) == [0]
    assert sizes(json.dumps({"path": "a", "url": URL, "size": 0})) == [0]
    (item,) = read_manifest(io.BytesIO(json.dumps({"a": [URL]}).encode()))
    assert isinstance(item, Entry)
