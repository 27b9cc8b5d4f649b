"""Real servers with logins, each on a free port of 127.0.0.1; context managers."""

from __future__ import annotations

import io
import json
import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from tests.lab import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["dicom_instance", "orthanc", "rclone_s3"]


@contextmanager
def _running(
    command: list[str], url: str, log: Path, variables: dict[str, str] | None = None
) -> Iterator[str]:
    with log.open("wb") as output:
        environment = os.environ | (variables or {})
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        while True:
            try:
                requests.get(url, timeout=1)
                break
            except requests.RequestException:
                assert process.poll() is None, log.read_text(errors="replace")
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def orthanc(
    program: str, folder: Path, user: str, password: str, **further: object
) -> Iterator[str]:
    """Debian's Orthanc, with Basic authentication and perhaps *further* settings; its URL."""
    port = free_port()
    settings = {
        "Name": "test",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "HttpPort": port,
        "DicomServerEnabled": False,
        "RemoteAccessAllowed": True,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {user: password},
        "Plugins": [],
        **further,
    }
    folder.mkdir(parents=True)
    (folder / "orthanc.json").write_text(json.dumps(settings))
    command = [program, str(folder / "orthanc.json")]
    with _running(command, f"http://127.0.0.1:{port}", folder / "log") as url:
        yield url


def dicom_instance(number: int, **tags: object) -> bytes:
    """A small instance of one study and series, unless *tags* say something else."""
    import pydicom
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.8.498.1.{number}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    image.PatientID, image.PatientName = "sub-01", "Doe^Jane"
    image.StudyInstanceUID, image.SeriesInstanceUID = "1.2.826.0.1.1", "1.2.826.0.1.2"
    image.SOPClassUID = meta.MediaStorageSOPClassUID
    image.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    image.Modality, image.InstanceNumber = "OT", number
    image.Rows = image.Columns = 64
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 8
    image.HighBit, image.PixelRepresentation = 7, 0
    image.PixelData = bytes((number + i) % 256 for i in range(64 * 64))
    for name, value in tags.items():
        setattr(image, name, value)
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, image, enforce_file_format=True)
    return stream.getvalue()


@contextmanager
def rclone_s3(program: str, folder: Path, key: str, secret: str) -> Iterator[str]:
    """rclone's S3 server for the buckets (folders) in *folder*; it checks signatures."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    # not in the command line, which is searched for secrets
    keys = {"RCLONE_AUTH_KEY": f'"{key},{secret}"'}
    command = [program, "serve", "s3", "--addr", address, str(folder)]
    with _running(command, f"http://{address}", folder.parent / "s3.log", keys) as url:
        yield url
