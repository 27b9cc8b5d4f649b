"""From a list to an archive on the command line: chosen, reviewed, ordered, exported for ever."""

from __future__ import annotations

import json
import os
import signal
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import run
from tests.kill_at import KillAt
from tests.lab import Lab, sha256
from tests.portal import content_of, datalad, described, git, write_manifest
from tests.running import run_datalad, start_datalad

SUBJECTS = {"01": (31, "F"), "02": (25, "M"), "03": (44, "F")}
TABLE = "participants.tsv"
TABLE_TEXT = "participant_id\tage\tsex\n" + "".join(
    f"sub-{name}\t{age}\t{sex}\n" for name, (age, sex) in SUBJECTS.items()
)
IMAGES = [f"sub-{name}/anat/sub-{name}_T1w.nii.gz" for name in SUBJECTS]
TERMS = {"kind": "terms", "url": "https://portal.example.org/terms", "text": "Accept the terms"}


@pytest.fixture
def members(lab: Lab) -> dict[str, Any]:
    found = {}
    for path in IMAGES:
        url = lab.put(path, content_of(path))
        found[path] = described(path, url, mtime="2024-03-01T10:00:00Z")
    table = TABLE_TEXT.encode()
    found[TABLE] = {"urls": [lab.put(TABLE, table)], "size": len(table)}
    return found


@pytest.fixture
def dataset(tmp_path: Path, members: dict[str, Any], ready: Callable[..., Path]) -> Path:
    return ready(members, tmp_path / "ds")


def last(*args: str | Path, code: int = 0) -> dict[str, Any]:
    """The last result record of a command in the dataset."""
    return datalad(*args, cwd=Path("ds").absolute(), code=code)[-1]


def listed() -> list[str]:
    records = datalad("download-list", "show", cwd=Path("ds").absolute())
    return [record["entry"] for record in records if "entry" in record]


def order(name: str = "visit1") -> str:
    made: str = last("download-order", "create", "--name", name)["order"]
    return made


def exported(identity: str, name: str) -> bytes:
    last("download-order", "export", identity, Path(name).absolute())
    return Path(name).read_bytes()


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        (["sub-01"], []),
        (["sub-01/anat"], IMAGES[:1]),
        (["sub-01", "--recursive"], IMAGES[:1]),
        (["--recursive", "sub-01", "sub-03"], [IMAGES[0], IMAGES[2]]),
        ([IMAGES[1]], IMAGES[1:2]),
        (["."], [TABLE]),
        (["-r", "."], [TABLE, *IMAGES]),
        (["--glob", "*.nii.gz"], IMAGES),
        (["--glob", "*.tsv", "--glob", "sub-02"], [TABLE, IMAGES[1]]),
        (["--where", "age > 30 and sex == 'F'"], [IMAGES[0], IMAGES[2]]),
        (["--where", "age > 30", "sub-01"], IMAGES[:1]),
        (["--where", "age > 90"], []),
    ],
)
def test_choosing(dataset: Path, options: list[str], paths: list[str]) -> None:
    code = 0 if paths else 1
    seen = last("download-list", "add", "--dry-run", *options, code=code)
    assert listed() == []
    made = last("download-list", "add", *options, code=code)
    assert listed() == paths
    if paths:
        assert seen["files"] == made["files"] == made["added"] == len(paths)
        again = last("download-list", "add", *options)
        assert (again["added"], again["on_list"]) == (0, len(paths))
    else:
        assert "no file fits" in made["message"]


def test_metadata_of_git_annex(dataset: Path) -> None:
    git(dataset, "annex", "get", "-q", IMAGES[0], IMAGES[1])
    git(dataset, "annex", "metadata", "-q", "-s", "quality=4", IMAGES[0])
    git(dataset, "annex", "metadata", "-q", "-s", "quality=2", IMAGES[1])
    assert last("download-list", "add", "--metadata", "quality>3")["files"] == 1
    assert listed() == IMAGES[:1]
    failed = last("download-list", "add", "--metadata", "quality", code=1)
    assert "expected FIELD=GLOB" in failed["message"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--where", "weight > 3"], "no table has the column weight; there are: age, "),
        (["--where", "__import__('os').system('touch x')"], "expected a comparison"),
        (["nothing-here"], "nothing to add at nothing-here"),
        (["--glob", "*", "--ref", "v9"], "git finds no commit 'v9'"),
        ([], "nothing says which files"),
    ],
)
def test_what_cannot_be_chosen(dataset: Path, options: list[str], says: str) -> None:
    assert says in last("download-list", "add", *options, code=1)["message"]
    assert listed() == []


def test_sessions_and_scans_are_joined(tmp_path: Path, lab: Lab) -> None:
    texts = {
        TABLE: TABLE_TEXT,
        "sub-01/sub-01_sessions.tsv": "session_id\tfever\nses-1\tyes\nses-2\tno\n",
        "sub-01/ses-1/sub-01_ses-1_scans.tsv": "filename\tquality\nfunc/a_bold.nii\t5\n",
        "sub-01/ses-1/func/a_bold.nii": "1",
        "sub-01/ses-1/func/b_bold.nii": "2",
        "sub-01/ses-2/func/a_bold.nii": "3",
    }
    found = {path: {"urls": [lab.put(path, text.encode())]} for path, text in texts.items()}
    write_manifest("m.json", found)
    datalad("download-manifest", "m.json", "ds")
    last("download-list", "add", "--glob", "*.nii", "--where", "fever == 'yes' and age > 30")
    assert listed() == ["sub-01/ses-1/func/a_bold.nii", "sub-01/ses-1/func/b_bold.nii"]
    last("download-list", "clear")
    last("download-list", "add", "--where", "quality >= 5")
    assert listed() == ["sub-01/ses-1/func/a_bold.nii"]


def test_remove_clear_undo(dataset: Path) -> None:
    last("download-list", "add", "-r", ".")
    assert last("download-list", "remove", "sub-01", TABLE)["files"] == 2
    assert last("download-list", "clear")["removed"] == 2
    assert last("download-list", "undo")["restored"] == 2
    assert last("download-list", "undo")["files"] == 4
    assert "nothing on the list is at x" in last("download-list", "remove", "x", code=1)["message"]
    assert git(dataset, "status", "--porcelain") == ""


def test_an_order_is_what_export_archive_writes_and_stays_so(
    dataset: Path, tmp_path: Path, lab: Lab
) -> None:
    """After changes on top, with content and without, and elsewhere with the manifest alone."""
    last("download-list", "add", "-r", ".")
    identity = order()
    datalad("export-archive-jsdl", "-d", dataset, "-t", "zip", tmp_path / "visit1.zip")
    wanted = (tmp_path / "visit1.zip").read_bytes()
    assert exported(identity, "one.zip") == wanted
    assert last("download-order", "manifest", identity, tmp_path / "o.json")["entries"] == 4

    git(dataset, "rm", "-q", IMAGES[0])
    (dataset / "new").write_text("new")
    git(dataset, "mv", IMAGES[1], "elsewhere.nii.gz")
    git(dataset, "add", "new")
    git(dataset, "commit", "-q", "-m", "a year of work")
    changed = json.loads((tmp_path / "m.json").read_text())
    changed[IMAGES[2]]["mtime"] = "2025-01-01T00:00:00Z"
    datalad("download-manifest", write_manifest("m2.json", changed), "ds")
    git(dataset, "annex", "get", "-q", ".")
    assert exported(identity, "two.zip") == wanted

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = ["export-archive-jsdl", "--manifest", tmp_path / "o.json", "-t", "zip", "visit1.zip"]
    datalad(*command, cwd=elsewhere)
    assert (elsewhere / "visit1.zip").read_bytes() == wanted

    found = datalad("download-order", "compare", identity, cwd=dataset)
    changes = {record["entry"]: record["change"] for record in found if "entry" in record}
    assert changes.keys() <= {TABLE, *IMAGES}
    shown = last("download-order", "show", identity)
    assert last("download-order", "verify", identity, tmp_path / "two.zip")["files"] == 4
    assert shown["sha256"] in shown["message"]


def test_an_order_outlives_the_branch_that_it_is_of(dataset: Path, tmp_path: Path) -> None:
    last("download-list", "add", "-r", ".")
    identity = order()
    wanted = exported(identity, "one.zip")
    git(dataset, "checkout", "-q", "--orphan", "other")
    git(dataset, "commit", "-q", "-m", "history begins anew")
    for branch in git(dataset, "branch", "--format=%(refname:short)").split():
        if branch not in ("other", "git-annex"):
            git(dataset, "branch", "-q", "-D", branch)
    git(dataset, "reflog", "expire", "--expire=now", "--all")
    git(dataset, "gc", "-q", "--prune=now")
    assert exported(identity, "two.zip") == wanted
    assert last("download-order", "compare")["unchanged"] == 4


def test_a_dataset_that_is_moved_takes_its_orders_along(dataset: Path, tmp_path: Path) -> None:
    last("download-list", "add", "sub-01/anat")
    identity = order()
    first = exported(identity, "a.zip")
    dataset.rename(tmp_path / "moved")
    datalad("download-order", "export", identity, tmp_path / "b.zip", cwd=tmp_path / "moved")
    assert (tmp_path / "b.zip").read_bytes() == first


def test_a_dataset_that_is_not_there(dataset: Path, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 's.sqlite'}"
    last("download-list", "add", "-r", ".", "--store", store)
    last("download-order", "create", "--store", store)
    dataset.rename(tmp_path / "moved")
    said = datalad("download-order", "export", "--store", store, code=1)[-1]["message"]
    assert f"is not in {dataset} any more; put it back there" in said
    (tmp_path / "moved").rename(dataset)
    datalad("download-order", "export", "--store", store)


def test_without_a_dataset(dataset: Path, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 's.sqlite'}"
    said = datalad("download-list", "add", "sub-01", code=1)[-1]["message"]
    assert "name one with --dataset, or a database with --store" in said
    said = datalad("download-list", "add", "x", "--store", store, code=1)[-1]["message"]
    assert "name one with --dataset, or a manifest with --manifest" in said
    manifest = ["--manifest", tmp_path / "m.json"]
    datalad("download-list", "add", "-r", "--store", store, *manifest)
    datalad("download-list", "add", "-r", "--store", store, "-d", dataset)
    assert datalad("download-list", "show", "--store", store)[-1]["files"] == 8


def test_a_manifest_on_standard_input(dataset: Path, tmp_path: Path) -> None:
    command = ["download-list", "add", "-r", "--manifest"]
    said = datalad(*command, "-", cwd=dataset, code=1, stdin="{}")[-1]["message"]
    assert "use a file or URL" in said
    last(*command, tmp_path / "m.json")


def test_there_is_no_order(dataset: Path) -> None:
    for action in ("show", "export", "prepare", "compare", "manifest"):
        said = last("download-order", action, code=1)["message"]
        assert "to make one, run: datalad download-order create" in said
    assert last("download-order", "list")["orders"] == 0
    assert "the list is empty" in last("download-order", "create", code=1)["message"]


def test_words_that_there_are_not(dataset: Path) -> None:
    for command, word in (("download-list", "undo"), ("download-order", "prepare")):
        done = run_datalad(command, "destroy", cwd=dataset)
        assert done.code == 2
        assert "invalid choice: 'destroy' (choose from " in done.stderr
        assert word in done.stderr
    done = run_datalad("download-order", "create", "--queue", cwd=dataset)
    assert "--queue belongs to prepare" in done.stderr
    done = run_datalad("download-list", "add", "--nothing", cwd=dataset)
    assert "unknown argument: --nothing" in done.stderr


def test_compare_with_today(dataset: Path, lab: Lab) -> None:
    last("download-list", "add", "-r", ".")
    order()
    assert last("download-order", "compare")["unchanged"] == 4
    git(dataset, "rm", "-q", IMAGES[0])
    (dataset / IMAGES[1]).unlink()
    (dataset / IMAGES[1]).write_text("new content")
    git(dataset, "add", IMAGES[1])
    git(dataset, "commit", "-q", "-m", "later")
    records = datalad("download-order", "compare", cwd=dataset)
    changes = {r["entry"]: r["change"] for r in records if "entry" in r}
    assert changes == {IMAGES[0]: "gone", IMAGES[1]: "changed"}
    assert (records[-1]["unchanged"], records[-1]["changed"], records[-1]["gone"]) == (2, 1, 1)


def test_what_is_restricted_stays_on_the_list(
    tmp_path: Path, members: dict[str, Any], ready: Callable[..., Path]
) -> None:
    members[IMAGES[1]]["access"] = TERMS
    ready(members, tmp_path / "ds")
    last("download-list", "add", "-r", ".")
    review = last("download-list", "show")
    (group,) = [group for group in review["groups"] if not group["orderable"]]
    assert (group["access"], group["where"], group["files"]) == ("terms", TERMS["url"], 1)
    made = last("download-order", "create")
    assert (made["files"], made["left"]) == (3, 1)
    assert listed() == [IMAGES[1]]
    assert "no file can be ordered" in last("download-order", "create", code=1)["message"]
    # the mirror gives it to this user
    last("download-list", "show", "--check")
    assert last("download-order", "create")["files"] == 1


def test_review_asks_the_mirrors(dataset: Path, lab: Lab) -> None:
    last("download-list", "add", "-r", ".")
    lab.put(IMAGES[0], b"", status=404)
    lab.put(IMAGES[1], b"", status=401)
    records = datalad("download-list", "show", "--check", cwd=dataset)
    access = {record["entry"]: record["access"] for record in records if "entry" in record}
    assert access == {
        TABLE: "open", IMAGES[0]: "gone", IMAGES[1]: "login", IMAGES[2]: "open",
    }  # fmt: skip
    assert last("download-order", "create")["files"] == 2
    assert sorted(listed()) == IMAGES[:2]


def test_each_file_has_a_link_to_its_original(dataset: Path, tmp_path: Path, lab: Lab) -> None:
    last("download-list", "add", IMAGES[0])
    last("download-list", "add", "--manifest", tmp_path / "m.json", TABLE)
    records = datalad("download-list", "show", cwd=dataset)
    links = {record["entry"]: record["link"] for record in records if "entry" in record}
    assert links == {path: f"{lab.url}/{path}" for path in (IMAGES[0], TABLE)}


def test_a_subset_is_ordered(dataset: Path) -> None:
    last("download-list", "add", "-r", ".")
    assert last("download-order", "create", "sub-01", "--name", "some")["files"] == 1
    assert listed() == [TABLE, *IMAGES[1:]]


def test_content_that_is_wrong_everywhere(dataset: Path, tmp_path: Path, lab: Lab) -> None:
    """The order says which, since when and what to do; the rest can be ordered."""
    last("download-list", "add", "-r", ".")
    identity = order()
    lab.put(IMAGES[1], b"x" * 3000)
    failed = last("download-order", "export", identity, tmp_path / "a.zip", code=1)
    assert IMAGES[1] in failed["message"]
    assert f"datalad download-order create --from {identity}" in failed["message"]
    assert not (tmp_path / "a.zip").exists()
    records = datalad("download-order", "show", identity, cwd=dataset)
    (bad,) = [record for record in records if record.get("access")]
    assert bad["entry"] == IMAGES[1]
    since = bad["since"]
    assert last("download-order", "prepare", identity, code=1)["status"] == "error"
    (bad,) = [r for r in datalad("download-order", "show", identity, cwd=dataset) if "access" in r]
    assert bad["since"] == since
    rest = last("download-order", "create", "--from", identity, "--name", "rest")
    assert rest["files"] == 3
    last("download-order", "export", rest["order"], tmp_path / "rest.zip")
    # it comes back
    lab.put(IMAGES[1], content_of(IMAGES[1]))
    last("download-order", "export", identity, tmp_path / "a.zip")
    assert last("download-order", "show", identity)["unavailable"] == 0


def test_an_archive_that_is_another_one(dataset: Path, tmp_path: Path) -> None:
    last("download-list", "add", "-r", ".")
    identity = order()
    whole = exported(identity, "a.zip")
    (tmp_path / "b.zip").write_bytes(whole[:-1] + b"x")
    said = last("download-order", "verify", identity, tmp_path / "b.zip", code=1)
    assert f"to write it, run: datalad download-order export {identity}" in said["message"]
    last("download-order", "export", identity, tmp_path / "b.zip")
    last("download-order", "verify", identity, tmp_path / "b.zip")


def test_verify_before_anything_is_known_of_the_archive(dataset: Path, tmp_path: Path) -> None:
    """By the digests of the members; a table without a digest is known only to be complete."""
    last("download-list", "add", "sub-01/anat", "sub-02/anat")
    identity = order()
    datalad(
        "export-archive-jsdl", "-d", dataset, "-t", "zip", tmp_path / "visit1.zip", "sub-01",
        "sub-02", cwd=dataset,
    )  # fmt: skip
    good = last("download-order", "verify", identity, tmp_path / "visit1.zip")
    assert last("download-order", "show", identity)["sha256"] == good["sha256"]
    raw = bytearray((tmp_path / "visit1.zip").read_bytes())
    other = order_again(dataset)
    raw[200] ^= 1
    (tmp_path / "bad.zip").write_bytes(raw)
    last("download-order", "verify", other, tmp_path / "bad.zip", code=1)
    assert last("download-order", "show", other)["sha256"] == ""


def order_again(dataset: Path) -> str:
    last("download-list", "add", "sub-01/anat", "sub-02/anat")
    return order()


def test_preparing_tells_size_and_checksum(dataset: Path, tmp_path: Path, lab: Lab) -> None:
    """In one pass: each file is fetched once."""
    last("download-list", "add", "-r", ".")
    identity = order()
    lab.requests.clear()
    told = last("download-order", "prepare", identity)
    assert sorted(r.path for r in lab.requests if r.method == "GET") == sorted(
        f"/{path}" for path in (TABLE, *IMAGES)
    )
    whole = exported(identity, "a.zip")
    assert (told["bytes"], told["sha256"]) == (len(whole), sha256(whole))
    last("download-order", "manifest", identity, tmp_path / "o.json")
    listed_there = json.loads((tmp_path / "o.json").read_text())
    assert all(fields["pieces"] for fields in listed_there.values())
    assert listed_there[TABLE]["digests"].keys() >= {"sha256"}


def test_entries_of_a_manifest_are_ordered_without_a_dataset(
    tmp_path: Path, members: dict[str, Any], ready: Callable[..., Path]
) -> None:
    manifest = write_manifest("portal.json", members)
    store = f"sqlite:///{tmp_path / 's.sqlite'}"
    run = ["download-list", "--store", store]
    datalad(*run, "add", "--manifest", manifest, "--recursive")
    made = datalad("download-order", "create", "--name", "all", "--store", store)[-1]
    assert made["files"] == 4
    write_manifest("portal.json", {})  # what was ordered does not depend on it
    datalad("download-order", "export", "--store", store)
    whole = Path("all.zip").read_bytes()
    Path("all.zip").unlink()
    write_manifest("portal.json", members)
    datalad("export-archive-jsdl", "--manifest", "portal.json", "-t", "zip", "all.zip")
    assert Path("all.zip").read_bytes() == whole


def test_the_line_to_cite_names_the_manifest(tmp_path: Path, lab: Lab) -> None:
    """Of a dataset as its import has recorded it; a secret is not shown, nor a file of here."""
    member = json.dumps({"f": described("f", lab.put("f", content_of("f")))}).encode()
    url = lab.put("m.json", member)
    datalad("download-manifest", f"{url}?version=2", "ds")
    datalad("download-manifest", "--prefix", "more", url, "ds")
    last("download-list", "add", "f", "more/f")
    order("a")
    cited = last("download-order", "show")["message"].splitlines()[1]
    assert f"to cite: a.zip (2 files, 6000 bytes) from {url}, {url}?version=2, order" in cited
    # the commit is gone
    version = run("git", "-C", "ds", "rev-parse", "HEAD").strip()
    for command in (
        f"update-ref -d refs/jsdl/orders/{version}",
        "commit --amend -q -m x",
        "reflog expire --expire=now --all",
        "gc -q --prune=now",
    ):
        run("git", "-C", "ds", *command.split())
    cited = last("download-order", "show")["message"].splitlines()[1]
    assert "to cite: a.zip (2 files, 6000 bytes), order" in cited
    Path("m.json").write_bytes(member)
    for given, shown in (
        (f"{url}?secret=planted", f" from {url}?…, order"),
        ("m.json", "), order"),
    ):
        store = f"sqlite:///{tmp_path}/{len(shown)}.sqlite"
        datalad("download-list", "add", "-r", "--manifest", given, "--store", store)
        datalad("download-order", "create", "--name", "b", "--store", store)
        said = datalad("download-order", "show", "--store", store)[-1]["message"]
        assert shown in said
        assert "planted" not in said


def test_a_manifest_that_was_moved(tmp_path: Path, members: dict[str, Any]) -> None:
    """Nothing has to be told: the error says so, and its advice works."""
    store = ("--store", f"sqlite:///{tmp_path / 's.sqlite'}")
    manifest = Path(write_manifest("portal.json", members))
    add = ("download-list", "add", "--recursive", *store, "--manifest")
    datalad(*add, manifest)
    made = datalad("download-order", "create", "--name", "all", *store)[-1]
    moved = manifest.rename("elsewhere.json")
    (told,) = datalad("download-list", "moved", "portal", moved, *store, code=1)
    assert "portal is a manifest, not a dataset" in told["message"]
    assert "download-list add --recursive --manifest MANIFEST" in told["message"]
    datalad("download-order", "export", made["order"], *store)
    assert datalad(*add, moved)[-1]["files"] == 4


def test_two_sources_are_two_folders(
    tmp_path: Path, members: dict[str, Any], ready: Callable[..., Path]
) -> None:
    ready(members, tmp_path / "ds")
    manifest = write_manifest("portal.json", members)
    last("download-list", "add", IMAGES[0])
    last("download-list", "add", "--manifest", manifest, IMAGES[0])
    identity = order("both")
    last("download-order", "export", identity, tmp_path / "both.zip")
    with zipfile.ZipFile(tmp_path / "both.zip") as archive:
        assert archive.namelist() == [f"both/ds/{IMAGES[0]}", f"both/portal/{IMAGES[0]}"]


STEPS = [
    KillAt("datalad_jsdl.orders.lists:locked"),
    KillAt("datalad_jsdl.orders.ordering:_added"),
    KillAt("datalad_jsdl.orders.ordering:_add_files"),
    KillAt("datalad_jsdl.orders.ordering:_take_off_list"),
    KillAt("datalad_jsdl.orders.ordering:_take_off_list", after=True),
]


def test_killed_in_a_transaction_nothing_has_happened(dataset: Path) -> None:
    last("download-list", "add", "-r", ".")
    for step in STEPS:
        done = run_datalad("download-order", "create", cwd=dataset, kill=step)
        assert done.code == -signal.SIGKILL, (step, done)
        assert len(listed()) == 4
    assert last("download-order", "create")["files"] == 4
    assert len(datalad("download-order", "list", cwd=dataset)) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "step",
    [
        KillAt("datalad_jsdl.orders.preparing:_Run._flush"),
        KillAt("datalad_jsdl.orders.preparing:_Run._flush", after=True),
        KillAt("datalad_jsdl.orders.store.contents:record_prepared"),
        KillAt("datalad_jsdl.archive.telling:TellingWriter.add", call=3),
        KillAt("datalad_jsdl.orders.ordering:Orders.record_archive"),
    ],
    ids=lambda step: f"{step.function.rpartition(':')[2]} {step.after}",
)
def test_killed_in_a_preparation_the_next_one_finishes_it(dataset: Path, step: KillAt) -> None:
    """Once the lease of the one that was killed has run out."""
    git(dataset, "annex", "get", "-q", ".")
    last("download-list", "add", "-r", ".")
    identity = order()
    done = run_datalad("download-order", "prepare", identity, cwd=dataset, kill=step)
    assert done.code == -signal.SIGKILL, done
    ended = last("download-order", "prepare", identity)
    assert ended["sha256"] == sha256(exported(identity, "a.zip"))


def test_a_worker_runs_what_is_in_the_queue(dataset: Path, tmp_path: Path) -> None:
    git(dataset, "annex", "get", "-q", ".")
    last("download-list", "add", "-r", ".")
    identity = order()
    assert last("download-order", "prepare", "--queue", identity)["job"]
    worker = start_datalad("-f", "json", "download-order", "worker", cwd=dataset)
    end = time.monotonic() + 60
    while not (found := last("download-order", "show", identity)["sha256"]):
        assert time.monotonic() < end
        time.sleep(0.2)
    os.kill(worker.pid, signal.SIGINT)
    assert worker.wait() == 0
    assert found == sha256(exported(identity, "a.zip"))
