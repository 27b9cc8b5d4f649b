"""The one table of portal addresses: ``dandi:000027`` and the like, in a manifest's place.

An address is a module with

- a docstring whose first line says what it is, for the documentation;
- ``EXAMPLES: tuple[str, ...]``: addresses as a user writes them, for the documentation; if one of
  them begins with its name and a ``+``, other servers than the one of ``BASE`` are named so;
- ``BASE: str | None``: URL of the portal's API, without a slash at its end, unless the user
  gives another one; None if the address has it (``NAME+https://host/…``); where what stands behind
  the colon names the server, a function that makes the URL of it;
- ``API: str``: the path of the API below ``BASE``, which a base URL that a user gives may end in:
  it is taken off;
- ``records(rest: str, base: str, api: Api) -> Iterator[Record]``: the entries as the portal
  gives them, still unchecked, like those of a format's ``records`` (see `formats`). *rest* is
  what stands behind the name and its colon, *base* what `BASE` or the user says; for
  ``NAME+https://host/…`` *rest* is "" and *base* the whole URL. Relative URLs in records are
  resolved against the URL of the answer that *api* gave last (RFC 3986, 5.1.3). It raises
  `ManifestError` for an address that cannot be, and lets the errors of *api* through.

To add one, copy the smallest module here and give it a row, and one in `web_pages` for each page
of the portal that a user may take for an address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.addressed import addresses_in
from datalad_jsdl.manifest.portals import (
    ckan,
    cmr,
    dandi,
    dataverse,
    drs,
    ena,
    figshare,
    github,
    gs,
    hugging_face,
    inveniordm,
    loris,
    openneuro,
    orthanc,
    osf,
    physionet,
    s3,
    synapse,
    tcia,
    xnat,
    zenodo,
)
from datalad_jsdl.manifest.portals.api import Api
from datalad_jsdl.manifest.portals.web_pages import hint
from datalad_jsdl.model.urls import normalise_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalad_jsdl.manifest.record import Record


__all__ = ["ADDRESSES", "Address", "find_address", "is_address"]


class Portal(Protocol):
    """What an address's module offers."""

    EXAMPLES: tuple[str, ...]
    API: str

    @property
    def BASE(self) -> str | Callable[[str], str] | None: ...  # noqa: N802 - as modules have it

    def records(self, rest: str, base: str, api: Api) -> Iterator[Record]: ...


ADDRESSES: dict[str, Portal] = {
    "ckan": ckan,
    "cmr": cmr,
    "dandi": dandi,
    "dataverse": dataverse,
    "drs": drs,
    "ena": ena,
    "figshare": figshare,
    "github": github,
    "gs": gs,
    "hf": hugging_face,
    "inveniordm": inveniordm,
    "loris": loris,
    "openneuro": openneuro,
    "orthanc": orthanc,
    "osf": osf,
    "physionet": physionet,
    "s3": s3,
    "synapse": synapse,
    "tcia": tcia,
    "xnat": xnat,
    "zenodo": zenodo,
}


@dataclass(frozen=True)
class Address:
    """One address that was found in the table.

    Attributes:
        text: as the user gave it.
        base: URL of the portal's API.
        usual: nobody has given another base than the portal's own.
    """

    text: str
    base: str
    usual: bool
    _portal: Portal
    _rest: str
    _given: bool = False  # a base for this once, beside what is set

    def records(self, api: Api) -> Iterator[Record]:
        """The entries, unchecked; errors name the address."""
        try:
            found = self._portal.records(self._rest, self.base, api)
            yield from map(_without_addresses, found) if self._given else found
        except ManifestError as error:
            # somebody may have pasted a query with a token in it
            raise ManifestError(f"{self.text.partition('?')[0]}: {error}") from None


def is_address(manifest: str) -> bool:
    """Whether a MANIFEST argument is an address of the table."""
    name = manifest.partition(":")[0].lower()
    return name in ADDRESSES or (name.partition("+")[0] in ADDRESSES and "+" in name)


def find_address(
    manifest: str, given: str | None, configured: Callable[[str], str | None]
) -> Address:
    """Look an address up.

    Args:
        manifest: one that `is_address`.
        given: the base URL that the user gave with it, or None.
        configured: the base URL that the user has set for an address of some name.

    Raises:
        ManifestError: it, or its base URL, is none that can be.
    """
    name, _, rest = manifest.partition(":")
    name, plus, transport = name.lower().partition("+")
    portal = ADDRESSES[name]
    if plus or portal.BASE is None:
        if not plus or not any(text.startswith(f"{name}+") for text in portal.EXAMPLES):
            raise ManifestError(f"{manifest}: expected an address such as {portal.EXAMPLES[0]}")
        return Address(manifest, _checked(f"{transport}:{rest}", manifest), True, portal, "")
    if not rest:
        raise ManifestError(f"{manifest}: expected an address such as {portal.EXAMPLES[0]}")
    if rest.lower().startswith(("http://", "https://")):
        better = hint(rest) or f"an address such as {portal.EXAMPLES[0]}"
        raise ManifestError(f"{name}: must be followed by an id, not by a URL; expected {better}")
    base = given or configured(name)
    usual = base is None
    if base is None:
        base = portal.BASE if isinstance(portal.BASE, str) else portal.BASE(rest)
    checked = _checked(base, manifest).removesuffix(portal.API).rstrip("/")
    return Address(manifest, checked, usual, portal, rest, given is not None)


def _without_addresses(record: Record) -> Record:
    """A record without addresses to be tried again: they would be asked for at another server."""
    if record.fault is None or not addresses_in(record._replace(fault=None)):
        return record
    return record._replace(value=None, fault=f"{record.fault}; then import the whole address again")


def _checked(base: str, manifest: str) -> str:
    try:
        url = normalise_url(base)
        # it is recorded, and a token may be in there
        if "?" in url or "#" in url:
            raise ValueError("a portal's URL must not contain ? or #")
        return url.rstrip("/")
    except ValueError as error:
        shown = manifest if not set("@?#") & set(manifest) else manifest.partition(":")[0]
        raise ManifestError(f"{shown}: {error}") from None
