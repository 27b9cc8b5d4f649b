"""Tables that are known by their header: GDC, ENA, Synapse."""

from __future__ import annotations

from tests.manifest.formats.samples import (
    ENA,
    GDC,
    MD5,
    SYNAPSE,
    UUID,
    entries,
    error_of,
    read,
    refused,
)

URL = "https://h.example/a"


def test_gdc() -> None:
    (entry,) = entries(GDC)
    assert entry.path == f"{UUID}/a.bam"
    assert entry.registrable == (f"https://api.gdc.cancer.gov/data/{UUID}",)
    assert (entry.size, entry.digests) == (12, {"md5": MD5})
    assert "line 2: a.bam: the id is not a UUID" in refused(GDC.replace(UUID, "../x"))
    assert "'..' component" in refused(GDC.replace("a.bam", "../a.bam"))
    assert "31 characters" in refused(GDC.replace(MD5, MD5[1:]))
    assert "cells" in refused(GDC.replace("\tvalidated", ""))
    document = GDC.replace("state", "state\turl").replace("validated", f"validated\t{URL}")
    assert entries(document, url="url", path="filename")[0].registrable == (URL,)


def test_ena() -> None:
    first, second, third = entries(ENA)
    base = "https://ftp.sra.ebi.ac.uk/vol1"
    assert (first.path, first.registrable) == (
        "ERR1/ERR1_1.fq.gz",
        (f"{base}/fastq/ERR1/ERR1_1.fq.gz",),
    )
    assert (second.path, second.size, second.digests) == ("ERR1/ERR1_2.fq.gz", 8, {"md5": "1" * 32})
    assert (third.path, third.size, third.digests) == ("ERR1/x.bam", None, {})
    assert third.registrable == (f"{base}/run/x.bam",)


def test_ena_s_gaps() -> None:
    none = ENA.splitlines()[0] + "\nERR2\t\t\t\t\n"
    assert refused(none) == "line 2: None: 'ERR2' has no files"
    found = read(ENA.replace("7;8", "7"))
    assert [item.path for item in found if "fastq_bytes" in getattr(item, "reason", "")] == [
        "ERR1/ERR1_1.fq.gz",
        "ERR1/ERR1_2.fq.gz",
    ]
    assert len(found) == 3
    assert entries(ENA.replace("_2.fq.gz\t", "_2.fq.gz;\t").replace(f"{'1' * 32}", f"{MD5};")
                   .replace("7;8", "7;8;"))[1].path == "ERR1/ERR1_2.fq.gz"  # fmt: skip
    assert entries(ENA.replace("run_accession", "sample"))[0].path == "ERR1_1.fq.gz"


def test_synapse() -> None:
    error = error_of(SYNAPSE)
    assert "a synapseURL leads to a page" in error
    assert "--column url=" in error
    document = SYNAPSE.replace("synapseURL", "u")
    (entry,) = entries(document.replace("#!", ""), url="u", path="name")
    assert (entry.size, entry.digests) == (12, {"md5": MD5})
