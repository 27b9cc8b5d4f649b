"""Whether the members of a JSON object are entries of the project's own form, or something else.

JSON of other programs has lists of words, records with a ``url`` and web addresses under any name,
and nothing of it must be taken for a file. A member is an entry beyond doubt if it has a URL, and
its name is that of a file: with a folder or an extension, or what the URL ends in.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.archives import ARCHIVES
from datalad_jsdl.manifest.formats.fields import is_web
from datalad_jsdl.manifest.formats.values import name_in_url
from datalad_jsdl.model.data_urls import is_data_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalad_jsdl.manifest.record import Record

__all__ = ["are_entries", "may_be_entry"]

_URL_FIELDS = ("urls", "url", "extra_urls")
_BEGINS_AS_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_RELATIVE = re.compile(r"[^/:]+/.*[^\s/]\.[A-Za-z][A-Za-z0-9]*")
_EXTENSION = re.compile(r".*[^./]\.[A-Za-z][A-Za-z0-9]*", re.DOTALL)

# Keys of JSON-LD 1.1 and JSON Schema, which say what the whole document is
_OTHERS = frozenset({"@context", "@graph", "@id", "@type", "$id", "$ref", "$schema"})
# What an object with a URL has if it is a record of something; compared in lower case
_OF_RECORDS = frozenset(
    {"@id", "@type", "author", "description", "email", "file_name", "filename", "id", "label"}
    | {"license", "name", "title", "version"}
)
# What it has besides in a list, where an entry has it outside of that
_OF_ITEMS = _OF_RECORDS | {"checksum", "hash", "md5", "sha1", "sha256", "sha512", "size", "type"}
# Where metadata and settings have lists and addresses of all kinds (schema.org, DCAT, JSON Schema,
# OpenAPI, package.json, tsconfig.json and the like)
_OF_METADATA = frozenset(
    {"assets", "author", "authors", "bugs", "citation", "codeRepository", "conformsTo"}
    | {"contact", "contributor", "contributors", "creator", "data", "dataset", "datasets"}
    | {"dependencies", "distribution", "documentation", "entry", "enum", "exclude", "extends"}
    | {"externalDocs", "feeds", "files", "funding", "homepage", "identifier", "ignore", "image"}
    | {"images", "include", "info", "input", "isBasedOn", "isPartOf", "items", "keywords"}
    | {"landingPage", "language", "languages", "lib", "license", "licenses", "links", "logo"}
    | {"maintainer", "maintainers", "mirrors", "packages", "plugins", "presets", "provider"}
    | {"publisher", "recommendations", "references", "registries", "relatedLink"}
    | {"repositories", "repository", "required", "resources", "results", "sameAs", "schemes"}
    | {"servers", "source", "sources", "support", "tags", "theme", "themes", "types", "url"}
    | {"urls", "website", "workspaces"}
)
_MOST_WORDS = 3
_MANY = 5  # with URLs under all of so many names, it is no metadata


class _Member(Enum):
    """What a member of an object looks like."""

    FILE = "an entry beyond doubt"
    LIKELY = "a name with URLs"
    UNALIKE = "a name with URLs that end in different names, as mirrors seldom do"
    SLIP = "an entry whose URL has no list around it"
    METADATA = "URLs under a name that metadata has"
    WORD = "a list of one word, which may be a relative URL"
    OTHER = "none of these"


def are_entries(members: Sequence[Record]) -> bool:
    """Whether an object that begins with these members is of the own form.

    It may be with members that are none, which are refused one by one: as many as there are
    entries beyond doubt, or half as many as there are others whose URLs end in one name. Lists of
    one word may be entries beside others; a document of nothing else only if it is short: longer
    ones are dictionaries.
    """
    kinds = [_kind(record.value, record.path) for record in members]
    files = kinds.count(_Member.FILE)
    likely = files + kinds.count(_Member.LIKELY)
    entries = likely + kinds.count(_Member.UNALIKE)
    words = kinds.count(_Member.WORD)
    metadata = kinds.count(_Member.METADATA)
    others = kinds.count(_Member.OTHER)
    if not others and not metadata:
        of_another_kind = bool(members) and all(map(_is_of_another_kind, members))
        return entries > 0 or (words <= _MOST_WORDS and not of_another_kind)
    if not others and entries + metadata >= _MANY:
        return True
    if any(record.path in _OTHERS for record in members):
        return False
    others += words + metadata
    return others <= files + kinds.count(_Member.SLIP) or 2 * others <= likely


def may_be_entry(value: Any, name: str) -> bool:
    """Whether what has this name is a list or object that has URLs, or tries to."""
    if isinstance(value, dict):
        return not {"url", "urls", "extra_urls"}.isdisjoint(value)
    return isinstance(value, list) and any(
        (isinstance(item, str) and _may_be_url(item, name))
        or (isinstance(item, dict) and "url" in item)
        for item in value
    )


def _kind(value: Any, path: str) -> _Member:
    if path == ARCHIVES and isinstance(value, dict) and "archives" in value:
        return _Member.FILE  # zips of the manifest, which belong to the own form
    if isinstance(value, str):
        agree = is_web(value) and _agrees(value, path)
        return _Member.SLIP if agree else _Member.OTHER
    urls = _urls(value)
    full = [url for url in urls if _BEGINS_AS_URL.match(url.strip()) or is_data_url(url)]
    if any(_agrees(url, path) for url in urls):
        return _Member.FILE
    own = isinstance(value, dict) and isinstance(value.get("urls"), list)
    if (full or own) and ("/" in path or _EXTENSION.fullmatch(path)):
        return _Member.FILE
    if own or (full and not _is_record(value) and not _of_different_files(full)):
        if path in _OF_METADATA | _OTHERS:
            return _Member.METADATA
        unalike = not own and len({name_in_url(url) for url in full}) > 1
        return _Member.UNALIKE if unalike else _Member.LIKELY
    is_word = isinstance(value, list) and bool(value) and value == urls[:1]
    return _Member.WORD if is_word and path not in _OF_METADATA else _Member.OTHER


def _urls(value: Any) -> list[str]:
    found = []
    given = [value.get(name) for name in _URL_FIELDS] if isinstance(value, dict) else [value]
    for items in given:
        for item in items if isinstance(items, list) else [items]:
            url = item.get("url") if isinstance(item, dict) else item
            if isinstance(url, str):
                found.append(url)
    return found


def _is_record(value: Any) -> bool:
    """Whether it is an object with a URL that has a name of its own, or a list of such."""
    items, names = (value, _OF_ITEMS) if isinstance(value, list) else ([value], _OF_RECORDS)
    return any(
        isinstance(item, dict) and any(name.lower() in names for name in item) for item in items
    )


def _of_different_files(urls: list[str]) -> bool:
    """Whether the URLs end in different names, each with an extension."""
    names = {name for url in urls if (name := name_in_url(url)) and _EXTENSION.fullmatch(name)}
    return len(names) > 1


def _is_of_another_kind(member: Record) -> bool:
    """Whether one word ends in another name with another extension, as in settings of editors."""
    path, word = str(member.path), "".join(_urls(member.value))
    name = name_in_url(word) or ""
    if "/" in path or not _EXTENSION.fullmatch(name) or not _EXTENSION.fullmatch(path):
        return False
    alike = name.partition(".")[0] == path.partition(".")[0]
    return not alike and name.rpartition(".")[2].lower() != path.rpartition(".")[2].lower()


def _agrees(url: str, path: str) -> bool:
    """Whether the URL ends in the path's last part, with or without an extension."""
    name, last = name_in_url(url), path.rpartition("/")[2]
    return bool(name and last) and last in (name, (name or "").partition(".")[0])


def _may_be_url(text: str, name: str) -> bool:
    """Whether it is no sentence, as in {"errors": ["Not found."]}.

    URLs should have no white space, but some have, relative ones included: those end in the
    entry's own name, or in one with an extension behind a folder.
    """
    text = text.strip()
    if not re.search(r"\s", text) or _BEGINS_AS_URL.match(text):
        return True
    last = name.rpartition("/")[2]
    return bool(last and text.endswith(last)) or _RELATIVE.fullmatch(text) is not None
