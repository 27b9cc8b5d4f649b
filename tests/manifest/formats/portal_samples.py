"""One document of each portal, made after its API's documentation, and what it comes to.

An item is written as ``path size digests mtime -> URLs``, a refusal as ``!path: reason``;
``BASE`` is the base URL that relative URLs are resolved against.
"""

from __future__ import annotations

from typing import Any

MD5, MD5_2 = "0" * 32, "1" * 32
SHA1, SHA256 = "2" * 40, "3" * 64
BASE = "https://portal.example/api/v1/"
H = "https://h.org"

BDBAG = [
    {"url": f"{H}/a", "length": 12, "filename": "sub/a.txt", "md5": MD5, "sha256": SHA256},
    {"url": f"{H}/b", "length": "7", "filename": "b", "sha1": SHA1, "md5": ""},
    {"url": "minid:b9j01d", "length": 1, "filename": "c", "sha256": SHA256},
]

CROISSANT = {
    "@context": {"@vocab": "https://schema.org/", "cr": "http://mlcommons.org/croissant/"},
    "@type": "sc:Dataset",
    "conformsTo": "http://mlcommons.org/croissant/1.0",
    "name": "sample",
    "distribution": [
        {
            "@type": "cr:FileObject",
            "@id": "archive",
            "name": "archive.zip",
            "contentUrl": f"{H}/archive.zip",
            "contentSize": "4.698 MB",
            "sha256": "https://github.com/mlcommons/croissant/issues/80",
        },
        {
            "@type": ["cr:FileObject"],
            "@id": "data/b.csv",
            "name": "b.csv",
            "contentUrl": "files/b.csv",
            "contentSize": "123 B",
            "md5": MD5,
        },
        {"@type": "sc:FileObject", "@id": "c.txt", "contentUrl": f"{H}/c", "sha256": SHA256},
        {
            "@type": "cr:FileObject",
            "@id": "inner",
            "name": "inner.csv",
            "contentUrl": "inner.csv",
            "containedIn": {"@id": "archive"},
        },
        {
            "@type": "cr:FileObject",
            "@id": "repo",
            "name": "repo",
            "contentUrl": f"{H}/tree/main",
            "encodingFormat": "git+https",
        },
        {"@type": "cr:FileObject", "@id": f"{H}/e.csv?sig=1", "contentUrl": "e.csv"},
        {"@type": "cr:FileSet", "@id": "set", "containedIn": {"@id": "repo"}, "includes": "*"},
    ],
}

DANDI_ASSET = {
    "id": "dandiasset:1",
    "schemaKey": "Asset",
    "path": "sub-1/a.nwb",
    "contentUrl": [f"{H}/api/assets/1/download/", f"{H}/blobs/1"],
    "contentSize": 12,
    "digest": {"dandi:dandi-etag": f"{MD5}-1", "dandi:sha2-256": SHA256},
    "blobDateModified": "2021-07-11T16:34:31-04:00",
}
DANDI_ZARR = {
    "path": "sub-1/b.ome.zarr",
    "contentUrl": [f"{H}/api/assets/2/download/", f"{H}/zarr/2/"],
    "contentSize": 34,
    "encodingFormat": "application/x-zarr",
    "digest": {"dandi:dandi-zarr-checksum": f"{MD5}-69--34"},
}
DANDI = {
    "count": 4,
    "next": f"{H}/api/dandisets/1/versions/draft/assets/?page=2",
    "previous": None,
    "results": [
        {"asset_id": "1", "path": "sub-1/a.nwb", "size": 12, "metadata": DANDI_ASSET},
        {"asset_id": "2", "zarr": "2", "blob": None, "path": "sub-1/b.ome.zarr", "size": 34},
        {"asset_id": "3-x", "zarr": None, "blob": "7", "path": "/old.nwb", "size": 5},
    ],
}

DATAVERSE = {
    "status": "OK",
    "data": {
        "id": 5,
        "latestVersion": {
            "versionState": "RELEASED",
            "files": [
                {
                    "label": "a.pdf",
                    "directoryLabel": "docs/x",
                    "restricted": True,
                    "dataFile": {
                        "id": 7,
                        "filename": "a.pdf",
                        "filesize": 12,
                        "md5": MD5,
                        "checksum": {"type": "MD5", "value": MD5},
                    },
                },
                {
                    "label": "table.tab",
                    "restricted": False,
                    "dataFile": {
                        "id": 8,
                        "filesize": 99,
                        "md5": MD5_2,
                        "originalFileFormat": "application/x-stata-13",
                        "originalFileSize": 50,
                        "originalFileName": "table v1.dta",
                        "checksum": {"type": "MD5", "value": MD5_2},
                    },
                },
                {
                    "label": "old.tab",
                    "dataFile": {"id": 9, "originalFileFormat": "text/csv", "md5": MD5},
                },
                {"label": "sha1", "dataFile": {"id": 10, "filesize": 1, "md5": SHA1}},
                {
                    "label": "sha256",
                    "dataFile": {"id": 11, "checksum": {"type": "SHA-256", "value": SHA256}},
                },
            ],
        },
    },
}

FIGSHARE = {
    "id": 123,
    "title": "An article",
    "folder_structure": {"2": "raw/x"},
    "files": [
        {
            "id": 1,
            "name": "a.png",
            "size": 12,
            "is_link_only": False,
            "download_url": f"{H}/files/1",
            "supplied_md5": MD5_2,
            "computed_md5": MD5,
        },
        {
            "id": 2,
            "name": "b.png",
            "size": 13,
            "is_link_only": False,
            "download_url": f"{H}/files/2",
            "supplied_md5": MD5,
            "computed_md5": "",
        },
        {
            "id": 3,
            "name": "elsewhere.dat",
            "size": 0,
            "is_link_only": True,
            "download_url": "https://else.org/d",
            "supplied_md5": "",
            "computed_md5": "",
        },
    ],
}

FRICTIONLESS = {
    "name": "package",
    "profile": "data-package",
    "resources": [
        {"name": "a", "path": "data/a b%.csv", "bytes": 12, "hash": MD5},
        {"name": "b", "path": f"{H}/x/b.csv?v=2", "hash": f"sha256:{SHA256}"},
        {"name": "c", "path": ["c/1.csv", "c/2.csv"], "bytes": 99, "hash": f"md5:{MD5}"},
        {"name": "d", "path": ["d.csv"], "bytes": 5},
        {"name": "inline", "data": [[1, 2]]},
        {"name": "nothing"},
    ],
}

HUGGING_FACE = [
    {"type": "directory", "oid": SHA1, "size": 0, "path": "data"},
    {
        "type": "file",
        "oid": SHA1,
        "size": 12,
        "lfs": {"oid": SHA256, "size": 12, "pointerSize": 130},
        "path": "data/a b.parquet",
    },
    {"type": "file", "oid": SHA1, "size": 34, "path": "README.md"},
]

OPENNEURO = {
    "data": {
        "snapshot": {
            "id": "ds000001:1.0.0",
            "files": [
                {"id": "x", "filename": "sub-01", "directory": True, "size": 0, "urls": []},
                {
                    "id": "y",
                    "filename": "sub-01/anat/sub-01_T1w.nii.gz",
                    "directory": False,
                    "size": 1,
                    "urls": [f"{H}/a?versionId=v1", f"{H}/b"],
                },
                {
                    "id": "z",
                    "key": f"SHA256E-s12--{SHA256}.nii.gz",
                    "filename": "bold.nii.gz",
                    "annexed": True,
                    "size": 1,
                    "urls": [f"{H}/c"],
                },
                {"id": "w", "key": SHA1, "filename": "README", "directory": False, "urls": []},
            ],
        }
    }
}

OSF = {
    "data": [
        {
            "id": "1",
            "type": "files",
            "attributes": {
                "kind": "file",
                "name": "a.txt",
                "materialized_path": "/x/a.txt",
                "size": 12,
                "date_modified": "2017-03-01T12:00:00.5Z",
                "extra": {"hashes": {"md5": MD5, "sha256": SHA256}, "downloads": 3},
            },
            "links": {"download": f"{H}/download/1/", "self": f"{H}/v2/files/1/"},
        },
        {
            "id": "2",
            "attributes": {
                "kind": "file",
                "name": "b.txt",
                "materialized_path": "/b.txt",
                "size": None,
                "date_modified": None,
                "extra": {"hashes": {"md5": None, "sha256": None}},
            },
            "links": {"download": f"{H}/download/2/"},
        },
        {
            "id": "3",
            "attributes": {"kind": "folder", "name": "f", "materialized_path": "/f/"},
            "links": {},
        },
    ],
    "links": {"first": None, "last": None, "prev": None, "next": f"{H}/v2/?page=2"},
}

RO_CRATE = {
    "@context": "https://w3id.org/ro/crate/1.1/context",
    "@graph": [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        {"@id": "./", "@type": "Dataset", "hasPart": [{"@id": f"{H}/x/a.pdf"}]},
        {"@id": f"{H}/x/a%20b.pdf?v=1", "@type": "File", "contentSize": "12", "sha256": SHA256},
        {
            "@id": "./data/survey%20responses.csv",
            "@type": ["File", "SoftwareSourceCode"],
            "contentUrl": [{"@id": f"{H}/dl/1"}, f"{H}/dl/2"],
            "contentSize": 34,
        },
        {"@id": "beside%20it.txt", "@type": "File", "contentSize": "1.2 kB"},
        {"@id": f"{H}/y", "@type": "File", "localPath": "sub/y.dat"},
        {"@id": "#idea", "@type": "File", "name": "no file at all"},
    ],
}

ZENODO = {
    "id": 3541888,
    "conceptrecid": "3406497",
    "links": {"self": f"{H}/api/records/3541888"},
    "files": [
        {
            "key": "a.pdf",
            "size": 12,
            "checksum": f"md5:{MD5}",
            "links": {"self": f"{H}/api/records/3541888/files/a.pdf/content"},
        }
    ],
}
INVENIO = {
    "id": "abc-de",
    "links": {"files": f"{H}/api/records/abc-de/files"},
    "files": {
        "enabled": True,
        "entries": {
            "a.pdf": {
                "key": "a.pdf",
                "size": 12,
                "checksum": f"md5:{MD5}",
                "links": {"self": f"{H}/f/a.pdf", "content": f"{H}/f/a.pdf/content"},
            },
            "b c.pdf": {"key": "b c.pdf", "size": 13, "checksum": f"sha256:{SHA256}"},
            "d": {"key": "d", "checksum": "crc32:1", "links": {"self": f"{H}/f/d"}},
        },
    },
}
DEPOSIT = {
    "files": [
        {
            "filename": "a.pdf",
            "filesize": 12,
            "checksum": MD5,
            "links": {"download": f"{H}/f/1/content", "self": f"{H}/f/1"},
        }
    ]
}

_PAGE = "!None: the document is one of several pages; the files of the other pages are missing"
_ZARR = "a Zarr asset is a folder of many files, not a single file with a URL"
_DANDI = (
    f"sub-1/a.nwb 12 sha256 2021-07-11T20:34:31Z -> {H}/api/assets/1/download/ {H}/blobs/1",
    f"!sub-1/b.ome.zarr: {_ZARR}",
)
_LISTING = DATAVERSE["data"]["latestVersion"]["files"][:1]  # type: ignore[index]  # a JSON document
_ACCESS = "https://portal.example/api/access/datafile"
_MADE = f"docs/x/a.pdf 12 md5 -> {_ACCESS}/7"
_FIGSHARE = (f"b.png 13 md5 -> {H}/files/2", "elsewhere.dat -> https://else.org/d")

#: Name of the format, document, what it comes to.
SAMPLES: list[tuple[str, Any, tuple[str, ...]]] = [
    (
        "bdbag",
        BDBAG,
        (
            f"sub/a.txt 12 md5,sha256 -> {H}/a",
            f"b 7 sha1 -> {H}/b",
            "!c: a URL has the scheme 'minid' instead of http or https",
        ),
    ),
    (
        "croissant",
        CROISSANT,
        (
            f"archive.zip -> {H}/archive.zip",
            f"data/b.csv 123 md5 -> {BASE}files/b.csv",
            f"c.txt sha256 -> {H}/c",
            "!repo: this is a git repository, not a file",
            f"e.csv -> {BASE}e.csv",
        ),
    ),
    (
        "dandi",
        DANDI,
        (*_DANDI, "old.nwb 5 -> https://portal.example/api/assets/3-x/download/", _PAGE),
    ),
    ("dandi", [DANDI_ASSET, DANDI_ZARR], _DANDI),
    (
        "dataverse",
        DATAVERSE,
        (
            _MADE,
            f"table v1.dta 50 -> {_ACCESS}/8?format=original",
            f"old.csv -> {_ACCESS}/9?format=original",
            f"sha1 1 sha1 -> {_ACCESS}/10",
            f"sha256 sha256 -> {_ACCESS}/11",
        ),
    ),
    ("dataverse", {"status": "OK", "data": _LISTING}, (_MADE,)),
    ("dataverse", {"datasetVersion": {"id": 1, "files": _LISTING}}, (_MADE,)),
    (
        "figshare",
        FIGSHARE,
        (f"a.png 12 md5 -> {H}/files/1", f"raw/x/{_FIGSHARE[0]}", _FIGSHARE[1]),
    ),
    ("figshare", FIGSHARE["files"][1:], _FIGSHARE),  # type: ignore[index]  # a JSON document
    (
        "frictionless",
        FRICTIONLESS,
        (
            f"data/a b%.csv 12 md5 -> {BASE}data/a%20b%25.csv",
            f"b.csv sha256 -> {H}/x/b.csv?v=2",
            f"c/1.csv -> {BASE}c/1.csv",
            f"c/2.csv -> {BASE}c/2.csv",
            f"d.csv 5 -> {BASE}d.csv",
            "!None: the path is missing or not a string",
        ),
    ),
    (
        "hugging-face",
        HUGGING_FACE,
        (
            f"data/a b.parquet 12 sha256 -> {BASE}resolve/main/data/a%20b.parquet",
            f"README.md 34 -> {BASE}resolve/main/README.md",
        ),
    ),
    (
        "openneuro",
        OPENNEURO,
        (
            f"sub-01/anat/sub-01_T1w.nii.gz -> {H}/a?versionId=v1 {H}/b",
            f"bold.nii.gz 12 sha256 -> {H}/c",
            "!README: no URL",
        ),
    ),
    (
        "osf",
        OSF,
        (
            f"x/a.txt 12 md5,sha256 2017-03-01T12:00:00.500000Z -> {H}/download/1/",
            f"b.txt -> {H}/download/2/",
            _PAGE,
        ),
    ),
    (
        "ro-crate",
        RO_CRATE,
        (
            f"a b.pdf 12 sha256 -> {H}/x/a%20b.pdf?v=1",
            f"data/survey responses.csv 34 -> {H}/dl/1 {H}/dl/2",
            f"beside it.txt -> {BASE}beside%20it.txt",
            f"sub/y.dat -> {H}/y",
            "!#idea: the file has no URL",
        ),
    ),
    ("zenodo", ZENODO, (f"a.pdf 12 md5 -> {H}/api/records/3541888/files/a.pdf/content",)),
    (
        "zenodo",
        INVENIO,
        (
            f"a.pdf 12 md5 -> {H}/f/a.pdf/content",
            f"b c.pdf 13 sha256 -> {H}/api/records/abc-de/files/b%20c.pdf/content",
            f"d -> {H}/f/d/content",
        ),
    ),
    ("zenodo", DEPOSIT, (f"a.pdf 12 md5 -> {H}/f/1/content",)),
]
