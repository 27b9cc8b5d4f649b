"""A document of each format, made after its specification."""

from __future__ import annotations

import io

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.model.entry import Entry, Refusal

MD5, SHA1, SHA256 = "0" * 32, "1" * 40, "2" * 64
UUID = "5b2974ad-f932-499b-90a3-93577a9f0573"

METALINK4 = f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- two files -->
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <published>2024-05-01T12:00:00Z</published>
  <file name="data/a.nii.gz">
    <size>300</size>
    <hash type="sha-256">{SHA256}</hash>
    <hash type="md5">{MD5}</hash>
    <pieces length="256" type="sha-1"><hash>{SHA1}</hash><hash>{SHA1}</hash></pieces>
    <url priority="2" location="de">https://de.example/a.nii.gz</url>
    <url priority="1">https://us.example/a.nii.gz</url>
    <url>ftp://ftp.example/a.nii.gz</url>
    <metaurl mediatype="torrent">https://us.example/a.torrent</metaurl>
  </file>
  <file name="b"><size></size><url>https://us.example/b</url></file>
</metalink>
"""
METALINK3 = f"""<?xml version="1.0" encoding="UTF-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" type="static">
  <files>
    <file name="data/a.nii.gz">
      <size>300</size>
      <verification>
        <hash type="sha1">{SHA1}</hash>
        <pieces length="256" type="sha1">
          <hash piece="1">{"b" * 40}</hash><hash piece="0">{"a" * 40}</hash>
        </pieces>
      </verification>
      <resources>
        <url type="http" location="de" preference="10">http://de.example/a.nii.gz</url>
        <url type="http" preference="100">http://us.example/a.nii.gz</url>
        <url type="bittorrent" preference="100">http://us.example/a.torrent</url>
        <url type="ftp">ftp://ftp.example/a.nii.gz</url>
      </resources>
    </file>
  </files>
</metalink>
"""
CURL = """#!/bin/sh
curl --create-dirs https://s3.example/ds1/README?versionId=abc -o ds1-1.0.0/README
curl --create-dirs 'https://s3.example/ds1/a%20b.nii?versionId=d&x=1' -o 'ds1-1.0.0/a b.nii'
"""
BAGIT = """http://h.example/a 12 data/a
https://h.example/b - data/100%25 b.txt
"""
MOD_ZIP = """1034ab38 428 /foo.txt   My Document1.txt
- 100339 /bar.txt?x=y Other Document1.txt
- 0 @directory empty
"""
ARIA2 = f"""# mirrors
https://a.example/x/a.iso\thttps://b.example/a.iso\tftp://c.example/a.iso
  dir=isos
  out=one.iso
  checksum=sha-256={SHA256}
https://a.example/b.iso
"""
URLS = """# nightly
https://a.example/data/a%20b.nii?x=/y

https://a.example/data/c.nii
"""
GDC = f"id\tfilename\tmd5\tsize\tstate\n{UUID}\ta.bam\t{MD5}\t12\tvalidated\n"
_F = "ftp.sra.ebi.ac.uk/vol1/fastq/ERR1/ERR1"
ENA = (
    "run_accession\tfastq_ftp\tfastq_md5\tfastq_bytes\tsubmitted_ftp\n"
    f"ERR1\t{_F}_1.fq.gz;{_F}_2.fq.gz\t{MD5};{'1' * 32}\t7;8\tftp.sra.ebi.ac.uk/vol1/run/x.bam\n"
)
SYNAPSE = (
    "ID,name,versionNumber,dataFileSizeBytes,synapseURL,dataFileMD5Hex\n"
    f"syn1,a.csv,1,12,https://www.synapse.org/#!Synapse:syn1,{MD5}\n"
)
CSV = f"File Name,Size,Download URL,MD5sum\nsub/a.nii,12,https://h.example/a,{MD5}\n"
TSV = CSV.replace(",", "\t")
CHECKSUMS = f"""# of the release
{SHA256}  sub/a b.nii
{MD5} *./c.nii
SHA1 (sub/a b.nii) = {SHA1}
"""
WGET = """#!/bin/csh -f
# from an archive
set opts = "-N -P raw"
set cert_opt = ""
mkdir raw
wget $cert_opt $opts https://h.example/x/a.nc
wget -q -c -O 'b c.nc' "https://h.example/x/b.nc?x=1"
set filelist= ( \\
  https://h.example/x/c.nc \\
  https://h.example/x/d.nc \\
)
while($#filelist > 0)
  set syscmd = "wget $cert_opt $opts $filelist[1]"
  $syscmd
  shift filelist
end
"""
ESGF = f"""#!/bin/bash
version=1.3.2
download_files="$(cat <<EOF--dataset.file.url.chksum_type.chksum
'tas.nc' 'http://h.example/CMIP6/tas.nc' 'SHA256' '{SHA256}'
'/pr.nc' 'http://h.example/CMIP6/pr.nc' 'MD5' '{MD5}'
EOF--dataset.file.url.chksum_type.chksum
)"
check_os() {{
    case $(uname) in linux*) : ;; esac
}}
"""
S5CMD = """# s5cmd --no-sign-request --endpoint-url https://s3.amazonaws.com run list.s5cmd
cp s3://bucket/1/a.dcm ./series/
cp --sse aws:kms s3://bucket/1/b.dcm c.dcm
cp 's3://bucket/1/d e.dcm' .
"""
CURL_CONFIG = """--create-dirs
--location
--write-out "to: %{filename_effective}\\n"
url="https://h.example/files/1?catalog=c"
output="x/counts \\"A\\".h5ad"

# File '2' is not available
output = y.csv
url = "https://h.example/files/3"
"""
CONDA = f"""# platform: linux-64
@EXPLICIT
https://h.example/noarch/a-1-0.conda#{MD5}
https://h.example/linux-64/b-1-0.conda#sha256:{SHA256}
https://h.example/linux-64/c-1-0.tar.bz2
"""
ENCODE = """"https://h.example/metadata/?type=Experiment&status=released"
https://h.example/files/A/@@download/A.bed.gz
https://h.example/files/B/@@download/B.bam
"""
S3_XML = f"""<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name>
<Prefix>ds1/</Prefix><IsTruncated>false</IsTruncated>
<Contents><Key>ds1/</Key><ETag>"{MD5}"</ETag><Size>0</Size></Contents>
<Contents><Key>ds1/a b.nii</Key><LastModified>2024-01-02T03:04:05.000Z</LastModified>
<ETag>&quot;{MD5}&quot;</ETag><Size>12</Size><StorageClass>STANDARD</StorageClass></Contents>
<CommonPrefixes><Prefix>ds1/sub/</Prefix></CommonPrefixes></ListBucketResult>
"""
THREDDS = """<?xml version="1.0" encoding="UTF-8"?>
<catalog xmlns="http://www.unidata.ucar.edu/namespaces/thredds/InvCatalog/v1.0">
<service name="all" serviceType="Compound" base="">
<service name="odap" serviceType="OPENDAP" base="/thredds/dodsC/"/>
<service name="http" serviceType="HTTPServer" base="/thredds/fileServer/"/></service>
<dataset name="All"><metadata inherited="true"><serviceName>all</serviceName></metadata>
<dataset name="a" urlPath="x/y/a.nc"><dataSize units="Mbytes">1.5</dataSize>
<date type="modified">2024-01-02T03:04:05Z</date></dataset>
<dataset name="b" urlPath="x/z/b c.nc"><dataSize units="bytes">12</dataSize></dataset>
</dataset></catalog>
"""
DVC = f"""outs:
- md5: {MD5}
  size: 12
  hash: md5
  path: 'a b.xml'
- path: old.csv
  md5: {MD5}
meta:
  who: me
"""
POOCH = f"""# of the package
"sub/a b.nii" {SHA256}
c.nc md5:{MD5}
d.zip sha256:{SHA256} https://h.example/other.zip
e xxh64:0123456789abcdef
"""
JSON_ARRAY = (
    '[{"path": "a,b", "url": "https://h.example/a"}, {"name": "x/c.nii", "urls": ["../c.nii"]}]\n'
)
JSONL = '{"path": "a,b", "url": "https://h.example/a"}\n'
JSON = '{"a,url": ["https://h.example/a"],\n"b,path": ["https://h.example/b"]}\n'

SAMPLES = [
    *[("metalink4", METALINK4), ("metalink3", METALINK3), ("curl", CURL), ("mod-zip", MOD_ZIP)],
    *[("bagit-fetch", BAGIT), ("aria2", ARIA2), ("urls", URLS), ("gdc", GDC), ("ena", ENA)],
    *[("checksums", CHECKSUMS), ("pooch", POOCH), ("json-array", JSON_ARRAY)],
    *[("wget", WGET), ("esgf", ESGF), ("s5cmd", S5CMD), ("curl-config", CURL_CONFIG)],
    *[("conda-explicit", CONDA), ("encode-files", ENCODE), ("s3-xml", S3_XML)],
    *[("thredds", THREDDS), ("dvc", DVC)],
    *[("synapse", SYNAPSE), ("csv", CSV), ("csv", TSV), ("jsonl", JSONL), ("json", JSON)],
]

BASE = "https://base.example/m/"


def read(
    document: str | bytes, name: str | None = None, base_url: str | None = BASE, **columns: str
) -> list[Entry | Refusal]:
    data = document.encode() if isinstance(document, str) else document
    options = Options(columns)
    return list(read_manifest(io.BytesIO(data), base_url, name=name, options=options))


def entries(document: str | bytes, name: str | None = None, **columns: str) -> list[Entry]:
    found = read(document, name, **columns)
    assert all(isinstance(item, Entry) for item in found), found
    return [item for item in found if isinstance(item, Entry)]


def refused(document: str | bytes, name: str | None = None, **columns: str) -> str:
    """The one refusal among the entries, and where it is."""
    found = read(document, name, **columns)
    (refusal,) = (item for item in found if isinstance(item, Refusal))
    return f"{refusal.where}: {refusal.path}: {refusal.reason}"


def error_of(document: str | bytes, name: str | None = None, **columns: str) -> str:
    try:
        found = read(document, name, **columns)
    except ManifestError as error:
        return str(error)
    raise AssertionError(f"it was read: {found}")
