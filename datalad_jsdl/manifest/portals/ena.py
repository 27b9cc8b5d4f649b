"""Files of runs of the European Nucleotide Archive, by accessions, or by a file that lists them.

An accession is that of a study, sample, experiment or run; the SRA's runs are there, too. From
the file reports of ENA's Portal API (https://ena-docs.readthedocs.io); read as by the format
``ena``. Of a run's files those in FASTQ are taken, or if it has none those that were submitted, or
else the SRA's; ``?files=submitted`` (``fastq``, ``sra``) takes one kind only. ``@FILE`` is a list
with an accession a line, or a run table of the SRA.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.ena import KINDS, report_records, sniff
from datalad_jsdl.manifest.portals.paging import explained
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.amounts import counted
from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api, ApiAnswer

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = (
    "ena:PRJEB1787",
    "ena:SRR000001,SRR000002?files=submitted",
    "ena:@SRR_Acc_List.txt",
)
BASE: str | None = "https://www.ebi.ac.uk"
API = "/ena/portal/api"

_RUN = r"[DES]RR[0-9]{5,}"
_ACCESSION = rf"(?:{_RUN}|[DES]R[APSX][0-9]{{5,}}|PRJ[DEN][A-Z][0-9]+|SAM[DEN][A-Z]?[0-9]+)"
_REST = re.compile(rf"(@[^?]+|{_ACCESSION}(?:,{_ACCESSION})*)(?:\?files=([a-z]+))?", re.IGNORECASE)
# in a row of a run table, the run goes before its study
_WORDS = [re.compile(rf"(?<![A-Za-z0-9]){word}(?![A-Za-z0-9])") for word in (_RUN, _ACCESSION)]
_LONGEST = 64 << 20  # bytes of a list


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record a file."""
    match = _REST.fullmatch(rest)
    choice = (match[2] or "").lower() if match else ""
    if match is None or choice not in ("", *KINDS):
        raise ManifestError(
            f"expected accessions of runs, studies, samples or experiments, as in {EXAMPLES[0]}, "
            f"and perhaps ?files= with one of {', '.join(KINDS)}"
        )
    named = match[1]
    accessions = _listed(named[1:]) if named.startswith("@") else named.upper().split(",")
    fields = [f"{kind}_{name}" for kind in KINDS for name in ("ftp", "md5", "bytes")]
    query = f"&result=read_run&fields={','.join(['run_accession', *fields])}&format=tsv"
    report = f"{base}/ena/portal/api/filereport?accession="
    seen: set[object] = set()
    unknown = f"ENA has no such accession among {counted(len(accessions), 'accession')}"
    with explained({400: unknown, 404: unknown}):
        answers = api.get_all(f"{report}{accession}{query}" for accession in accessions)
        for accession, answer in zip(accessions, answers, strict=True):
            found = list(_report(answer, choice))
            if not found:
                yield Record(None, None, accession, "ENA has no runs of this accession")
            yield from (record for record in found if not record.path or record.path not in seen)
            # a run may be named by itself and by its study
            seen.update(record.path for record in found)


def _report(answer: ApiAnswer, choice: str) -> Iterator[Record]:
    text = answer.text
    if text.strip() and not sniff(text):
        begins = text.lstrip()[:20]
        raise ManifestError(
            f"{redact(answer.url)}: expected a file report, but the response begins with {begins!r}"
        )
    if text.strip():
        yield from report_records(iter([text]), choice)


def _listed(name: str) -> list[str]:
    """The accessions in a file, one a line.

    Raises:
        ManifestError: it cannot be read, or has none.
    """
    try:
        with Path(name).open("rb") as file:
            text = file.read(_LONGEST).decode("utf-8", "replace")
    except OSError as error:
        raise ManifestError(f"cannot read the list {name}: {error.strerror}") from None
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    found = [match[0] for line in lines if (match := _first(line))]
    if not found:
        raise ManifestError(f"the list {name} has no accession")
    return list(dict.fromkeys(found))


def _first(line: str) -> re.Match[str] | None:
    return next(filter(None, (word.search(line) for word in _WORDS)), None)
