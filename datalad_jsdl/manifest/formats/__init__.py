"""The one table of manifest formats.

A format is a module with

- a docstring whose first line says what it is, for the documentation;
- ``sniff(head: str) -> bool``: whether a document that begins with *head* (up to
  `reading.HEAD` characters) is of this format;
- ``records(text: Iterator[str], options: Options) -> Iterator[Record]``: the entries as the
  document gives them, still unchecked: a `Record`'s value is an object with the fields of
  the project's own form (``urls``, ``size``, ``digests``, ``mtime``, …). It raises
  `ManifestError` for a document that cannot be read on; a single bad entry is a `Record`
  with a ``fault``.

To add one, copy the smallest module here and give it a row. The first row whose
``sniff`` says yes reads the document. Another package adds one with an entry point of the
group ``datalad_jsdl.formats``: its name is that of the format, and it leads to such a module.
Those come before the rows here; `add_ons` reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.manifest.formats import (
    allen_manifest,
    alyx,
    aria2_input,
    aws_s3_ls,
    bagit_fetch,
    bdbag,
    bucket_json,
    checksum_list,
    ckan,
    cmr,
    conda_explicit,
    croissant,
    csv_table,
    curl_config,
    curl_script,
    dandi,
    dataverse,
    dcat,
    drs,
    dryad,
    dspace,
    dvc,
    ena,
    encode_files,
    esgf_script,
    ffq,
    figshare,
    frictionless,
    gdc,
    gdc_json,
    gen3,
    github_release,
    hugging_face,
    iiif,
    internet_archive,
    json_array,
    json_lines,
    json_object,
    json_records,
    loris,
    mendeley,
    metalink3,
    metalink4,
    mod_zip,
    openneuro,
    osf,
    pooch,
    ro_crate,
    s3_listing,
    s5cmd_list,
    schema_org,
    sciencebase,
    stac,
    synapse,
    synapse_handles,
    tcia,
    thredds,
    url_list,
    wget_script,
    xnat_files,
    zenodo,
)
from datalad_jsdl.manifest.formats.add_ons import added_formats
from datalad_jsdl.manifest.formats.options import Options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.record import Record


__all__ = ["FORMATS", "TABLES", "Format", "all_formats"]


class Format(Protocol):
    """What a format's module offers."""

    def sniff(self, head: str) -> bool: ...

    def records(self, text: Iterator[str], options: Options) -> Iterator[Record]: ...


FORMATS: dict[str, Format] = {
    "metalink4": metalink4,
    "metalink3": metalink3,
    "s3-xml": s3_listing,
    "thredds": thredds,
    "dvc": dvc,
    "curl": curl_script,
    "wget": wget_script,
    "esgf": esgf_script,
    "s5cmd": s5cmd_list,
    "curl-config": curl_config,
    "conda-explicit": conda_explicit,
    "encode-files": encode_files,
    "aws-s3-ls": aws_s3_ls,
    "bagit-fetch": bagit_fetch,
    "mod-zip": mod_zip,
    "aria2": aria2_input,
    "tcia": tcia,
    "urls": url_list,
    "checksums": checksum_list,
    "pooch": pooch,
    "gdc": gdc,
    "ena": ena,
    "synapse": synapse,
    "csv": csv_table,
    "bdbag": bdbag,
    "bucket-json": bucket_json,
    "croissant": croissant,
    "dandi": dandi,
    "dataverse": dataverse,
    "figshare": figshare,
    "frictionless": frictionless,
    "hugging-face": hugging_face,
    "openneuro": openneuro,
    "osf": osf,
    "ro-crate": ro_crate,
    "zenodo": zenodo,
    "github-release": github_release,
    "dryad": dryad,
    "dspace": dspace,
    "mendeley": mendeley,
    "sciencebase": sciencebase,
    "internet-archive": internet_archive,
    "xnat": xnat_files,
    "loris": loris,
    "synapse-handles": synapse_handles,
    "stac": stac,
    "schema-org": schema_org,
    "dcat": dcat,
    "ckan": ckan,
    "cmr": cmr,
    "gen3": gen3,
    "ffq": ffq,
    "alyx": alyx,
    "gdc-json": gdc_json,
    "drs": drs,
    "allen-abc": allen_manifest,
    "iiif": iiif,
    "json-array": json_array,
    "json-records": json_records,
    "jsonl": json_lines,
    "json": json_object,
}

#: Those of them that `Options.columns` are for.
TABLES = frozenset({"csv", "ena", "gdc", "synapse"})


def all_formats() -> dict[str, Format]:
    """The table, and before it what other packages add."""
    return {**added_formats(), **FORMATS}
