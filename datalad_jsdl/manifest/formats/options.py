"""What the user says of a document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.model.secrecy import DEFAULT, Secrecy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from datalad_jsdl.manifest.checksums import Checksums
    from datalad_jsdl.manifest.record import Record
    from datalad_jsdl.model.archives import NamedArchive


__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """What the user says of a document.

    Attributes:
        columns: of a table: role (``path``, ``url``, ``size``, a digest's name, …) to the
            name of the column that has it.
        mirrors: further columns of URLs, behind that of *columns*.
        encoding: of its text.
        base_url: what relative URLs are resolved against afterwards, or None; for formats
            that have to build URLs.
        checksums: digests for its entries from elsewhere, or None.
        base_is_given: the user has said `base_url`, which goes before what the document itself
            says (RFC 3986, 5.1.1).
        secrecy: what in URLs is a secret.
        ask: gives the records of a portal's address that a line names, such as
            ``s3://BUCKET/PREFIX*``; it raises `ManifestError` and `FetchError`. None where
            nobody may be asked.
        archives: told of the zips of its files that the document names; None where nobody uses
            them.
        ignored: told of a table's columns that have URLs or digests and yet no role.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"
    base_url: str | None = None
    checksums: Checksums | None = None
    base_is_given: bool = False
    secrecy: Secrecy = DEFAULT
    ask: Callable[[str], Iterator[Record]] | None = None
    archives: Callable[[tuple[NamedArchive, ...]], object] | None = None
    mirrors: tuple[str, ...] = ()
    ignored: Callable[[tuple[str, ...]], object] | None = None
