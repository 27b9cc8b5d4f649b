"""Operations yield values, and need no DataLad."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import pytest

from datalad_jsdl.operations import import_fetching
from datalad_jsdl.operations.check import check_import
from datalad_jsdl.operations.checked import Checked, CheckedMirror
from datalad_jsdl.operations.engines import Engines
from datalad_jsdl.operations.get_content import (
    ContentOptions,
    FileResult,
    FileState,
    Missing,
    Total,
    get_content,
)
from datalad_jsdl.operations.import_manifest import Refused, import_manifest
from datalad_jsdl.operations.import_options import ImportOptions
from datalad_jsdl.operations.import_parts import Imported
from datalad_jsdl.operations.values import Failure, in_words
from datalad_jsdl.repository.annex.keys import key_file
from tests.conftest import run
from tests.lab import Lab
from tests.operations.plain_datasets import PlainDatasets
from tests.portal import content_of, described, git, publish, write_manifest

PATHS = ["a.txt", "sub/b.nii.gz"]


def options(members: dict[str, object], **more: object) -> ImportOptions:
    file = write_manifest("m.json", members)
    # mypy: fields of many types
    return ImportOptions(manifest=str(file), file=file, target=Path("ds").absolute(), **more)  # type: ignore[arg-type]


def test_an_import_a_check_and_a_download(lab: Lab) -> None:
    members = {path: described(path, url) for path, url in publish(lab, PATHS).items()}
    asked = options({**members, "../x": members["a.txt"]})
    *_, mirror, checked = check_import(asked)
    assert isinstance(mirror, CheckedMirror)
    assert (mirror.mirror.name, mirror.mirror.files) == (lab.url, 2)
    assert isinstance(checked, Checked)
    assert (checked.entries, checked.size, checked.lost) == (2, 6000, 0)
    assert not asked.target.exists()
    (imported,) = import_manifest(asked, PlainDatasets())
    assert isinstance(imported, Imported)
    assert imported.outcome.plan.counts()["added"] == 2
    assert [refusal.path for refusal in imported.refusals] == ["../x"]
    assert git(asked.target, "rev-parse", "HEAD") == imported.outcome.commit
    missing, *files, total = get_content(ContentOptions(asked.target), Engines())
    assert missing == Missing(2, 6000, 0)
    assert {
        file.path: file.state for file in files if isinstance(file, FileResult)
    } == dict.fromkeys(PATHS, FileState.FETCHED)
    assert isinstance(total, Total)
    assert (total.fetched, total.failed, total.without_url) == (2, 0, 0)
    assert all((asked.target / path).read_bytes() == content_of(path) for path in PATHS)


def test_content_that_is_here_and_cannot_be_read(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one file's failure: the others go on, and it stays as it was."""
    paths = ["a.nii", "b.nii", "c.nii"]
    members = {path: [url] for path, url in publish(lab, paths).items()}
    asked = options(members)
    (first,) = import_manifest(asked, PlainDatasets())
    root = asked.target
    git(root, "annex", "get", "a.nii", "b.nii")
    keys = {path: git(root, "annex", "lookupkey", path) for path in paths}
    plain = import_fetching.digest_into

    def broken(source: Path, target: Path) -> tuple[int, str]:
        if source.name == key_file(keys["a.nii"]):  # no disk of a test breaks when it is wanted to
            raise OSError(errno.EIO, "Input/output error")
        return plain(source, target)

    monkeypatch.setattr(import_fetching, "digest_into", broken)
    (second,) = import_manifest(options(members, get=True), PlainDatasets())
    assert isinstance(first, Imported)
    assert isinstance(second, Imported)
    outcome = second.outcome
    (failed,) = outcome.failures.items()
    assert failed[0] == "a.nii"
    assert "Input/output error" in in_words(failed[1])
    assert (outcome.wanted, outcome.files_fetched, outcome.came.size) == (1, 1, 3000)
    now = {path: git(root, "annex", "lookupkey", path) for path in paths}
    assert now["a.nii"] == keys["a.nii"]
    assert all(now[path].startswith("SHA256E-s3000--") for path in ("b.nii", "c.nii"))
    assert all((root / path).read_bytes() == content_of(path) for path in paths)


def test_what_goes_wrong_is_a_value(lab: Lab) -> None:
    (found,) = import_manifest(options({}, prefix=".."), PlainDatasets())
    assert isinstance(found, Failure)
    assert found.path == Path("ds").absolute()
    refused, nothing = import_manifest(options({"../x": [lab.put("x")]}), PlainDatasets())
    assert isinstance(refused, Refused)
    assert isinstance(nothing, Failure)
    assert not Path("ds").exists()
    (problem,) = get_content(ContentOptions(Path("nowhere").absolute()), Engines())
    assert isinstance(problem, Failure)


def test_it_is_not_loaded(lab: Lab) -> None:
    file = write_manifest("m.json", {"a": [lab.put("a", b"abc")]})
    code = (
        "import sys; from pathlib import Path\n"
        "from datalad_jsdl.operations import "
        "check, export_archive, export_manifest, get_content, import_manifest as it\n"
        "from datalad_jsdl.operations.import_options import ImportOptions\n"
        f"asked = ImportOptions(manifest={str(file)!r}, file=Path({str(file)!r}),"
        " target=Path('ds').absolute(), dry=True)\n"
        "print(*(type(found).__name__ for found in it.import_manifest(asked, None)))\n"
        "print({'datalad', 'argparse', 'annexremote'} & sys.modules.keys())\n"
    )
    assert run(sys.executable, "-c", code).split("\n")[:2] == ["Imported", "set()"]
