"""A home, a git configuration and a laboratory of their own for every test."""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

from datalad_jsdl.bugs import VERBOSE
from tests.lab import Lab
from tests.running import run_datalad
from tests.vault import Vault

# how long an example takes says how busy the machine is
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# a shell has it ignored by what it runs in the background, and by all that is started there
signal.signal(signal.SIGINT, signal.default_int_handler)


def _git_annex_itself() -> list[str]:
    """A folder that has the program git-annex, where it is a Python package.

    Such a package has a script in Python that starts it. That takes ten times as long as
    git-annex, which git and DataLad start a dozen times for each dataset that is made.
    """
    package = importlib.util.find_spec("git_annex")
    folder = Path(package.origin or "").parent if package else Path()
    program = folder / "git-annex"
    if os.name == "nt" or not program.is_file():
        return []
    links = tempfile.TemporaryDirectory(prefix="git-annex-")
    atexit.register(links.cleanup)
    (Path(links.name) / "git-annex").symlink_to(program)
    os.environ["MAGIC"] = str(folder / "magic.mgc")  # as the script does
    return [links.name]


# git-annex, datalad and our special remote come from the environment that runs the tests
_PROGRAMS = [*_git_annex_itself(), str(Path(sys.executable).parent)]
os.environ["PATH"] = os.pathsep.join([*_PROGRAMS, os.environ["PATH"]])

_GIT_CONFIG = """\
[user]
    name = Tester
    email = tester@example.com
[annex "security"]
    allowed-ip-addresses = 127.0.0.1
[init]
    defaultBranch = main
[datalad "extensions"]
    load = jsdl
"""


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home")
    (folder / ".gitconfig").write_text(_GIT_CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        for name in ("GIT_CONFIG_GLOBAL", "XDG_CONFIG_HOME"):
            patch.delenv(name, raising=False)
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        yield folder


@pytest.fixture(autouse=True)
def isolated(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    # kept for what is started later, once anything was logged for debugging
    os.environ.pop(VERBOSE, None)
    # the annex write-protects its content
    for folder, _, _ in os.walk(tmp_path):
        os.chmod(folder, 0o755)


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as server:
        yield server


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    """A home with secrets in it; at its end, none may be found anywhere else."""
    with Vault(tmp_path, _GIT_CONFIG) as vault:
        monkeypatch.setenv("HOME", str(vault.home))
        # there is no desktop, and so no key store of one
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")
        yield vault
    assert vault.leaks() == []


@pytest.fixture
def other_lab() -> Iterator[Lab]:
    with Lab() as server:
        yield server


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Find a program; without it a test is skipped at home, but fails in CI."""

    def find(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{name} is not installed")
        return found

    return find


def run(
    *args: str | Path,
    cwd: Path | None = None,
    check: bool = True,
    anew: bool = False,
    **options: object,
) -> str:
    """Run a program; its standard output, or an assertion that shows all it said.

    Without options of `subprocess.run`, and if it need not be started *anew*, DataLad is run by
    `tests.running`.
    """
    if args[0] == "datalad" and not anew and not options:
        forked = run_datalad(*args[1:], cwd=cwd)
        done = subprocess.CompletedProcess(args, forked.code, forked.stdout, forked.stderr)
    else:
        done = subprocess.run(
            [str(a) for a in args], cwd=cwd, capture_output=True, text=True, **options
        )  # type: ignore[call-overload]  # options are passed through, of whatever type
    said = f"{args} exited with {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert not check or done.returncode == 0, said
    return done.stdout
