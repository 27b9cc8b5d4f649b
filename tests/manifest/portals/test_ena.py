"""Runs of the European Nucleotide Archive, by accessions and by lists of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.model.entry import Entry, Refusal
from tests.portals import answer, listed, md5, paths

if TYPE_CHECKING:
    from tests.lab import Lab

KINDS = ("fastq", "submitted", "sra")
FIELDS = [
    "run_accession",
    *(f"{kind}_{name}" for kind in KINDS for name in ("ftp", "md5", "bytes")),
]
A, B = md5(b"a"), md5(b"b")
FTP = "ftp.sra.ebi.ac.uk/vol1"
FIRST = {
    "run_accession": "SRR0000011",
    "fastq_ftp": f"{FTP}/1/SRR0000011_1.fastq.gz;{FTP}/1/SRR0000011_2.fastq.gz",
    "fastq_md5": f"{A};{B}",
    "fastq_bytes": "1;2",
    "submitted_ftp": f"{FTP}/run/mine.bam",
    "submitted_md5": B,
    "submitted_bytes": "7",
}
SECOND = {"run_accession": "SRR0000012", "submitted_ftp": f"{FTP}/run/a.cram", "submitted_md5": A}
CLOSED = {"run_accession": "SRR0000013"}


def report(lab: Lab, accession: str, *rows: dict[str, str], **faults: object) -> None:
    lines = ["\t".join(FIELDS), *("\t".join(row.get(f, "") for f in FIELDS) for row in rows)]
    query = f"&result=read_run&fields={','.join(FIELDS)}&format=tsv"
    target = f"/ena/portal/api/filereport?accession={accession}{query}"
    answer(lab, target, "\n".join(lines).encode() + b"\n", **faults)


def test_a_study(lab: Lab) -> None:
    report(lab, "PRJEB1", FIRST, SECOND, CLOSED, status=429, times=1, headers={"Retry-After": "0"})
    found = listed("ena:prjeb1", lab.url)
    assert paths(found)[:3] == [
        "SRR0000011/SRR0000011_1.fastq.gz",
        "SRR0000011/SRR0000011_2.fastq.gz",
        "SRR0000012/a.cram",
    ]
    first, closed = found[0], found[3]
    assert isinstance(first, Entry)
    assert (first.size, first.digests) == (1, {"md5": A})
    assert [c.url for c in first.candidates] == [f"https://{FTP}/1/SRR0000011_1.fastq.gz"]
    assert isinstance(closed, Refusal)
    assert "'SRR0000013' has no files" in closed.reason
    mine = listed("ena:PRJEB1?files=submitted", f"{lab.url}/ena/portal/api")
    assert paths(mine)[:2] == ["SRR0000011/mine.bam", "SRR0000012/a.cram"]


def test_lists(lab: Lab) -> None:
    report(lab, "SRR0000011", FIRST)
    report(lab, "SRR0000012", SECOND)
    report(lab, "SRP0000001", SECOND, FIRST)
    names = [
        "SRR0000012/a.cram",
        "SRR0000011/SRR0000011_1.fastq.gz",
        "SRR0000011/SRR0000011_2.fastq.gz",
    ]
    # each file once, though its run comes twice
    assert paths(listed("ena:SRR0000012,SRP0000001", lab.url)) == names
    Path("SRR_Acc_List.txt").write_text("# mine\nSRR0000012\r\nSRR0000011\nSRR0000012\n")
    assert paths(listed("ena:@SRR_Acc_List.txt", lab.url)) == names
    table = "Assay,BioProject,Run\nWGS,PRJNA000001,SRR0000012\nWGS,PRJNA000001,SRR0000011\n"
    Path("SraRunTable.csv").write_text(table)
    assert paths(listed("ena:@SraRunTable.csv", lab.url)) == names
    Path("empty.txt").write_text("nothing\n")
    for name, says in {
        "empty.txt": "has no accession",
        "gone": "cannot read the list",
    }.items():
        with pytest.raises(ManifestError, match=says):
            listed(f"ena:@{name}", lab.url)


def test_what_ena_does_not_have(lab: Lab) -> None:
    for body in (b"", "\t".join(FIELDS).encode()):
        answer(lab, "/ena/portal/api/filereport", body)
        (refused,) = listed("ena:SRR0000011", lab.url)
        assert isinstance(refused, Refusal)
        assert (refused.where, refused.reason) == (
            "SRR0000011",
            "ENA has no runs of this accession",
        )
    answer(lab, "/ena/portal/api/filereport", b"<html>")
    with pytest.raises(ManifestError, match="expected a file report, but the response begins"):
        listed("ena:SRR0000011", lab.url)
    answer(lab, "/ena/portal/api/filereport", b"", status=400)
    with pytest.raises(StatusError, match="ENA has no such accession among 1 accession"):
        listed("ena:SRR0000011", lab.url)
    for address in ("ena:GSE12", "ena:SRR0000011?files=x", "ena:@", "ena:SRR0000011 SRR0000012"):
        with pytest.raises(ManifestError, match="expected accessions of runs, studies"):
            listed(address, lab.url)
