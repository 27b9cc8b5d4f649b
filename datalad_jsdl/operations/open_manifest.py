"""Where a manifest comes from: a file, a URL, standard input, or a portal's address."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from datalad_jsdl.errors import FetchError, ManifestError
from datalad_jsdl.faults import Failed, FaultKind
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.phrases import failure
from datalad_jsdl.manifest.charsets import charset_of, text_encoding
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.portals import Address
from datalad_jsdl.manifest.portals.meant import meant
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.manifest.record import entry_from_record
from datalad_jsdl.manifest.sizes import sizes_told
from datalad_jsdl.manifest.unpacking import unpacked
from datalad_jsdl.model.commands import added
from datalad_jsdl.model.content import Expected
from datalad_jsdl.model.urls import base_url, normalise_url, redact
from datalad_jsdl.operations.engines import open_engine
from datalad_jsdl.operations.manifest_place import ManifestPlace, address_hint, is_url
from datalad_jsdl.operations.named_addresses import asking

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.http.documents import WebApi
    from datalad_jsdl.manifest.record import Record
    from datalad_jsdl.manifest.unpacking import Readable
    from datalad_jsdl.model.entry import Entry, Refusal


__all__ = [
    "Document",
    "ManifestSource",
    "What",
    "open_document",
    "open_source",
]


class What(Enum):
    """What a document is; its value is for messages."""

    MANIFEST = "manifest"
    CHECKSUMS = "checksum list"


class ManifestSource(Protocol):
    """A manifest that is open for reading.

    Attributes:
        name: for messages, free of secrets.
        url: what a run record may name it by, else "".
        base: what a run record has to say of its base URL, or None.
    """

    name: str
    url: str
    base: str | None

    def entries(self) -> Iterator[Entry | Refusal]:
        """What it has; see `read_manifest` for the errors."""

    def sha256(self) -> str:
        """Hex digest of what was read."""


class Document:
    """One that is read as a stream of bytes."""

    def __init__(
        self, name: str, url: str, own: str | None, stream: Readable, place: ManifestPlace
    ):
        self.name = name
        self.url = url
        # a base with a token in it is not recorded
        secret = place.base is not None and place.options.secrecy.is_signed(place.base)
        self.base = None if secret else place.base
        self._own = own
        self._stream = stream
        self._place = place
        self._hash = hashlib.sha256()

    def entries(self) -> Iterator[Entry | Refusal]:
        place = self._place
        base = place.base or self._own
        options = replace(place.options, base_is_given=place.base is not None)
        try:
            yield from read_manifest(self, base, name=place.format, options=options)
        except ManifestError as error:
            raise ManifestError(f"{self.name}: {error}{address_hint(place)}") from None

    @property
    def encoding(self) -> str:
        """Of its text."""
        return self._place.options.encoding

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; b"" at the end."""
        try:
            chunk = self._stream.read(size)
        except FetchError as error:  # its codings cannot be undone
            raise ManifestError(str(error)) from None
        self._hash.update(chunk)
        return chunk

    def sha256(self) -> str:
        return self._hash.hexdigest()


class _Listing:
    """One that is asked for at a portal's API."""

    def __init__(self, address: Address, api: WebApi, options: Options) -> None:
        self.name = self.url = address.text
        self.base = None if address.usual else address.base
        self._address = address
        self._api = api
        self._options = options

    def entries(self) -> Iterator[Entry | Refusal]:
        checksums = self._options.checksums
        items = map(self._entry, sizes_told(self._address.records(self._api)))
        yield from items if checksums is None else checksums.applied(items)

    def _entry(self, record: Record) -> Entry | Refusal:
        base = base_url(self._api.url) if self._api.url else self._address.base
        return entry_from_record(record, base, self._options.secrecy)

    def sha256(self) -> str:
        return self._api.sha256()


@contextmanager
def open_source(
    place: ManifestPlace, git_dir: Path | None = None, credentials: Sequence[str] = ()
) -> Iterator[ManifestSource]:
    """Open a manifest.

    Args:
        place: where it is.
        git_dir: of the dataset, whose settings hold; None where there is none yet.
        credentials: where logins for it are; see `open_engine`.

    Raises:
        ManifestError: it cannot be opened.
        FetchError: it cannot be fetched.
    """
    if address := place.address(git_dir):
        if place.format or place.options.columns:
            raise ManifestError(
                f"{place.manifest} is a portal address: --format and --column do not apply"
            )
        # it loads an HTTP library, which a manifest in a file may not need
        from datalad_jsdl.fetch.http.documents import WebApi

        with _engine(git_dir, credentials, address.base) as engine:
            engine.expect_origins([address.base])
            yield _Listing(address, WebApi(engine), place.options)
        return
    with (
        asking(place, git_dir, credentials) as asked,
        open_document(asked, git_dir, credentials) as source,
    ):
        yield source


def _engine(git_dir: Path | None, credentials: Sequence[str], typed: str) -> Engine:
    """To read a document with: a look at one leaves nothing behind."""
    return open_engine(git_dir, credentials=credentials, typed=typed, reads_only=True)


@contextmanager
def open_document(
    place: ManifestPlace,
    git_dir: Path | None = None,
    credentials: Sequence[str] = (),
    what: What = What.MANIFEST,
) -> Iterator[Document]:
    """Open what is no address; see `open_source`."""
    manifest = place.manifest
    if manifest == "-":
        yield Document("standard input", "", None, sys.stdin.buffer, place)
    elif "://" in manifest and not is_url(manifest):
        scheme = manifest.partition(":")[0]
        raise ManifestError(f"a {what.value} can be downloaded over http and https, not {scheme}")
    elif place.file is None:
        with _fetched(place, git_dir, credentials, what) as source:
            yield source
    else:
        try:
            stream = place.file.open("rb")
        except OSError as error:
            text = f"cannot read the {what.value} {place.file}: {error.strerror}"
            better = meant(manifest) if isinstance(error, FileNotFoundError) else ""
            raise ManifestError(f"{text}; {better}" if better else text) from None
        with stream:
            yield Document(str(place.file), "", None, stream, place)


@contextmanager
def _fetched(
    place: ManifestPlace, git_dir: Path | None, credentials: Sequence[str], what: What
) -> Iterator[Document]:
    try:
        url = normalise_url(place.manifest)
    except ValueError as error:
        raise ManifestError(f"cannot download the {what.value}: {error}") from None
    with tempfile.TemporaryDirectory(prefix="jsdl-") as folder:
        target = Path(folder, "manifest")
        # an address that a user has typed needs no further leave; where it redirects to does
        with _engine(git_dir, credentials, url) as engine:
            engine.expect_origins([url])
            try:
                saved = (_listed if what is What.CHECKSUMS else _whole)(url, target, engine)
            except FetchError as error:
                more = address_hint(place)
                if not more and _is_page(error):
                    more = (
                        f"; if this is a page about the files or a folder of them, give the URL "
                        f"of the {what.value} itself"
                    )
                if _is_folder(url) and _is_page(error):
                    raise ManifestError(
                        f"{redact(url)} is a web page, not a {what.value}{more}"
                    ) from None
                text = added(f"cannot download the {what.value} {error}", more)
                raise FetchError(text, failed=error.failed) from None
        place = _in_charset(place, target, saved)
        with target.open("rb") as stream:
            plain = _decoded(stream, saved)
            # a run record has the address that was typed: a rerun is to follow "latest" again
            secret = place.options.secrecy.is_signed(url)
            final = base_url(saved.url or url)
            yield Document(redact(url), "" if secret else url, final, plain, place)


def _is_page(error: FetchError) -> bool:
    """Whether a web page came."""
    faults = error.failed.faults if error.failed else ()
    return any(fault.kind is FaultKind.WEB_PAGE for fault in faults)


def _is_folder(url: str) -> bool:
    """Whether it is hardly the URL of a file."""
    return urlsplit(url).path.endswith("/") or not urlsplit(url).path


@dataclass(frozen=True)
class _Saved:
    """A document in a file.

    Attributes:
        url: that gave it, after redirects; "" for the one that was asked.
        content_type: as its server says.
        codings: that are still to be undone.
    """

    url: str
    content_type: str
    codings: tuple[str, ...]


def _whole(url: str, target: Path, engine: Engine) -> _Saved:
    """As files are fetched: it may be large, and what breaks off is taken up again."""
    outcome = fetch_file(Job("manifest", (url,), Expected(document=True), target), engine)
    if isinstance(outcome, Failed):
        raise failure(outcome)
    return _Saved(outcome.final, outcome.content_type, outcome.codings)


def _listed(url: str, target: Path, engine: Engine) -> _Saved:
    """As answers of APIs are: it has a line for each file at most."""
    from datalad_jsdl.fetch.http.documents import WebApi  # as above

    with target.open("wb") as file:
        answer = WebApi(engine).save(url, file)
    return _Saved(answer.url, answer.headers.get("content-type", ""), ())


def _decoded(stream: Readable, saved: _Saved) -> Readable:
    from datalad_jsdl.fetch.http.encodings import Decoded  # as above

    return Decoded(stream, saved.codings) if saved.codings else stream


def _in_charset(place: ManifestPlace, file: Path, saved: _Saved) -> ManifestPlace:
    """The place, with the encoding of a text that is in the charset that its server says."""
    charset = charset_of(saved.content_type)
    try:
        with file.open("rb") as stream:
            encoding = text_encoding(unpacked(_decoded(stream, saved)), charset)
    except (FetchError, ManifestError):  # whoever reads it finds the same
        return place
    return replace(place, options=replace(place.options, encoding=encoding))
