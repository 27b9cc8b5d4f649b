"""One document of each portal whose answer is a list of records, made after its documentation.

Written and read as those of `portal_samples`.
"""

from __future__ import annotations

from typing import Any

from tests.manifest.formats.portal_samples import DANDI_ASSET, MD5, MD5_2, SHA256, H

UUID = "5b2974ad-f932-499b-90a3-93577a9f0573"

GEN3 = [
    {
        "object_id": f"dg.1/{UUID}",
        "file_name": "sub/a.nii",
        "file_size": 12,
        "md5sum": MD5,
        "commons_url": "commons.example",
    },
    {"object_id": UUID, "file_name": "None", "file_size": -1, "md5sum": "None"},
]
FFQ: dict[str, Any] = {
    "SRR1": {
        "accession": "SRR1",
        "files": {
            "ftp": [
                {
                    "accession": "SRR1",
                    "filename": "SRR1_1.fastq.gz",
                    "filesize": 12,
                    "md5": MD5,
                    "urltype": "ftp",
                    "url": "ftp://ftp.sra.ebi.ac.uk/vol1/fastq/SRR1/SRR1_1.fastq.gz",
                }
            ],
            "aws": [
                {
                    "accession": "SRR1",
                    "filename": name,
                    "filesize": "None",
                    "md5": "None",
                    "urltype": "aws",
                    "url": f"s3://bucket/SRR1/{name}",
                }
                for name in ("SRR1", "SRR1.lite.1")
            ],
            "gcp": [],
        },
    }
}
ALYX: list[dict[str, Any]] = [
    {
        "id": "1",
        "name": "spikes.times.npy",
        "collection": "alf/probe00",
        "revision": "2024-01-02",
        "data_url": f"{H}/alf/probe00/spikes.times.0000.npy",
        "url": "https://alyx.example/datasets/1",
        "file_size": 12,
        "hash": MD5,
    },
    {
        "name": "a.cbin",
        "collection": "raw",
        "url": "https://alyx.example/datasets/2",
        "file_size": 13,
        "hash": None,
        "file_records": [
            {"data_url": f"{H}/one/a.1.cbin", "exists": True},
            {"data_url": f"{H}/two/a.1.cbin", "exists": True},
            {"data_url": f"{H}/three/a.1.cbin", "exists": False},
            {"data_url": None, "exists": True},
        ],
    },
]
GDC: dict[str, Any] = {
    "data": {
        "hits": [
            {
                "id": UUID,
                "file_id": UUID,
                "file_name": "a.bam",
                "md5sum": MD5,
                "file_size": 12,
                "access": "controlled",
            },
            {"file_id": "x", "file_name": "b.bam", "md5sum": MD5_2},
        ],
        "pagination": {"count": 2, "total": 9},
    }
}
DRS = {
    "id": "1",
    "name": "a.bam",
    "self_uri": "drs://h.org/1",
    "size": 12,
    "updated_time": "2024-01-02T03:04:05Z",
    "checksums": [
        {"type": "sha-256", "checksum": SHA256},
        {"type": "etag", "checksum": "x-1"},
    ],
    "access_methods": [
        {"type": "s3", "access_url": {"url": "s3://bucket/a.bam"}},
        {"type": "https", "access_url": {"url": f"{H}/a.bam"}},
        {"type": "gs", "access_id": "gs"},
    ],
}
ALLEN = {
    "version": "1",
    "resource_uri": "s3://bucket/",
    "file_listing": {
        "mouse": {
            "matrices": {
                "files": {
                    "h5ad": {
                        "version": "1",
                        "relative_path": "matrices/a.h5ad",
                        "url": f"{H}/matrices/a.h5ad",
                        "size": 12,
                        "file_hash": MD5,
                    }
                }
            }
        }
    },
}
LISTED: dict[str, Any] = {
    "count": 2,
    "next": f"{H}/api/files?page=2",
    "results": [
        {
            "id": 1,
            "file_name": "a.nii",
            "url": "https://api.example/files/1",
            "download_url": f"{H}/1/a.nii",
            "file_size": 12,
            "md5sum": MD5,
        },
        {"id": 2, "file_name": "b.nii", "download_url": f"{H}/2", "checksum": SHA256},
    ],
}
DANDI_RECORD = {
    "asset_id": "1",
    "blob": "7",
    "created": "2021-07-03T04:23:12.590957Z",
    "metadata": DANDI_ASSET,
    "path": "sub-1/a.nwb",
    "size": 12,
}

_PAGE = "!None: the document is one of several pages; the files of the other pages are missing"
_SRA = "https://ftp.sra.ebi.ac.uk/vol1/fastq/SRR1/SRR1_1.fastq.gz"
_S3 = "https://bucket.s3.amazonaws.com"

FFQ_OF_ENCODE = {
    "ENCSR1": {
        "accession": "ENCSR1",
        "description": "RNA-seq of nothing",
        "files": {
            "ENCFF1": {
                "accession": "ENCFF1",
                "file_format": "fastq",
                "file_size": 12,
                "cloud_metadata": {
                    "url": f"{_S3}/2018/ENCFF1.fastq.gz",
                    "md5sum_base64": "1B2M2Y8AsgTpgAmY7PhCfg==",
                    "file_size": 12,
                },
            },
            "ENCFF2": {"accession": "ENCFF2", "file_format": "bam", "cloud_metadata": None},
            "ENCFF3": {"accession": "ENCFF3", "file_format": "bam"},
            "ENCFF4": {
                "accession": "ENCFF4",
                "file_format": "bam",
                "cloud_metadata": {"url": "s3://encode-public/2018/ENCFF4.bam"},
            },
        },
    }
}

#: As `portal_samples.SAMPLES`.
SAMPLES: list[tuple[str, Any, tuple[str, ...]]] = [
    (
        "gen3",
        GEN3,
        (
            f"sub/a.nii 12 md5 -> https://commons.example/user/data/download/dg.1/{UUID}?redirect",
            f"!{UUID}: the data commons is not named (commons_url); add --base-url with its URL",
        ),
    ),
    (
        "ffq",
        FFQ,
        (
            f"SRR1_1.fastq.gz 12 md5 -> {_SRA}",
            f"SRR1 -> {_S3}/SRR1/SRR1",
            f"SRR1.lite.1 -> {_S3}/SRR1/SRR1.lite.1",
        ),
    ),
    (
        "ffq",
        FFQ_OF_ENCODE,
        (
            f"ENCFF1.fastq.gz 12 md5 -> {_S3}/2018/ENCFF1.fastq.gz",
            *["!None: the file has no web URL in its cloud_metadata"] * 3,
        ),
    ),
    ("ffq", FFQ["SRR1"]["files"]["ftp"], (f"SRR1_1.fastq.gz 12 md5 -> {_SRA}",)),
    (
        "alyx",
        ALYX,
        (
            f"alf/probe00/#2024-01-02#/spikes.times.npy 12 md5 -> "
            f"{H}/alf/probe00/spikes.times.0000.npy",
            f"raw/a.cbin 13 -> {H}/one/a.1.cbin {H}/two/a.1.cbin",
        ),
    ),
    (
        "gdc-json",
        GDC,
        (
            f"{UUID}/a.bam 12 md5 -> https://api.gdc.cancer.gov/data/{UUID}",
            "!b.bam: the id is not a UUID",
            _PAGE,
        ),
    ),
    ("gdc-json", GDC["data"]["hits"][1:], ("!b.bam: the id is not a UUID",)),
    ("drs", DRS, (f"a.bam 12 sha256 2024-01-02T03:04:05Z -> {_S3}/a.bam {H}/a.bam",)),
    ("allen-abc", ALLEN, (f"matrices/a.h5ad 12 md5 -> {H}/matrices/a.h5ad",)),
    (
        "json-records",
        LISTED,
        (f"a.nii 12 md5 -> {H}/1/a.nii", f"b.nii sha256 -> {H}/2", _PAGE),
    ),
    (
        "json-records",
        {"title": "x", "files": [{"name": "a.nii", "size": 12, "url": f"{H}/x/a.nii"}]},
        (f"a.nii 12 -> {H}/x/a.nii",),
    ),
    (
        "dandi",
        [DANDI_RECORD],
        (f"sub-1/a.nwb 12 sha256 2021-07-11T20:34:31Z -> {H}/api/assets/1/download/ {H}/blobs/1",),
    ),
]

#: Name of the format to a template with a path and a URL.
HOSTILE = {
    "allen-abc": '{{"file_listing": {{"x": {{"relative_path": "{path}", "url": "{url}"}}}}}}',
    "drs": '{{"id": "1", "name": "{path}", "checksums": [], '
    '"access_methods": [{{"access_url": {{"url": "{url}"}}}}]}}',
    "alyx": '[{{"name": "{path}", "collection": "", "data_url": "{url}"}}]',
}
