"""Documents of made-up entries in the formats of portals that are read as a stream.

Each maker takes the number of entries and gives the text as the portal or program writes it.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import iterparse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["PORTALS", "split"]

_BASE = "https://data.example.org/study"
_BUCKET = "s3://example-open-data/study"


def _files(count: int) -> Iterator[tuple[str, str, int, str]]:
    """Path, name, size in bytes and SHA-256 of each."""
    for number in range(count):
        subject = number % 300
        name = f"sub-{subject:03d}_run-{number:06d}_T1w.nii.gz"
        path = f"sub-{subject:03d}/ses-{number % 4 + 1}/anat/{name}"
        yield path, name, number * 7919 + 1, hashlib.sha256(path.encode()).hexdigest()


def _s3_xml(count: int) -> str:
    items = (
        f"<Contents><Key>{path}</Key><LastModified>2024-01-05T10:{size % 60:02d}:00.000Z"
        f"</LastModified><ETag>&quot;{digest[:32]}&quot;</ETag><Size>{size}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for path, _, size, digest in _files(count)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>open</Name>'
        f"<Prefix></Prefix><IsTruncated>false</IsTruncated>{''.join(items)}</ListBucketResult>"
    )


def _s3_versions(count: int) -> str:
    items = (
        f"<Version><Key>{path}</Key><VersionId>{digest[:32]}</VersionId><IsLatest>true</IsLatest>"
        f"<LastModified>2024-01-05T10:{size % 60:02d}:00.000Z</LastModified>"
        f"<ETag>&quot;{digest[:32]}&quot;</ETag><Size>{size}</Size><Owner><ID>1</ID></Owner>"
        "<StorageClass>STANDARD</StorageClass></Version>"
        for path, _, size, digest in _files(count)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>open</Name>'
        f"<Prefix></Prefix><IsTruncated>false</IsTruncated>{''.join(items)}</ListVersionsResult>"
    )


def _google_xml(count: int) -> str:
    items = (
        f"<Contents><Key>{path}</Key><Generation>170000{size:010d}</Generation>"
        "<MetaGeneration>1</MetaGeneration>"
        f"<LastModified>2024-01-05T10:{size % 60:02d}:00.000Z</LastModified>"
        f'<ETag>"{digest[:32]}"</ETag><Size>{size}</Size></Contents>'
        for path, _, size, digest in _files(count)
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        "<ListBucketResult xmlns='http://doc.s3.amazonaws.com/2006-03-01'><Name>open</Name>"
        f"<Prefix></Prefix><IsTruncated>false</IsTruncated>{''.join(items)}</ListBucketResult>"
    )


def _metalink4(count: int, *, mirrors: int = 1) -> str:
    items = (
        f'  <file name="{path}">\n    <size>{size}</size>\n'
        f'    <hash type="sha-256">{digest}</hash>\n'
        + "".join(
            f'    <url priority="{n + 1}" location="{"de us fr"[3 * n : 3 * n + 2]}">'
            f"https://mirror-{n}.example.net/pub/{path}</url>\n"
            for n in range(mirrors)
        )
        + "  </file>\n"
        for path, _, size, digest in _files(count)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<metalink xmlns="urn:ietf:params:xml:ns:metalink">\n{"".join(items)}</metalink>\n'
    )


def _metalink4_mirrors(count: int) -> str:
    return _metalink4(count, mirrors=2)


def _metalink3(count: int) -> str:
    items = (
        f'<file name="{path}"><size>{size}</size>\n'
        f'<verification><hash type="sha256">{digest}</hash></verification>\n'
        '<resources><url type="https" location="de" preference="90">'
        f"{_BASE}/{path}</url></resources>\n</file>\n"
        for path, _, size, digest in _files(count)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<metalink version="3.0" xmlns="http://www.metalinker.org/"><files>\n'
        f"{''.join(items)}</files></metalink>\n"
    )


def _wget(count: int) -> str:
    lines = (f'wget -c -O "{path}" "{_BASE}/{path}"\n' for path, *_ in _files(count))
    return f"#!/bin/bash\n{''.join(lines)}"


def _esgf(count: int) -> str:
    lines = (
        f"'{name}' '{_BASE}/{path}' 'SHA256' '{digest}'\n"
        for path, name, _, digest in _files(count)
    )
    mark = "EOF--dataset.file.url.chksum_type.chksum"
    return (
        "#!/bin/bash\n# ESG Federation download script\nversion=1.3.2\n"
        f'download_files="$(cat <<{mark}\n{"".join(lines)}{mark}\n)"\n'
    )


def _curl_script(count: int) -> str:
    lines = (f"curl --create-dirs {_BASE}/{path} -o study/{path}\n" for path, *_ in _files(count))
    return f"#!/bin/sh\n{''.join(lines)}"


def _openneuro_script(count: int) -> str:
    lines = (
        "curl --create-dirs https://s3.amazonaws.com/openneuro.org/ds000001/"
        f"{path}?versionId={digest[:32]} -o ds000001-1.0.0/{path}\n"
        for path, _, _, digest in _files(count)
    )
    return f"#!/bin/sh\n{''.join(lines)}"


def _curl_config(count: int) -> str:
    items = (f'\nurl="{_BASE}/{path}"\noutput="{path}"\n' for path, *_ in _files(count))
    return f"--create-dirs\n--location\n{''.join(items)}"


def _azul_config(count: int) -> str:
    items = (
        f'\nurl="https://service.portal.example/repository/files/{digest[:8]}-0000-4000-8000-'
        f'{digest[:12]}?catalog=c1&version=2020-01-01T{size % 24:02d}0000.000000Z"\n'
        f'output="{digest[-8:]}-0000-4000-8000-{digest[-12:]}/{name}"\n'
        for _, name, size, digest in _files(count)
    )
    return f"--create-dirs\n\n--location\n\n--globoff\n\n--fail\n{''.join(items)}"


def _s5cmd(count: int) -> str:
    lines = (f"cp {_BUCKET}/{path} ./{path}\n" for path, *_ in _files(count))
    return f"# s5cmd --no-sign-request run list.s5cmd\n{''.join(lines)}"


def _conda(count: int) -> str:
    lines = (
        f"https://conda.example.org/pkgs/linux-64/pack-{n}-1.0-0.conda#{digest[:32]}\n"
        for n, (_, _, _, digest) in enumerate(_files(count))
    )
    return f"# platform: linux-64\n@EXPLICIT\n{''.join(lines)}"


def _encode_files(count: int) -> str:
    lines = (
        f"https://www.encodeproject.org/files/ENCFF{n:06d}/@@download/ENCFF{n:06d}.bed.gz\n"
        for n in range(count)
    )
    return (
        '"https://www.encodeproject.org/metadata/?type=Experiment&files.file_type=bed"\n'
        f"{''.join(lines)}"
    )


def _encode_table(count: int) -> str:
    others = [f"Extra {n}" for n in range(30)]
    head = ["File accession", "File format", *others, "Size", "md5sum", "File download URL"]
    lines = ["\t".join([*head, "s3_uri"])]
    for n, (_, _, size, digest) in enumerate(_files(count)):
        name = f"ENCFF{n:06d}"
        url = f"https://www.encodeproject.org/files/{name}/@@download/{name}.bed.gz"
        bucket = f"s3://encode-public/2020/01/01/{digest[:8]}/{name}.bed.gz"
        row = [name, "bed", *(["x", ""] * 15), str(size), digest[:32], url, bucket]
        lines.append("\t".join(row))
    return "\n".join([*lines, ""])


def _ena(count: int) -> str:
    lines = ["run_accession\tfastq_ftp\tfastq_bytes\tfastq_md5\n"]
    for n, (_, _, size, digest) in enumerate(_files(count)):
        run = f"SRR{n:07d}"
        url = f"ftp.sra.ebi.ac.uk/vol1/fastq/{run[:6]}/{run}/{run}.fastq.gz"
        lines.append(f"{run}\t{url}\t{size}\t{digest[:32]}\n")
    return "".join(lines)


def _genomes(count: int) -> str:
    lines = ["##Date=2020-01-01\n#CRAM\tCRAM_MD5\n"]
    lines += (
        f"ftp:/ftp.1000genomes.ebi.ac.uk/vol1/ftp/data/{path}\t{digest[:32]}\n"
        for path, _, _, digest in _files(count)
    )
    return "".join(lines)


def _bucket_table(count: int) -> str:
    lines = ["file_name\tsize\tmd5sum\ts3_uri\n"]
    lines += (
        f"{name}\t{size}\t{digest[:32]}\t{_BUCKET}/{path}\n"
        for path, name, size, digest in _files(count)
    )
    return "".join(lines)


def _dvc(count: int) -> str:
    lines = (
        f"- path: {path}\n  md5: {digest[:32]}\n  size: {size}\n  hash: md5\n"
        for path, _, size, digest in _files(count)
    )
    return f"outs:\n{''.join(lines)}"


def _aria2(count: int) -> str:
    return "".join(
        f"{_BASE}/{path}\n  out={path}\n  checksum=sha-256={digest}\n"
        for path, _, _, digest in _files(count)
    )


def _mod_zip(count: int) -> str:
    return "".join(f"- {size} /study/{path} {path}\n" for path, _, size, _ in _files(count))


def _aws_ls(count: int) -> str:
    return "".join(
        f"2024-01-05 10:{size % 60:02d}:00 {size:>10} study/{path}\n"
        for path, _, size, _ in _files(count)
    )


def _pooch(count: int) -> str:
    return "".join(f"{path} sha256:{digest}\n" for path, _, _, digest in _files(count))


def _gdc(count: int) -> str:
    lines = ["id\tfilename\tmd5\tsize\tstate\n"]
    lines += (
        f"{digest[:8]}-0000-4000-8000-{n:012d}\t{name}\t{digest[:32]}\t{size}\treleased\n"
        for n, (_, name, size, digest) in enumerate(_files(count))
    )
    return "".join(lines)


def _array(items: Iterator[dict[str, Any]]) -> str:
    return json.dumps(list(items), indent=1)


def _bdbag(count: int) -> str:
    return _array(
        {"url": f"{_BASE}/{path}", "length": size, "filename": path, "sha256": digest}
        for path, _, size, digest in _files(count)
    )


def _dandi(count: int) -> str:
    return _array(
        {
            "id": f"dandiasset:{digest[:8]}-0000-4000-8000-{n:012d}",
            "schemaKey": "Asset",
            "path": path,
            "contentUrl": [
                f"https://api.dandiarchive.org/api/assets/{digest[:8]}-0000-4000-8000-{n:012d}"
                "/download/",
                f"https://dandiarchive.s3.amazonaws.com/blobs/{digest[:3]}/{digest[3:6]}/{digest}",
            ],
            "contentSize": size,
            "digest": {"dandi:dandi-etag": f"{digest[:32]}-1", "dandi:sha2-256": digest},
            "blobDateModified": "2021-07-11T16:34:31-04:00",
        }
        for n, (path, _, size, digest) in enumerate(_files(count))
    )


def _gcloud(count: int) -> str:
    return _array(
        {
            "bucket": "example-open-data",
            "name": f"study/{path}",
            "generation": f"1700000000{n:06d}",
            "size": size,
            "md5_hash": base64.b64encode(bytes.fromhex(digest[:32])).decode(),
            "update_time": "2024-01-05T10:00:00+0000",
            "storage_url": f"gs://example-open-data/study/{path}#1700000000{n:06d}",
        }
        for n, (path, _, size, digest) in enumerate(_files(count))
    )


def _gdc_json(count: int) -> str:
    return _array(
        {
            "file_id": f"{digest[:8]}-0000-4000-8000-{n:012d}",
            "file_name": name,
            "md5sum": digest[:32],
            "file_size": size,
            "access": "open",
        }
        for n, (_, name, size, digest) in enumerate(_files(count))
    )


def _json_records(count: int) -> str:
    return _array(
        {"filename": path, "download_url": f"{_BASE}/{path}", "filesize": size, "sha256": digest}
        for path, _, size, digest in _files(count)
    )


def split(text: str) -> int:
    """The number of lines, each of which is taken apart."""
    return sum(bool(line.split(" ")) for line in text.splitlines())


_xml = (lambda text: sum(1 for _ in iterparse(io.BytesIO(text.encode()))), "ElementTree.iterparse")
_json = (lambda text: len(json.load(io.StringIO(text))), "json.load")
_lines = (split, "str.split")

#: Name to what makes the document, and a peer that only parses, with its name.
PORTALS: dict[str, tuple[Callable[[int], str], Callable[[str], int], str]] = {
    "s3-xml": (_s3_xml, *_xml),
    "s3-versions": (_s3_versions, *_xml),
    "google-xml": (_google_xml, *_xml),
    "metalink4": (_metalink4, *_xml),
    "metalink4-mirrors": (_metalink4_mirrors, *_xml),
    "metalink3": (_metalink3, *_xml),
    "wget": (_wget, *_lines),
    "esgf": (_esgf, *_lines),
    "curl-script": (_curl_script, *_lines),
    "openneuro-script": (_openneuro_script, *_lines),
    "curl-config": (_curl_config, *_lines),
    "azul-config": (_azul_config, *_lines),
    "s5cmd": (_s5cmd, *_lines),
    "conda": (_conda, *_lines),
    "encode-files": (_encode_files, *_lines),
    "encode-table": (_encode_table, *_lines),
    "ena": (_ena, *_lines),
    "1000-genomes": (_genomes, *_lines),
    "bucket-table": (_bucket_table, *_lines),
    "dvc": (_dvc, *_lines),
    "aria2": (_aria2, *_lines),
    "mod-zip": (_mod_zip, *_lines),
    "aws-ls": (_aws_ls, *_lines),
    "pooch": (_pooch, *_lines),
    "gdc": (_gdc, *_lines),
    "bdbag": (_bdbag, *_json),
    "dandi": (_dandi, *_json),
    "gcloud": (_gcloud, *_json),
    "gdc-json": (_gdc_json, *_json),
    "json-records": (_json_records, *_json),
}
