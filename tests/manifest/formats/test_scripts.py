"""Scripts and lists that programs of a shell read: wget, ESGF, s5cmd, curl -K, conda, ENCODE."""

from __future__ import annotations

import pytest

from tests.manifest.formats.samples import (
    CONDA,
    CURL_CONFIG,
    ENCODE,
    ESGF,
    MD5,
    S5CMD,
    SHA256,
    WGET,
    entries,
    error_of,
    refused,
)

URL = "https://h.example/x/a%20b.nc?y=1"
STORE = "https://bucket.s3.amazonaws.com/1"


def told(document: str, name: str | None = None) -> list[str]:
    """Each entry as its path and URL."""
    return [f"{e.path} {e.registrable[0]}" for e in entries(document, name)]


def test_a_script_of_ncar() -> None:
    assert told(WGET) == [
        "raw/a.nc https://h.example/x/a.nc",
        "b c.nc https://h.example/x/b.nc?x=1",
        "c.nc https://h.example/x/c.nc",
        "d.nc https://h.example/x/d.nc",
    ]


WGET_COMMANDS = {
    f"wget {URL}": "a b.nc",
    f"wget -nc -c -q -N --no-check-certificate {URL}": "a b.nc",
    f"wget -O c.nc {URL}": "c.nc",
    f"wget --output-document=./c.nc '{URL}'": "c.nc",
    f"wget -P raw/2024 {URL}": "raw/2024/a b.nc",
    f"wget --directory-prefix raw {URL}": "raw/a b.nc",
    f"wget --header 'X-Page: https://p.example/' {URL} \\\n -O c": "c",
    f"dir=raw\nwget -P ${{dir}} {URL}": "raw/a b.nc",
}


@pytest.mark.parametrize(("command", "path"), WGET_COMMANDS.items())
def test_commands_of_wget(command: str, path: str) -> None:
    assert told(f"#!/bin/sh\n\n{command}\necho done\n", "wget") == [f"{path} {URL}"]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (f"wget -r {URL}", "a folder of the web"),
        ("wget -i urls.txt", "in another file"),
        (f"wget {URL} &", "runs in the background (&)"),
        (f"wget --post-data 'pw=hunter2' {URL}", "more than download"),
        (f"wget -O a {URL} {URL}", "several URLs into one file"),
        ("wget h.example/a.nc", "no URL with a scheme"),
        (f"wget -P $HOME {URL}", "only a shell can expand"),
        (f"wget -O ../a {URL}", "'..' component"),
        (f"wget {URL}; rm -r /", "several commands"),
        ("wget https://h.example/", "does not end in a file name"),
        (f"scp {URL} here:", "commands are not run"),
    ],
)
def test_only_the_bad_command_is_refused(command: str, why: str) -> None:
    reason = refused(f"wget {URL}\n{command}\n", "wget")
    assert reason.startswith("line 2: ")
    assert why in reason
    assert "hunter2" not in reason


def test_a_command_is_put_in_order() -> None:
    command = f"wget {URL} &\n"
    assert "remove the & behind it" in refused(f"wget {URL}\n{command}", "wget")
    assert told(command.replace(" &", ""), "wget") == [f"a b.nc {URL}"]
    assert "use that as the manifest" in refused("wget -i urls.txt\n", "wget")
    assert told(f"{URL}\n") == [f"a b.nc {URL}"]


def test_what_is_no_script_of_wget() -> None:
    assert "unknown manifest format" in error_of(f"wget {URL}\npython3 setup.py install\n")
    assert "unknown manifest format" in error_of("set x = 1\n")


def test_a_script_of_esgf() -> None:
    first, second = entries(ESGF)
    assert (first.path, dict(first.digests)) == ("tas.nc", {"sha256": SHA256})
    assert (second.path, dict(second.digests)) == ("pr.nc", {"md5": MD5})
    assert second.registrable == ("http://h.example/CMIP6/pr.nc",)
    assert "breaks off" in error_of(ESGF[:200])
    broken = ESGF.replace("'SHA256' ", "")
    assert refused(broken) == "line 4: None: not in the form: 'FILE' 'URL' 'ALGORITHM' 'HEX'"


def test_a_list_for_s5cmd() -> None:
    assert told(S5CMD) == [
        f"series/a.dcm {STORE}/a.dcm",
        f"c.dcm {STORE}/b.dcm",
        f"d e.dcm {STORE}/d%20e.dcm",
    ]


def test_another_endpoint_of_s5cmd() -> None:
    command = "cp --version-id v1 s3://bucket/1/a.dcm .\n"
    minio = f"# s5cmd --endpoint-url https://minio.example:9000 run x\n{command}"
    assert told(minio) == ["a.dcm https://minio.example:9000/bucket/1/a.dcm?versionId=v1"]
    assert told(command) == [f"a.dcm {STORE}/a.dcm?versionId=v1"]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("cp s3://bucket/1/* .", "use s3://bucket/1 as the manifest"),
        ("cp s3://bucket/* x/", "use s3://bucket/ as the manifest"),
        ("rm s3://bucket/1/a", "not a cp command"),
        ("cp s3://bucket/1/a", "expected cp s3://BUCKET/KEY NAME"),
        ("cp a.dcm s3://bucket/1/a", "expected cp s3://BUCKET/KEY NAME"),
        ("cp s3://bucket/1/a ../", "'..' component"),
    ],
)
def test_what_s5cmd_does_besides(command: str, why: str) -> None:
    assert why in refused(f"{S5CMD}{command}\n", "s5cmd")


def test_a_configuration_of_curl() -> None:
    assert told(CURL_CONFIG) == [
        'x/counts "A".h5ad https://h.example/files/1?catalog=c',
        "y.csv https://h.example/files/3",
    ]
    assert "has no output" in refused(CURL_CONFIG + 'url="https://h.example/files/4"\n')


def test_packages_of_conda() -> None:
    first, second, third = entries(CONDA)
    assert (first.path, dict(first.digests)) == ("a-1-0.conda", {"md5": MD5})
    assert (second.path, dict(second.digests)) == ("b-1-0.conda", {"sha256": SHA256})
    assert (third.path, dict(third.digests)) == ("c-1-0.tar.bz2", {})
    bare = f"@EXPLICIT\nhttps://h.example/a.conda#{SHA256}\n"
    assert dict(entries(bare)[0].digests) == {"sha256": SHA256}


FIRST = "https://h.example/metadata/?type=Experiment&status=released"


@pytest.mark.parametrize(
    "first",
    [f'"{FIRST}"', FIRST, f'"{FIRST}" -X GET -H "Accept: text/tsv" --data \'{{"a": 1}}\''],
)
def test_files_of_encode(first: str) -> None:
    document = "\n".join([first, *ENCODE.splitlines()[1:]])
    assert told(document) == [
        "A.bed.gz https://h.example/files/A/@@download/A.bed.gz",
        "B.bam https://h.example/files/B/@@download/B.bam",
    ]
