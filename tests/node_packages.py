"""Packages of Node.js that tests need, from where this machine gets its packages."""

from __future__ import annotations

import os
import ssl
import subprocess
from pathlib import Path

import pytest

__all__ = ["ENVIRONMENT", "install_packages"]

#: As it was before any test changed it: npm finds its own configuration by it.
ENVIRONMENT = dict(os.environ)
# The authorities that Python trusts, too: Node.js has a list of its own, and reads no other.
if authorities := ssl.get_default_verify_paths().cafile:
    ENVIRONMENT.setdefault("NODE_EXTRA_CA_CERTS", authorities)


def install_packages(npm: str, folder: Path) -> None:
    """Install what ``package-lock.json`` names; the test is skipped, or fails in CI, without.

    Args:
        npm: the program.
        folder: with that file.
    """
    command = [npm, "ci", "--no-audit", "--no-fund", "--prefix", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=ENVIRONMENT)
    if done.returncode:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"npm ci: {done.stderr}")
