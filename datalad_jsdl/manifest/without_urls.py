"""Documents that are known, and can be no manifest: they have no URLs of files in them.

For each there is one sentence: what it is, and what leads to its files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import has_keys, is_object
from datalad_jsdl.manifest.formats.tables import Table
from datalad_jsdl.manifest.lines import beginning

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["without_urls"]

_HEAD = 1 << 16  # characters that are looked at


@dataclass(frozen=True)
class _Kind:
    """A kind of document.

    Attributes:
        is_it: whether a document that begins so is of it.
        says: what it is; ``{0}`` is what *example* finds.
        example: what to name of the document, or "" for what is not there.
    """

    is_it: Callable[[str], bool]
    says: str
    example: Callable[[str], str] = lambda head: ""


def without_urls(head: str) -> str | None:
    """What the document that begins with *head* is, and what to do instead, or None."""
    head = head[:_HEAD]
    kind = next((kind for kind in _KINDS if kind.is_it(head)), None)
    return None if kind is None else kind.says.format(kind.example(head))


def _lines(form: str) -> Callable[[str], bool]:
    """All the first lines, but for comments and the last, which may be cut off, are of a form."""
    pattern = re.compile(form)

    def is_it(head: str) -> bool:
        first = [line for line in beginning(head) if not line.startswith("#")]
        first = first[:-1] if len(head) == _HEAD else first
        return bool(first) and all(pattern.fullmatch(line) for line in first)

    return is_it


def _keys(*keys: str) -> Callable[[str], bool]:
    return lambda head: is_object(head) and has_keys(head, *keys)


def _columns(head: str) -> dict[str, str]:
    """The names of the columns, and what the first row has in them."""
    try:
        table = Table(iter([head]), ",\t")
        rows = table.first_rows(1)
    except ManifestError:
        return {}
    return rows[0].cells if rows else {}


def _project(head: str) -> str:
    project = _columns(head).get("BioProject", "")
    return project if re.fullmatch(r"PRJ[A-Z]{2}[0-9]{1,12}", project) else "PRJ…"


def _first_line(head: str) -> str:
    return beginning(head)[0].strip()


_KINDS = (
    _Kind(
        _lines(r"[0-9-]{10} [0-9:]{8} +[0-9]+ \S.*|\s+PRE \S.*"),
        "this is a listing of aws s3 ls, which does not say which bucket it is of: give the "
        "bucket itself as the manifest, as s3://BUCKET/FOLDER/",
    ),
    _Kind(
        lambda head: {"Run", "BioProject"} <= _columns(head).keys(),
        "this is a run table of the SRA, which has no URLs: give the project as the manifest, as "
        "ena:{0}",
        _project,
    ),
    _Kind(
        _lines(r"[SED]R[RXSP][0-9]{6,12}"),
        "this is a list of accessions, which has no URLs: give each as a manifest, as ena:{0}",
        _first_line,
    ),
    _Kind(
        _keys("page", "nextPageToken", "benefactorId"),
        "this is an answer of Synapse, which has no URLs of files: give the folder or project as "
        "the manifest, as synapse:syn123",
    ),
    _Kind(
        _keys("package_file_id", "download_alias"),
        "these are the files of an NDA package, whose URLs are presigned for each download: "
        "download them with NDA's own downloadcmd",
    ),
    _Kind(
        lambda head: "http://nrg.wustl.edu/catalog" in head,
        "this is a catalog of XNAT, which has no URLs of files: give the session as the manifest, "
        "as xnat+https://HOST/data/experiments/ID",
    ),
    _Kind(
        _lines(r"[0-9]{7} [0-9]+_[0-9]+_[0-9]+"),
        "this is a bulk list of UK Biobank, which has numbers for its own program, ukbfetch, and "
        "no URLs",
    ),
    _Kind(
        _lines(r"HBM[0-9]{3}\.[A-Z]{4}\.[0-9]{3}\s+/.*"),
        "this is a manifest of HuBMAP, whose files are transferred by Globus, not by URLs: "
        "download them with hubmap-clt",
    ),
    _Kind(
        _lines(r"[a-z0-9-]*fasp@\S+(?:\s.*)?"),
        "this is a list for Aspera, which has an own protocol: export the portal's list of URLs "
        "by https or ftp instead",
    ),
    _Kind(
        _lines(r"EGA[FDR][0-9]{11}(?:[\t,].*)?"),
        "this is a list of accessions of the EGA, whose files are delivered encrypted, and one by "
        "one: download them with pyega3",
    ),
    _Kind(
        _keys("manifest", "spec", "parent_key"),
        "this is a manifest of AllenSDK, which has templates of paths for that program, not URLs",
    ),
    _Kind(
        _keys("src", "dst", "projectName"),
        "this is a requirement of Repo2Data, which names a source, not its files: give that "
        "source as the manifest, if it is a known portal",
    ),
    _Kind(
        _keys("bundle", "creator_uid", "indexed"),
        "this is a bundle of the HCA's Data Store, which was retired: export a manifest from the "
        "HCA's present portal",
    ),
    _Kind(
        _keys("esmcat_version"),
        "this is a catalogue of intake-esm, whose files are listed in another document: give "
        "its catalog_file as the manifest",
    ),
    _Kind(
        lambda head: (
            re.search(r"^sources:\s*$", head, re.MULTILINE) is not None
            and re.search(r"^\s+driver:", head, re.MULTILINE) is not None
        ),
        "this is a catalogue of intake, which names sources for programs, not files",
    ),
    _Kind(
        _keys("zarr_format"),
        "this is the metadata of a Zarr store, a folder of many parts that it does not list",
    ),
)
