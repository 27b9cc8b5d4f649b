"""One document of each repository and store, made after its API's documentation.

Written and read as those of `portal_samples`.
"""

from __future__ import annotations

from typing import Any

from tests.manifest.formats.portal_samples import MD5, MD5_2, SHA1, SHA256, H

RELEASE: dict[str, Any] = {
    "url": "https://api.forge.example/repos/o/r/releases/1",
    "tag_name": "v1",
    "assets": [
        {
            "url": "https://api.forge.example/repos/o/r/releases/assets/1",
            "name": "atlas.nii.gz",
            "size": 12,
            "digest": f"sha256:{SHA256}",
            "browser_download_url": f"{H}/o/r/releases/download/v1/atlas.nii.gz",
            "updated_at": "2024-01-02T03:04:05Z",
        },
        {
            "url": "https://api.forge.example/repos/o/r/releases/assets/2",
            "name": "labels.tsv",
            "size": 3,
            "digest": None,
            "browser_download_url": f"{H}/o/r/releases/download/v1/labels.tsv",
        },
    ],
    "zipball_url": "https://api.forge.example/repos/o/r/zipball/v1",
}
DRYAD = {
    "_links": {"self": {"href": "/api/v2/versions/1/files"}, "next": {"href": "/x?page=2"}},
    "count": 3,
    "total": 5,
    "_embedded": {
        "stash:files": [
            {
                "_links": {"stash:download": {"href": "/api/v2/files/1/download"}},
                "path": "data/a.csv",
                "size": 12,
                "status": "copied",
                "digest": MD5,
                "digestType": "md5",
            },
            {
                "_links": {"stash:file-download": {"href": f"{H}/files/2"}},
                "path": "b.csv",
                "size": 3,
                "status": "created",
                "digest": SHA256,
                "digestType": "sha-256",
            },
            {"_links": {}, "path": "old.csv", "status": "deleted"},
        ]
    },
}
DSPACE = {
    "_embedded": {
        "bitstreams": [
            {
                "uuid": "1",
                "name": "data.csv",
                "sizeBytes": 12,
                "checkSum": {"checkSumAlgorithm": "MD5", "value": MD5},
                "_links": {"content": {"href": f"{H}/server/api/core/bitstreams/1/content"}},
            }
        ]
    },
    "_links": {"next": {"href": f"{H}/server/api/core/bundles/1/bitstreams?page=1"}},
    "page": {"size": 1, "totalElements": 2, "totalPages": 2, "number": 0},
}
MENDELEY = [
    {
        "filename": "a.csv",
        "id": "1",
        "content_details": {
            "sha256_hash": SHA256,
            "size": 12,
            "created_date": "2024-01-02T03:04:05.678Z",
            "download_url": f"{H}/files/1",
            "view_url": f"{H}/view/1",
        },
        "size": 12,
    }
]
SCIENCEBASE: dict[str, Any] = {
    "id": "1",
    "title": "An item",
    "files": [
        {
            "name": "a.zip",
            "size": 12,
            "pathOnDisk": "__disk__0/a",
            "url": f"{H}/catalog/file/get/1?f=a",
            "downloadUri": f"{H}/catalog/file/get/1?f=b",
            "checksum": {"value": MD5, "type": "MD5"},
            "dateUploaded": "2024-01-02T03:04:05Z",
        }
    ],
    "facets": [{"files": [{"name": "b.shp", "size": 3, "url": f"{H}/catalog/file/get/1?f=c"}]}],
}
ARCHIVE = {
    "metadata": {"identifier": "an item", "title": "Tapes"},
    "files": [
        {
            "name": "disc 1/a.flac",
            "source": "original",
            "size": "12",
            "md5": MD5,
            "sha1": SHA1,
            "crc32": "1034ab38",
            "mtime": "1700000000",
        },
        {"name": "an item_files.xml", "source": "original", "md5": MD5_2},
        {"name": "b.pdf", "source": "original", "private": "true"},
    ],
}
XNAT = {
    "ResultSet": {
        "Result": [
            {
                "Name": "1.dcm",
                "Size": "12",
                "URI": "/data/experiments/E1/scans/1/resources/11/files/a%20b/1.dcm",
                "collection": "DICOM",
                "digest": MD5,
                "cat_ID": "11",
            },
            {
                "Name": "1.dcm",
                "Size": "13",
                "URI": "/data/experiments/E2/scans/1/resources/12/files/1.dcm",
                "collection": "",
                "digest": "",
                "cat_ID": "12",
            },
        ],
        "totalRecords": "2",
    }
}
LORIS_IMAGES = {
    "Images": [
        {
            "Candidate": "1",
            "PSCID": "P1",
            "Visit": "V1",
            "ScanType": "t2",
            "Link": "/candidates/1/V1/images/a.mnc",
        }
    ]
}
LORIS_RECORDINGS = {
    "Recordings": [
        {
            "PSCID": "P1",
            "Visit": "V1",
            "File": "bids/a.edf",
            "Link": "/candidates/1/V1/electrophysiology/a.edf",
        }
    ]
}
LORIS_VISIT = {
    "Meta": {"CandID": "1", "Visit": "V1"},
    "Files": [{"OutputType": "native", "Filename": "a.mnc", "AcquisitionType": "t1w"}],
}
SYNAPSE = {
    "requestedFiles": [
        {
            "fileHandleId": "1",
            "preSignedURL": f"{H}/1/a.nii?X-Amz-Signature=abc",
            "fileHandle": {"id": "1", "contentMd5": MD5, "fileName": "a.nii", "contentSize": 12},
        },
        {"fileHandleId": "2", "failureCode": "UNAUTHORIZED"},
    ]
}
S3API = {
    "Name": "bucket",
    "Prefix": "ds1/",
    "Contents": [
        {
            "Key": "ds1/a b.nii",
            "LastModified": "2024-01-02T03:04:05+00:00",
            "ETag": f'"{MD5}"',
            "Size": 12,
        },
        {"Key": "ds1/big.tar", "ETag": f'"{MD5}-7"', "Size": 13},
        {"Key": "ds1/", "ETag": f'"{MD5}"', "Size": 0},
    ],
    "NextToken": "x",
}
GCS = {
    "kind": "storage#objects",
    "items": [
        {
            "name": "ds1/a.nii",
            "bucket": "bucket",
            "generation": "1700000000000000",
            "mediaLink": f"{H}/a",
            "size": "12",
            "md5Hash": "AAAAAAAAAAAAAAAAAAAAAA==",
            "updated": "2024-01-02T03:04:05.678Z",
        }
    ],
}
GCLOUD = [
    {
        "bucket": "bucket",
        "name": "ds1/a.nii",
        "size": 12,
        "md5_hash": "AAAAAAAAAAAAAAAAAAAAAA==",
        "storage_url": "gs://bucket/ds1/a.nii#1700000000000000",
    }
]

_PAGE = "!None: the document is one of several pages; the files of the other pages are missing"
_API = "https://portal.example/api/v1"
_STORE = "https://storage.googleapis.com/bucket/ds1/a.nii"
_RELEASED = (
    f"atlas.nii.gz 12 sha256 2024-01-02T03:04:05Z -> {H}/o/r/releases/download/v1/atlas.nii.gz",
    f"labels.tsv 3 -> {H}/o/r/releases/download/v1/labels.tsv",
)

#: As `portal_samples.SAMPLES`.
SAMPLES: list[tuple[str, Any, tuple[str, ...]]] = [
    ("github-release", RELEASE, _RELEASED),
    ("github-release", RELEASE["assets"], _RELEASED),
    ("github-release", [RELEASE], tuple(f"v1/{line}" for line in _RELEASED)),
    (
        "dryad",
        DRYAD,
        (
            "data/a.csv 12 md5 -> https://portal.example/api/v2/files/1/download",
            f"b.csv 3 sha256 -> {H}/files/2",
            _PAGE,
        ),
    ),
    (
        "dspace",
        DSPACE,
        (f"data.csv 12 md5 -> {H}/server/api/core/bitstreams/1/content", _PAGE),
    ),
    ("mendeley", MENDELEY, (f"a.csv 12 sha256 2024-01-02T03:04:05.678000Z -> {H}/files/1",)),
    (
        "sciencebase",
        SCIENCEBASE,
        (
            f"a.zip 12 md5 2024-01-02T03:04:05Z -> {H}/catalog/file/get/1?f=b",
            f"b.shp 3 -> {H}/catalog/file/get/1?f=c",
        ),
    ),
    (
        "internet-archive",
        ARCHIVE,
        (
            "disc 1/a.flac 12 md5,sha1 2023-11-14T22:13:20Z -> "
            "https://archive.org/download/an%20item/disc%201/a.flac",
            "!b.pdf: the archive does not give this file away (private)",
        ),
    ),
    (
        "xnat",
        XNAT,
        (
            "E1/scans/1/DICOM/a b/1.dcm 12 md5 -> https://portal.example"
            "/data/experiments/E1/scans/1/resources/11/files/a%20b/1.dcm",
            "E2/scans/1/12/1.dcm 13 -> https://portal.example"
            "/data/experiments/E2/scans/1/resources/12/files/1.dcm",
        ),
    ),
    ("loris", LORIS_IMAGES, (f"P1/V1/a.mnc -> {_API}/candidates/1/V1/images/a.mnc",)),
    ("loris", LORIS_RECORDINGS, (f"P1/V1/a.edf -> {_API}/candidates/1/V1/recordings/a.edf",)),
    ("loris", LORIS_VISIT, (f"1/V1/a.mnc -> {_API}/candidates/1/V1/images/a.mnc",)),
    (
        "synapse-handles",
        SYNAPSE,
        (
            f"a.nii 12 md5 -> {H}/1/a.nii?X-Amz-Signature=abc",
            "!None: the path is missing or not a string",
        ),
    ),
    (
        "bucket-json",
        S3API,
        (
            "a b.nii 12 md5 2024-01-02T03:04:05Z -> https://bucket.s3.amazonaws.com/ds1/a%20b.nii",
            "big.tar 13 -> https://bucket.s3.amazonaws.com/ds1/big.tar",
            _PAGE,
        ),
    ),
    (
        "bucket-json",
        GCS,
        (f"ds1/a.nii 12 md5 2024-01-02T03:04:05.678000Z -> {_STORE}?generation=1700000000000000",),
    ),
    ("bucket-json", GCLOUD, (f"ds1/a.nii 12 md5 -> {_STORE}",)),
]

#: Name of the format to a template with a path and a URL.
HOSTILE = {
    "github-release": '{{"assets": [{{"name": "{path}", "size": 1, '
    '"browser_download_url": "{url}"}}]}}',
    "dryad": '{{"_embedded": {{"stash:files": [{{"path": "{path}", '
    '"_links": {{"stash:download": {{"href": "{url}"}}}}}}]}}}}',
    "dspace": '{{"_embedded": {{"bitstreams": [{{"name": "{path}", "sizeBytes": 1, '
    '"_links": {{"content": {{"href": "{url}"}}}}}}]}}}}',
    "mendeley": '[{{"filename": "{path}", "content_details": {{"download_url": "{url}"}}}}]',
    "sciencebase": '{{"files": [{{"name": "{path}", "url": "{url}", "pathOnDisk": "x"}}]}}',
    "synapse-handles": '{{"requestedFiles": [{{"fileHandleId": "1", "preSignedURL": "{url}", '
    '"fileHandle": {{"fileName": "{path}"}}}}]}}',
}
