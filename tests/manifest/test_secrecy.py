"""Which URLs carry a secret, in both directions."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.manifest.record import Record, entry_from_record
from datalad_jsdl.manifest.selection import Selection, select_entries
from datalad_jsdl.model.entry import Entry, Refusal
from datalad_jsdl.model.secrecy import DEFAULT, Secrecy

UUID = "c0ffee00-1234-4abc-9def-0123456789ab"
OTHER = "0badcafe-4321-4cba-8fed-ba9876543210"
TOKEN = "q8Zt3LwX0vNcB5RyK7dMhT1s"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
HEX = "9e107d9d372bb6826bd81d3542a419d6"

SECRET = {
    "AWS": "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=60&X-Amz-Signature=ab",
    "AWS, version 2": "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1700000000&Signature=a%2Bb%3D",
    "Google": "X-Goog-Signature=ab",
    "Google, version 2": "GoogleAccessId=a%40b.iam&Expires=1700000000&Signature=ab",
    "Azure": "sv=2022-11-02&se=2024-05-01T00%3A00%3A00Z&sr=b&sp=r&sig=ab%3D",
    "CloudFront": "Expires=1700000000&Signature=ab&Key-Pair-Id=K2",
    "CloudFront, with a policy": "Policy=eyJTdGF0ZW1lbnQiOlt7fV19&Signature=ab&Key-Pair-Id=K2",
    "Akamai": "hdnea=st=1700000000~exp=1700000060~acl=/*~hmac=ab",
    "Akamai, hdnts": "hdnts=exp=1700000060~acl=/*~hmac=ab",
    "Alibaba": "OSSAccessKeyId=a&Expires=1700000000&Signature=ab",
    "Tencent": "q-sign-algorithm=sha1&q-ak=a&q-signature=ab",
    "Swift": "temp_url_sig=ab&temp_url_expires=1700000000",
    "nginx": f"md5={HEX}&expires=1700000000",
    "SharePoint": f"tempauth=v1.{JWT}",
    "Dataverse": f"key={UUID}",
    "Dataverse, a signed URL": f"until=2024-01-01&user=me&method=GET&token={HEX}{HEX}",
    "Zenodo": f"download=1&token={JWT}",
    "Figshare": "private_link=0a1b2c3d4e5f60718293",
    "OSF": f"view_only={HEX}",
    "Gen3 and Box": f"access_token={TOKEN}",
    "Orthanc": f"token={JWT}",
    "XNAT": f"jsessionid={HEX.upper()}",
    "ORCID": f"code={TOKEN}",
    "GitHub": "x=ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "any name": f"whatever={JWT}",
    "a random value beside its end": f"q={TOKEN}&expires=1700000000",
    "a URL in it": "to=https%3A%2F%2Fb.example%2Ff%3FX-Amz-Signature%3Ds",
    "a password": "password=hunter2",
    "an OAuth 1 signature": "oauth_signature=ab",
    "a session": f"session={TOKEN}",
    "a sign": f"sign={HEX}",
    "a signature in short": f"sig={TOKEN}",
    "a ticket": f"ticket=ST-1-{TOKEN}",
}

HARMLESS = {
    "an MRI session": "subject=01&session=ses-02",
    "an object": "key=sub-01/anat.nii",
    "a long name": "key=sub-01_ses-02_task-rest_acq-multiband_run-01_bold.nii.gz",
    "a study": "sid=4711",
    "a pass": "run=1&pass=2",
    "a policy": "policy=open",
    "a ticket": "ticket=1234567890",
    "verify": "verify=false",
    "token": "token=T1w",
    "a date": "session=20240501T120000Z",
    "a time": "session=2024-05-01T12:00:00",
    "a UID": "session=1.2.840.113619.2.55.3.604688119.971",
    "an XNAT session": "session=XNAT_E00123",
    "sign": "sign=left",
    "a signal": "sig=3",
    "auth": "auth=none",
    "a gene signature": "signature=hallmark-hypoxia",
    "a login's policy": "credentials=omit",
    "code": "code=T1w",
    "view only": "view_only=true",
    "a version": "versionId=3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY",
    "a file": f"id={UUID}&fileId={UUID}",
    "a digest": f"checksum={HEX}&md5={HEX}",
    "an ETag": f"etag={HEX}",
    "an experiment": f"md5={HEX}&exp=3",
    "Google Drive": f"id=1{TOKEN}&resourcekey=0-{TOKEN}",
    "Dropbox": "rlkey=p2x8v1k9q3z7m4n6b5c0&st=a1b2c3d4&dl=1",
    "Dataverse's format": "format=original&gbrecs=true",
    "persistent ids": "persistentId=doi:10.7910/DVN/TJCLKP",
    "requester pays": "x-amz-request-payer=requester",
    "a continuation": "key=ADNI_002_S_0295_MR",
    "a commit": f"ref={HEX}{HEX[:8]}",
    "empty": "key=&token=&session=&password=",
}


@pytest.mark.parametrize("which", SECRET)
def test_secret(which: str) -> None:
    assert DEFAULT.is_signed(f"https://a.example/f?{SECRET[which]}")


@pytest.mark.parametrize("which", HARMLESS)
def test_harmless(which: str) -> None:
    assert not DEFAULT.is_signed(f"https://a.example/f?{HARMLESS[which]}")


def selected(*queries: str, secrecy: Secrecy = DEFAULT, get: bool = False) -> Selection:
    items = []
    for number, query in enumerate(queries):
        url = f"https://a.example/{number}?{query}"
        items.append(entry_from_record(Record(str(number), [url], "line 1"), None, secrecy))
    assert all(isinstance(item, (Entry, Refusal)) for item in items)
    return select_entries(items, secrecy=secrecy, use_signed=get)


def test_what_all_urls_share_is_a_token_of_the_manifest() -> None:
    assert not selected(f"key={UUID}", f"key={UUID}").entries
    assert len(selected(f"key={UUID}", f"key={OTHER}").entries) == 2
    assert not selected(f"t={TOKEN}", f"t={TOKEN}").entries
    assert len(selected(f"t={TOKEN}", f"t={TOKEN[::-1]}").entries) == 2
    assert len(selected(f"format=raw&commit={TOKEN}", f"format=raw&commit={TOKEN}").entries) == 2
    # a token for each file is one all the same
    assert not selected(f"token={UUID}", f"token={OTHER}").entries


def test_a_shared_token_is_used_and_not_registered() -> None:
    found = selected(f"t={TOKEN}", f"t={TOKEN}", get=True).entries
    assert [entry.registrable for entry in found.values()] == [(), ()]


def test_the_refusal_names_the_parameter_and_the_way_out() -> None:
    (refusal,) = selected(f"run=1&key={UUID}").refusals
    assert "'key'" in refusal.reason
    assert "--add datalad.jsdl.not-secret key" in refusal.reason
    assert UUID not in refusal.reason
    (refusal,) = selected("X-Amz-Signature=hunter2").refusals
    assert "'X-Amz-Signature'" in refusal.reason
    assert "not-secret" not in refusal.reason


def test_the_user_has_the_last_word_but_on_signatures() -> None:
    said = Secrecy.of(iter(["KEY", "x-amz-signature"]), iter(["run"]))
    assert selected(f"key={UUID}", secrecy=said).entries
    assert not selected("run=1", secrecy=said).entries
    assert not selected("X-Amz-Signature=a", secrecy=said).entries


PARTS = [part for query in (*SECRET.values(), *HARMLESS.values()) for part in query.split("&")]
PLACES = ["?", "/x?", "?&", ";p=1?", "#f?", "/[?", "?a?"]


@given(
    st.sampled_from(PLACES),
    st.lists(
        st.sampled_from([*PARTS, "a=b://c", "a=b%3A//c", "a=b\t:", "a%3d=1", "", "="]), max_size=4
    ),
    st.sampled_from([Secrecy(), Secrecy(secret=frozenset({"q", "whatever"}))]),
)
def test_the_short_look_at_parameters_finds_what_the_full_one_does(
    place: str, parts: list[str], secrecy: Secrecy
) -> None:
    url = f"https://h.example/a{place}{'&'.join(parts)}"
    short = secrecy.finding(url)
    with patch.object(Secrecy, "_says_little", return_value=False):  # as every URL once was
        assert secrecy.finding(url) == short


def test_usual_parameters_need_no_full_look() -> None:
    url = "https://h.example/f?catalog=dcp39&version=2019-05-16T21%3A18%3A12.6Z"
    with patch.object(Secrecy, "_of_one", side_effect=AssertionError):
        assert DEFAULT.finding(url) is None
