"""Projects, folders, datasets and files of Synapse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.model.entry import Entry, Refusal
from datalad_jsdl.operations.manifest_place import ManifestPlace
from datalad_jsdl.operations.open_manifest import open_source
from tests.lab import File
from tests.manifest.portals.test_named_addresses import read
from tests.portal import datalad, git, summary
from tests.portals import answer, listed, md5, paths

if TYPE_CHECKING:
    from tests.lab import Lab
    from tests.vault import Vault
    from tests.wire import Talk

MODEL = "org.sagebionetworks.repo.model."
FILE, FOLDER = f"{MODEL}FileEntity", f"{MODEL}Folder"
ENTITY = "/repo/v1/entity"


class Synapse:
    """Entities, their children in pages of two, and their file handles.

    Args:
        token: without which nothing is answered; "" for none.
    """

    def __init__(self, lab: Lab, token: str = "") -> None:
        self.lab = lab
        self.wants = ("Authorization", f"Bearer {token}") if token else None
        self.children: dict[str, list[dict[str, Any]]] = {}
        lab.files[f"{ENTITY}/children"] = File(answer=self.page, wants=self.wants)

    def page(self, talk: Talk, content: bytes) -> None:
        asked = json.loads(self.lab.requests[-1].body)
        assert asked["includeTypes"] == ["folder", "file"]
        start = int(asked["nextPageToken"] or 0)
        found = self.children.get(asked["parentId"], [])
        following = str(start + 2) if start + 2 < len(found) else None
        document = {"page": found[start : start + 2], "nextPageToken": following}
        talk.answer(200, json.dumps(document).encode())

    def answer(self, target: str, document: Any) -> None:
        answer(self.lab, target, document, wants=self.wants)

    def file(self, number: int, name: str, content: bytes, **handle: Any) -> dict[str, Any]:
        """A file, and the preview that it has; its header."""
        own = {
            "id": str(900 + number),
            "fileName": f"{name} as uploaded",
            "contentSize": len(content),
            "contentMd5": md5(content),
            "concreteType": f"{MODEL}file.S3FileHandle",
            "createdOn": "2024-01-02T03:04:05.000Z",
            "status": "AVAILABLE",
            **handle,
        }
        header = {"id": f"syn{number}", "name": name, "type": FILE, "versionNumber": 2}
        entity = {**header, "concreteType": FILE, "dataFileHandleId": own["id"]}
        preview = {"id": str(800 + number), "fileName": "preview.png", "isPreview": True}
        for place in (f"syn{number}", f"syn{number}/version/2"):
            self.answer(f"{ENTITY}/{place}", entity)
        handles = {"list": [preview, own]}
        self.answer(f"{ENTITY}/syn{number}/version/2/filehandles", handles)
        query = f"?fileAssociateType=FileEntity&fileAssociateId=syn{number}"
        # a redirect to where it is, signed
        self.lab.put(f"store/{number}", content)
        signed = f"/store/{number}?X-Amz-Signature=planted"
        redirect = File(location=signed, wants=self.wants)
        self.lab.files[f"/file/v1/file/{own['id']}{query}"] = redirect
        return header

    def folder(self, number: int, name: str, *items: dict[str, Any]) -> dict[str, Any]:
        self.children[f"syn{number}"] = list(items)
        header = {"id": f"syn{number}", "name": name, "type": FOLDER}
        self.answer(f"{ENTITY}/syn{number}", {**header, "concreteType": FOLDER})
        return header


def test_a_folder(lab: Lab) -> None:
    synapse = Synapse(lab)
    files = [synapse.file(n, f"{n}.nii", b"x" * n) for n in (1, 2, 3)]
    inner = synapse.folder(20, "inner", synapse.file(4, "4.nii", b"four"))
    synapse.folder(10, "top", *files, inner, {"id": "syn5", "type": f"{MODEL}Link", "name": "l"})
    found = listed("synapse:SYN10", f"{lab.url}/repo/v1")
    assert paths(found) == ["1.nii", "2.nii", "3.nii", "inner/4.nii"]
    last = found[-1]
    assert isinstance(last, Entry)
    assert (last.size, last.digests) == (4, {"md5": md5(b"four")})
    assert last.mtime is not None
    (candidate,) = last.candidates
    where = "/file/v1/file/904?fileAssociateType=FileEntity&fileAssociateId=syn4"
    assert (candidate.url, candidate.signed) == (lab.url + where, False)


def test_a_dataset_and_a_file(lab: Lab) -> None:
    """A dataset has files of any folder, of which two may have one name."""
    synapse = Synapse(lab)
    for number, name in ((1, "a"), (2, "a"), (3, "b")):
        synapse.file(number, name, b"x")
    items = [{"entityId": f"syn{number}", "versionNumber": 2} for number in (1, 2, 3)]
    dataset = {"concreteType": f"{MODEL}table.Dataset", "items": items}
    synapse.answer(f"{ENTITY}/syn9/version/1", dataset)
    names = ["syn1/a as uploaded", "syn2/a as uploaded", "b as uploaded"]
    assert paths(listed("synapse:syn9.1", lab.url)) == names
    for address in ("synapse:syn1", "synapse:syn1.2"):
        assert paths(listed(address, lab.url)) == ["a"]


def test_a_token(tmp_path: Path, vault: Vault, lab: Lab) -> None:
    """It is for the listing and the files, and not for where these redirect to."""
    secret = vault.secret("synapse")
    synapse = Synapse(lab, secret)
    synapse.folder(10, "top", synapse.file(1, "1.nii", b"one"))
    with pytest.raises(StatusError, match="Synapse requires a personal access token"):
        listed("synapse:syn10", lab.url)
    vault.keyring("synapse", "secret", secret)
    line = f"{lab.url} datalad:synapse"
    place = ("--base-url", lab.url, "synapse:syn10", "ds")
    assert summary(datalad("download-manifest", "--credential", line, *place)) == {"added": 1}
    git(tmp_path / "ds", "annex", "get", "1.nii")
    assert (tmp_path / "ds/1.nii").read_bytes() == b"one"


def test_files_that_cannot_be_had(lab: Lab) -> None:
    synapse = Synapse(lab)
    files = [
        synapse.file(1, "1", b"x", status="ARCHIVED"),
        synapse.file(2, "2", b"x", externalURL="https://other.example/2", contentMd5=None),
        synapse.file(3, "3", b"x", id="../x"),
    ]
    synapse.folder(10, "top", *files)
    first, second, third = listed("synapse:syn10", lab.url)
    assert isinstance(first, Refusal)
    assert isinstance(second, Entry)
    assert isinstance(third, Refusal)
    assert "not available (archived)" in first.reason
    assert [c.url for c in second.candidates] == ["https://other.example/2"]
    assert "no file handle" in third.reason


def test_what_cannot_be(lab: Lab) -> None:
    for address in ("synapse:1", "synapse:syn", "synapse:syn1.x", "synapse:syn1/2"):
        with pytest.raises(ManifestError, match="expected the ID of an entity"):
            listed(address, lab.url)
    with pytest.raises(StatusError, match=r"Synapse has no entity syn1\.2"):
        listed("synapse:syn1.2", lab.url)
    synapse = Synapse(lab)
    synapse.answer(f"{ENTITY}/syn1", {"concreteType": f"{MODEL}table.TableEntity"})
    with pytest.raises(ManifestError, match="syn1 is a TableEntity, not a project, folder"):
        listed("synapse:syn1", lab.url)
    for children in ([{"type": FILE}], [{"type": FILE, "id": "syn5"}], [{"type": FOLDER}]):
        synapse.folder(10, "top", *children)
        with pytest.raises(ManifestError, match=r"has no ID|lacks its version"):
            listed("synapse:syn10", lab.url)
    synapse.folder(10, "top", {"type": FOLDER, "id": "syn10", "name": "itself"})
    with pytest.raises(ManifestError, match="or one that is in two others"):
        listed("synapse:syn10", lab.url)


def test_several(lab: Lab) -> None:
    """Files are read as those of a dataset are, folders by what is in them; the rest is refused."""
    synapse = Synapse(lab)
    first, second = (synapse.file(n, "a", b"x") for n in (1, 2))
    synapse.folder(10, "top", first, second, synapse.file(3, "c", b"x"))
    synapse.answer(f"{ENTITY}/syn8", {"concreteType": f"{MODEL}table.TableEntity"})
    found = listed("synapse:syn1, syn2.2,syn1,syn10,syn8", lab.url)
    assert paths(found) == [
        None,
        "syn1/a as uploaded",
        "syn2/a as uploaded",
        "top/a",
        "top/a",
        "top/c",
    ]
    refused = found[0]
    assert isinstance(refused, Refusal)
    assert "syn8 is a TableEntity" in refused.reason
    with pytest.raises(StatusError, match="Synapse lacks one of them"):
        listed("synapse:syn1,syn4", lab.url)


CART = (
    "ID,name,versionNumber,dataFileSizeBytes,synapseURL,dataFileMD5Hex\n"
    "syn1,a,2,1,https://www.synapse.org/#!Synapse:syn1,\n"
    "syn3,b,,1,https://www.synapse.org/#!Synapse:syn3,\n"
    "x,b,,1,,\n"
)


@pytest.mark.parametrize(
    ("name", "text", "refused"),
    [
        ("manifest.csv", CART, ["line 4"]),
        ("list.txt", "# of today\n\nsyn1.2\nsyn3\n", []),
        ("one.txt", "syn1.2\nx\nsyn3\n", ["line 2"]),
        ("table.tsv", "sample\tsynId\nA\tsyn1\nB\tsyn3\nC\n", ["line 4"]),
    ],
)
def test_a_cart(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, name: str, text: str, refused: list[str]
) -> None:
    """Its IDs are asked for, several with one address."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "datalad.jsdl.address.synapse")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", lab.url)
    synapse = Synapse(lab)
    for number, file in ((1, "a"), (3, "b")):
        synapse.file(number, file, b"x")
    manifest = Path(name).absolute()
    manifest.write_text(text)
    place = ManifestPlace(name, manifest, None, "synapse" if name == "one.txt" else None, Options())
    with open_source(place) as source:
        found = list(source.entries())
    entries = [item for item in found if isinstance(item, Entry)]
    assert paths(list(entries)) == ["a as uploaded", "b as uploaded"]
    assert entries[0].digests == {"md5": md5(b"x")}
    assert [item.where for item in found if isinstance(item, Refusal)] == refused


def deny(lab: Lab, *targets: str) -> None:
    for target in targets:
        answer(lab, f"{ENTITY}/{target}", {"reason": "not yours"}, status=403)


def test_a_cart_with_what_wants_a_login(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused alone, whichever question it is that is not answered; then it comes by the
    name that it has in the cart."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "datalad.jsdl.address.synapse")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", lab.url)
    synapse = Synapse(lab)
    for number in (1, 2, 3):
        synapse.file(number, f"{number}", b"x" * number)
    synapse.folder(10, "top", synapse.file(4, "4", b"four"), synapse.file(5, "5", b"fives"))
    served = dict(lab.files)
    denied = ["syn1", "syn3/version/2/filehandles", "syn5/version/2/filehandles"]
    deny(lab, *denied)
    file = Path("ids.txt").absolute()
    file.write_text("syn1\nsyn2\nsyn3\nsyn10\n")
    refused = [item for item in read(file) if isinstance(item, Refusal)]
    assert {item.where: item.path for item in refused} == {
        "line 1 to line 4, syn1": None,
        "line 1 to line 4, syn3.2": None,
        "line 1 to line 4, syn5.2": "top/5",
    }
    assert all("requires a personal access token" in item.reason for item in refused)
    done = datalad("download-manifest", file.name, "ds", "--failed", "left.json", code=1)
    assert summary(done) == {"added": 2, "refused": 3}
    lab.files.update(served)
    assert summary(datalad("download-manifest", "left.json", "ds")) == {"added": 3}
    names = [path.relative_to("ds").as_posix() for path in Path("ds").rglob("*")]
    uploaded = {f"{number} as uploaded" for number in (1, 2, 3)}
    assert {*uploaded, "top/4", "top/5"} <= set(names)
    deny(lab, "syn1", "syn2", "syn3", "syn10")
    with pytest.raises(StatusError, match=r"^line 1 to line 4: an ID of Synapse needs an answer"):
        read(file)
    # the hundredth is the last that is asked for, but for a few that are under way
    lab.requests.clear()
    deny(lab, *(f"syn{number}" for number in range(1000, 1900)))
    file.write_text("".join(f"syn{number}\n" for number in range(1000, 1900)))
    with pytest.raises(StatusError, match="requires a personal access token"):
        read(file)
    assert len(lab.requests) < 200


def test_what_wants_a_login_at_another_server(lab: Lab) -> None:
    """By itself it would be asked for at the usual one: it comes with the whole address."""
    synapse = Synapse(lab)
    for number in (1, 2):
        synapse.file(number, f"{number}", b"x" * number)
    synapse.folder(10, "top", synapse.file(3, "3", b"three"))
    served = dict(lab.files)
    deny(lab, "syn1", "syn3/version/2/filehandles")
    place = ("--base-url", lab.url, "synapse:syn1,syn2,syn10", "ds")
    done = datalad("download-manifest", *place, "--failed", "left.json", code=1)
    assert summary(done) == {"added": 1, "refused": 2}
    left = [json.loads(line) for line in Path("left.json").read_text().splitlines()]
    assert [(one["path"], *one) for one in left] == [(p, "path", "reason") for p in ("", "top/3")]
    assert all(one["reason"].endswith("; then import the whole address again") for one in left)
    lab.files.update(served)
    assert summary(datalad("download-manifest", *place)) == {"added": 2, "unchanged": 1}


def test_a_name_that_another_file_got_while_this_one_was_refused(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not replaced; with both there, each has a folder of its own."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "datalad.jsdl.address.synapse")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", lab.url)
    synapse = Synapse(lab)
    for number in (1, 2):
        synapse.file(number, "x", b"x" * number, fileName="x.csv")
    served = dict(lab.files)
    deny(lab, "syn1")
    file = Path("ids.txt").absolute()
    file.write_text("syn1\nsyn2\n")
    done = datalad("download-manifest", file.name, "ds", "--failed", "left.json", code=1)
    assert summary(done) == {"added": 1, "refused": 1}
    before = git(Path("ds"), "rev-parse", "HEAD:x.csv")
    lab.files.update(served)
    # the second time, what is kept to be tried again is no longer an address
    for _ in range(2):
        again = ("download-manifest", "left.json", "ds", "--failed", "left.json")
        done = datalad(*again, code=1)
        assert summary(done) == {"conflicts": 1}
        (said,) = [r["message"] for r in done if r.get("change") == "conflict"]
        assert "perhaps of another entry of the original manifest" in said
        assert said.endswith("import the original manifest again")
        assert git(Path("ds"), "rev-parse", "HEAD:x.csv") == before
    done = datalad("download-manifest", file.name, "ds", "--delete")
    assert summary(done) == {"added": 2, "gone": 1, "deleted": 1, "renamed": 1}
    assert [Path(f"ds/syn{n}/x.csv").is_symlink() for n in (1, 2)] == [True, True]


def test_a_table_with_urls_is_none_of_synapse(tmp_path: Path) -> None:
    """Nobody is asked."""
    manifest = tmp_path / "t.csv"
    manifest.write_text("id,name,url\nsyn1,a.nii,https://h.example/a.nii\n")
    assert paths(read(manifest)) == ["a.nii"]
    manifest.write_text("path,parent\n/home/a/x.nii,syn2\n")
    with pytest.raises(ManifestError, match="a manifest of Synapse, which has no URLs"):
        read(manifest)
