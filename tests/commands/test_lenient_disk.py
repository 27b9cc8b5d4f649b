"""On a disk as Windows and macOS have them: case does not count, and there are no symlinks.

It is exFAT in a file, mounted by FUSE; git-annex keeps unlocked files on it.
"""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab import Lab
from tests.portal import content_of, datalad, described, entries, publish, write_manifest

PATHS = ["sub-01/anat.nii", "sub-02/anat.nii", "Größe/Ä.txt"]


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str]) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("disk")
    image, point = folder / "image", folder / "disk"
    point.mkdir()
    with image.open("wb") as file:
        file.truncate(256 << 20)
    subprocess.run([program("mkfs.exfat"), image], check=True, capture_output=True)
    device = _run_as_root(program("losetup"), "--find", "--show", image)
    try:
        _run_as_root(program("mount.exfat-fuse"), device, point)
        try:
            (point / "A").touch()
            assert (point / "a").exists()
            yield point
        finally:
            _run_as_root("umount", point)
    finally:
        _run_as_root("losetup", "--detach", device)


def _run_as_root(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    # a container may have no such devices, and nothing that is installed gives it any
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr}")
    return done.stdout.strip()


def test_files_and_zip_are_those_of_another_disk(disk: Path, tmp_path: Path, lab: Lab) -> None:
    urls = publish(lab, PATHS)
    members = {path: described(path, url) for path, url in urls.items()}
    manifest = write_manifest(tmp_path / "m.json", members)
    archives = []
    for place in (disk, tmp_path):
        datalad("download-manifest", "--get", manifest, place / "study")
        for path in PATHS:
            assert (place / "study" / path).read_bytes() == content_of(path)
        datalad("export-archive", place / "study.zip", cwd=place / "study")
        archives.append((place / "study.zip").read_bytes())
    assert archives[0] == archives[1]
    again = datalad("download-manifest", manifest, disk / "study")
    assert set(entries(again).values()) <= {"unchanged"}


def test_an_interrupted_file_continues(disk: Path, tmp_path: Path, lab: Lab) -> None:
    """Its journal, its locks and its renaming work there, too."""
    content = content_of("big", 3_000_000)
    url = lab.put("big", content, cut_at=1_000_000, times=1)
    digests = {"sha256": hashlib.sha256(content).hexdigest()}
    members = {"big": {"urls": [url], "size": len(content), "digests": digests}}
    manifest = write_manifest(tmp_path / "big.json", members)
    datalad("download-manifest", "--get", manifest, disk / "big")
    assert (disk / "big" / "big").read_bytes() == content
    assert lab.sent("big") == len(content)


def test_names_that_differ_by_case_alone(disk: Path, tmp_path: Path, lab: Lab) -> None:
    """A disk has but one of them; the zip has both, each with its own content."""
    paths = ["sub/File.txt", "sub/file.TXT"]
    urls = publish(lab, paths)
    members = {path: described(path, url) for path, url in urls.items()}
    manifest = write_manifest(tmp_path / "case.json", members)
    datalad("download-manifest", manifest, disk / "case")
    datalad("export-archive", tmp_path / "case.zip", cwd=disk / "case")
    with zipfile.ZipFile(tmp_path / "case.zip") as archive:
        for path in paths:
            assert archive.read(f"case/{path}") == content_of(path)
