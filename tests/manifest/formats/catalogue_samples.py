"""One document of each kind of catalogue, made after its specification.

Written and read as those of `portal_samples`.
"""

from __future__ import annotations

from typing import Any

from tests.manifest.formats.portal_samples import BASE, MD5, SHA256, H

STAC: dict[str, Any] = {
    "type": "Feature",
    "stac_version": "1.0.0",
    "id": "scene1",
    "geometry": None,
    "properties": {"datetime": "2020-01-01T00:00:00Z"},
    "links": [{"rel": "self", "href": f"{H}/stac/scene1/scene1.json"}],
    "assets": {
        "B01": {
            "href": "./img/B01.tif",
            "file:size": 12,
            "file:checksum": f"1220{SHA256}",
            "updated": "2024-01-02T03:04:05Z",
        },
        "B02": {
            "href": "s3://bucket/scene1/B02.tif",
            "file:checksum": f"90e40210{MD5}",
            "alternate": {
                "https": {"href": f"{H}/mirror/B02.tif"},
                "zip": {"href": f"{H}/mirror/B02.zip"},
            },
        },
        "B03": {"href": f"{H}/b3/B03.tif", "file:checksum": f"d50110{MD5}"},
        "old": {"href": f"{H}/b3/old/B03.tif"},
        "tiles": {"href": f"{H}/tiles/{{z}}/{{x}}.png"},
        "page": {"href": f"{H}/about.html", "type": "text/html"},
        "cube": {"href": f"{H}/x.zarr", "type": "application/vnd+zarr"},
    },
}
STAC_PAGE = {
    "type": "FeatureCollection",
    "features": [
        {
            "stac_version": "1.0.0",
            "id": "s",
            "links": [],
            "assets": {"a": {"href": "a.tif", "checksum:multihash": f"1220{SHA256}00"}},
        }
    ],
    "links": [{"rel": "next", "href": f"{H}/search?page=2"}],
}
SCHEMA_ORG: dict[str, Any] = {
    "@context": "https://schema.org/",
    "@type": "Dataset",
    "@id": "https://doi.org/10.1234/x",
    "name": "Larvae",
    "url": f"{H}/d",
    "license": "https://spdx.org/licenses/CC0-1.0",
    "distribution": [
        {
            "@type": "DataDownload",
            "name": "All larvae",
            "contentUrl": f"{H}/d/larvae.tsv",
            "contentSize": "12 B",
            "sha256": SHA256,
            "dateModified": "2024-01-02",
        },
        {
            "@type": "DataDownload",
            "name": "depth.nc",
            "contentUrl": f"{H}/download?id=7",
            "contentSize": "1.2 GB",
            "spdx:checksum": [
                {
                    "@type": "spdx:Checksum",
                    "spdx:checksumValue": MD5,
                    "spdx:checksumAlgorithm": {"@id": "spdx:checksumAlgorithm_md5"},
                }
            ],
        },
        {"@type": "DataDownload", "contentUrl": [f"{H}/a.csv", f"{H}/b.csv"], "contentSize": 7},
        {"@type": "DataDownload", "contentUrl": f"{H}/p.html", "encodingFormat": "text/html"},
        {"@type": "DataDownload", "name": "The page", "url": f"{H}/d/page"},
        {"@type": "DataDownload", "name": "A query", "contentUrl": f"{H}/query?all"},
    ],
}
DCAT: dict[str, Any] = {
    "conformsTo": "https://project-open-data.cio.gov/v1.1/schema",
    "dataset": [
        {
            "@type": "dcat:Dataset",
            "identifier": f"{H}/id/d1",
            "distribution": [
                {"downloadURL": f"{H}/d1/logs%202014.xls", "mediaType": "application/vnd.ms-excel"},
                {"accessURL": f"{H}/d1/api", "title": "API"},
            ],
        },
        {
            "identifier": "d2",
            "dcat:distribution": {
                "dcat:downloadURL": {"@id": f"{H}/d2/a.csv"},
                "dcat:byteSize": {"@value": "12"},
                "spdx:checksum": {
                    "spdx:algorithm": {"@id": "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"},
                    "spdx:checksumValue": SHA256,
                },
            },
        },
    ],
}
CKAN: dict[str, Any] = {
    "help": f"{H}/api/3/action/help_show",
    "success": True,
    "result": {
        "id": "0",
        "name": "rainfall",
        "resources": [
            {
                "id": "1",
                "name": "Rain 2020 (CSV)",
                "format": "CSV",
                "url": f"{H}/dataset/0/resource/1/download/rain-2020.csv",
                "size": 12,
                "hash": MD5,
                "last_modified": "2024-01-02T03:04:05.000000",
            },
            {"name": "Page", "format": "HTML", "url": f"{H}/about", "size": None, "hash": ""},
            {"name": "Rain", "format": "", "url": f"{H}/rain.zip", "size": 0, "hash": ""},
        ],
    },
}
CKAN_SEARCH = {
    "success": True,
    "result": {
        "count": 9,
        "results": [
            {"name": "one", "resources": [{"url": f"{H}/1/data.csv"}]},
            {"name": "two", "resources": [{"url": f"{H}/2/data.csv"}]},
        ],
    },
}
UMM: dict[str, Any] = {
    "hits": 2,
    "took": 5,
    "items": [
        {
            "meta": {"concept-id": "G1-X"},
            "umm": {
                "GranuleUR": "GR1",
                "RelatedUrls": [
                    {"URL": f"{H}/D/GR1.h5", "Type": "GET DATA"},
                    {"URL": f"{H}/mirror/GR1.h5", "Type": "GET DATA"},
                    {"URL": f"{H}/D/GR1.xml", "Type": "GET DATA"},
                    {"URL": "s3://protected/D/GR1.h5", "Type": "GET DATA VIA DIRECT ACCESS"},
                    {"URL": f"{H}/D/GR1.jpg", "Type": "GET RELATED VISUALIZATION"},
                ],
                "DataGranule": {
                    "ArchiveAndDistributionInformation": [
                        {
                            "Name": "GR1.h5",
                            "Size": 65.84,
                            "SizeInBytes": 12,
                            "SizeUnit": "MB",
                            "Checksum": {"Value": MD5, "Algorithm": "MD5"},
                        }
                    ]
                },
            },
        }
    ],
}
_REL = "http://esipfed.org/ns/fedsearch/1.1/"
CMR_FEED = {
    "feed": {
        "entry": [
            {
                "id": "G1-X",
                "granule_size": "65.8",
                "links": [
                    {"rel": f"{_REL}data#", "href": f"{H}/D/GR1.h5"},
                    {"rel": f"{_REL}data#", "href": f"{H}/docs", "inherited": True},
                    {"rel": f"{_REL}browse#", "href": f"{H}/D/GR1.jpg"},
                    {"rel": f"{_REL}s3#", "href": "s3://protected/D/GR1.h5"},
                ],
            }
        ]
    }
}
IIIF_3 = {
    "@context": "http://iiif.io/api/presentation/3/context.json",
    "id": f"{H}/manifest.json",
    "type": "Manifest",
    "items": [
        {
            "type": "Canvas",
            "items": [
                {
                    "type": "AnnotationPage",
                    "items": [
                        {
                            "type": "Annotation",
                            "motivation": "painting",
                            "body": {
                                "id": f"{H}/iiif/ms%2F1r/full/max/0/default.jpg",
                                "type": "Image",
                            },
                        },
                        {"body": {"id": f"{H}/plain/2.png", "type": "Image"}},
                        {"body": {"type": "TextualBody", "value": "x"}},
                    ],
                }
            ],
        }
    ],
}
IIIF_2 = {
    "@context": "http://iiif.io/api/presentation/2/context.json",
    "@type": "sc:Manifest",
    "sequences": [
        {"canvases": [{"images": [{"resource": {"@id": f"{H}/i/1r/full/full/0/native.jpg"}}]}]}
    ],
}

_PAGE = "!None: the document is one of several pages; the files of the other pages are missing"
_B02 = "https://bucket.s3.amazonaws.com/scene1/B02.tif"
_NO_FILE = "the distribution is a page or service, not a file"

#: As `portal_samples.SAMPLES`.
SAMPLES: list[tuple[str, Any, tuple[str, ...]]] = [
    (
        "stac",
        STAC,
        (
            f"scene1/img/B01.tif 12 sha256 2024-01-02T03:04:05Z -> {H}/stac/scene1/img/B01.tif",
            f"scene1/B02.tif -> {_B02} {H}/mirror/B02.tif",
            f"scene1/B03/B03.tif md5 -> {H}/b3/B03.tif",
            f"scene1/old/B03.tif -> {H}/b3/old/B03.tif",
            "!scene1/{x}.png: the href is a template for many tiles",
            "!scene1/about.html: the asset is a web page, not a file",
            "!scene1/x.zarr: the asset is a folder of many files",
        ),
    ),
    ("stac", STAC_PAGE, (f"s/a.tif -> {BASE}a.tif", _PAGE)),
    (
        "schema-org",
        SCHEMA_ORG,
        (
            f"larvae.tsv 12 sha256 2024-01-02T00:00:00Z -> {H}/d/larvae.tsv",
            f"depth.nc md5 -> {H}/download?id=7",
            f"a.csv -> {H}/a.csv",
            f"b.csv -> {H}/b.csv",
            "!None: the distribution is a web page, not a file",
            f"!The page: {_NO_FILE}",
            "!A query: neither the URL nor the name is that of a file",
        ),
    ),
    (
        "dcat",
        DCAT,
        (
            f"d1/logs 2014.xls -> {H}/d1/logs%202014.xls",
            f"!API: {_NO_FILE}",
            f"d2/a.csv 12 sha256 -> {H}/d2/a.csv",
        ),
    ),
    (
        "ckan",
        CKAN,
        (
            f"rain-2020.csv 12 md5 2024-01-02T03:04:05Z -> "
            f"{H}/dataset/0/resource/1/download/rain-2020.csv",
            "!Page: the resource is a page or service, not a file",
            f"rain.zip -> {H}/rain.zip",
        ),
    ),
    (
        "ckan",
        CKAN_SEARCH,
        (f"one/data.csv -> {H}/1/data.csv", f"two/data.csv -> {H}/2/data.csv", _PAGE),
    ),
    (
        "cmr",
        UMM,
        (
            f"GR1.h5 12 md5 -> {H}/D/GR1.h5 {H}/mirror/GR1.h5",
            f"GR1.xml -> {H}/D/GR1.xml",
            _PAGE,
        ),
    ),
    ("cmr", CMR_FEED, (f"GR1.h5 -> {H}/D/GR1.h5",)),
    (
        "iiif",
        IIIF_3,
        (
            f"ms_1r.jpg -> {H}/iiif/ms%2F1r/full/max/0/default.jpg",
            f"2.png -> {H}/plain/2.png",
        ),
    ),
    ("iiif", IIIF_2, (f"1r.jpg -> {H}/i/1r/full/full/0/native.jpg",)),
]
