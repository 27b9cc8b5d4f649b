"""Setting up the special remote ``jsdl`` in a repository, once and again.

It is the same repository as git-annex's own web remote (``--sameas=web``): a file with
URLs counts one copy, and people without our program fetch through web.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository.annex.branch import AnnexBranch
from datalad_jsdl.repository.annex.config import COMMIT_NOW, vector_clock
from datalad_jsdl.repository.annex.logs import WEB_UUID
from datalad_jsdl.repository.importing.write import annex_commit, write_annex_files
from datalad_jsdl.repository.locks import patiently
from datalad_jsdl.repository.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor

    from datalad_jsdl.repository.importing.write import Logs

__all__ = [
    "LOCAL_SETTINGS",
    "NAME",
    "RemoteSetup",
    "begin_setup",
    "set_up_locally",
    "set_up_remote",
    "write_logs",
]

NAME = "jsdl"

_SETTINGS = ("type=external", "externaltype=jsdl", "encryption=none", "autoenable=true")
# what the configuration of one of ours may consist of, and which values have a say
_KNOWN = {"sameas-name", "sameas-uuid", "type", "externaltype", "encryption", "autoenable"}

# Local git config. annex-verify: git-annex checks every key itself all the same, but
# does not wait on its file watcher, which costs some 5 ms a file. annex-readonly: it
# never tries to upload.
LOCAL_SETTINGS = {"annex-verify": "false", "annex-readonly": "true"}


@dataclass(frozen=True, slots=True)
class RemoteSetup:
    """The remote as it is set up.

    Attributes:
        config_uuid: begins its line in ``remote.log``; per-key state is kept under it.
        configuration: its settings as git-annex shows them.
        done: what had to be done, in words; empty if all was in place.
        logs: what is still to be written to the git-annex branch, path → content, by what the
            branch has; None for nothing.
    """

    config_uuid: str
    configuration: str
    done: tuple[str, ...]
    logs: Logs | None = None


def set_up_remote(repository: Repository) -> RemoteSetup:
    """Initialise or enable the remote, and mend what git-annex leaves undone.

    Raises:
        DatasetError: git-annex refuses, or another remote has the name.
    """
    with ThreadPoolExecutor(1) as aside:
        setup = begin_setup(repository, aside)()
    write_logs(repository, setup)
    return setup


def begin_setup(repository: Repository, aside: Executor) -> Callable[[], RemoteSetup]:
    """Begin to set the remote up; in a new dataset git-annex takes a third of a second for it.

    Args:
        repository: to be asked by the calling thread only.
        aside: where git-annex is waited for.

    Returns:
        Ends it, all but for the logs, which are to be written. Called again, says the same.

    Raises:
        DatasetError: git-annex refuses, or another remote has the name.
    """
    if _find(repository)[0]:
        setup = _end_setup(repository, [])
        return lambda: setup
    _refuse_foreign_remote(repository)
    args = ("initremote", NAME, *_SETTINGS, "--sameas=web", *COMMIT_NOW)
    begun = aside.submit(repository.git.run, "annex", *args)

    @cache
    def end() -> RemoteSetup:
        begun.result()
        repository.refresh()
        return _end_setup(repository, ["initialised"])

    return end


def _end_setup(repository: Repository, done: list[str]) -> RemoteSetup:
    uuid, name = _find(repository)
    _refuse_strange_settings(name, repository.annex.remotes()[uuid])
    if repository.setting(f"remote.{name}.annex-config-uuid") != uuid:
        # without encryption=none it would fail where an earlier enableremote dropped it
        repository.git.run("annex", "enableremote", name, "encryption=none", *COMMIT_NOW)
        repository.refresh()
        done.append("enabled")
    if _verify(repository, name):
        done.append("verified")
    for setting, value in LOCAL_SETTINGS.items():
        if repository.setting(f"remote.{name}.{setting}") != value:
            _set(repository, f"remote.{name}.{setting}", value)
            done.append(f"set {setting}={value}")
    words = [word for word, *_ in _missing(repository.annex, uuid)]
    settings = repository.annex.remotes()[uuid] | {"encryption": "none"}
    shown = " ".join(f"{k}={v}" for k, v in sorted(settings.items()))
    return RemoteSetup(uuid, shown, (*done, *words), partial(_files, uuid) if words else None)


def write_logs(repository: Repository, setup: RemoteSetup) -> None:
    """Write what `begin_setup` has left to be written.

    Raises:
        DatasetError: git or git-annex cannot do it.
    """
    if setup.logs is not None:
        base = annex_commit(repository.git)
        write_annex_files(repository.git, base, setup.logs(AnnexBranch(repository.git, [base])))
        repository.refresh()


def set_up_locally(git_dir: Path, name: str) -> None:
    """Set what is missing of `LOCAL_SETTINGS`; what a user has set stays.

    Args:
        git_dir: the repository's ``.git`` folder.
        name: of the remote.
    """
    repository = Repository(Path(), git_dir)
    for setting, value in LOCAL_SETTINGS.items():
        if not repository.setting(f"remote.{name}.{setting}"):
            _set(repository, f"remote.{name}.{setting}", value)


def _set(repository: Repository, setting: str, value: str) -> None:
    git = repository.git
    patiently(git, partial(git.run, "config", setting, value))
    repository.refresh()


def _find(repository: Repository) -> tuple[str, str]:
    """Configuration UUID and name of the dataset's jsdl remote, or two empty strings."""
    found = {
        uuid: settings.get("sameas-name", NAME)
        for uuid, settings in repository.annex.remotes().items()
        if settings.get("externaltype") == "jsdl" and settings.get("sameas-uuid") == WEB_UUID
    }
    # two clones may each have made one; the one in use here goes first
    for uuid, name in sorted(found.items()):
        if repository.setting(f"remote.{name}.annex-config-uuid") == uuid:
            return uuid, name
    return min(found.items(), default=("", ""))


def _refuse_foreign_remote(repository: Repository) -> None:
    root, mark = repository.root, f"remote.{NAME}."
    settings = {name.removeprefix(mark) for name in repository.config if name.startswith(mark)}
    remotes = repository.annex.remotes().values()
    taken = any(s.get("name", s.get("sameas-name")) == NAME for s in remotes)
    if taken or "annex-externaltype" in settings:
        # a rename is recorded, but not where git-annex keeps what was verified
        raise DatasetError(
            f"another special remote in {root} is named {NAME}, and git-annex does not free "
            "its name; there, git-annex's own web remote downloads the files"
        )
    if "url" in settings:
        raise DatasetError(
            f"another remote in {root} is named {NAME}; rename it and try again: "
            f"git remote rename {NAME} NEWNAME"
        )


def _refuse_strange_settings(name: str, settings: dict[str, str]) -> None:
    # verifying says that a person looked at this and found it safe: only plain settings
    strange = [f"{k}={v}" for k, v in settings.items() if k not in _KNOWN]
    if settings.get("encryption", "none") != "none":
        strange.append(f"encryption={settings['encryption']}")
    if strange:
        raise DatasetError(
            f"the remote {name} has settings unknown to this version: "
            f"{' '.join(sorted(strange))}. If they are right, run: "
            f"git annex enableremote {name} && git annex verifyremote {name}"
        )


def _verify(repository: Repository, name: str) -> bool:
    """Tell git-annex that the configuration is safe; whether that was needed.

    git-annex releases before 2026 have no such step.
    """
    if repository.setting(f"remote.{name}.annex-verified") in ("", "verified"):
        return False
    git = repository.git
    asked = git.run("annex", "verifyremote", name).decode("utf-8", "replace")
    if match := re.search(r"--safe (\d+)", asked):
        git.run("annex", "verifyremote", name, "--safe", match[1])
        repository.refresh()
        return True
    return False


def _files(uuid: str, annex: AnnexBranch) -> list[tuple[str, bytes]]:
    """What is missing in the git-annex branch, path → content."""
    return [(path, content) for _, path, content in _missing(annex, uuid)]


def _missing(annex: AnnexBranch, uuid: str) -> Iterator[tuple[str, str, bytes]]:
    """What is missing in the git-annex branch: in words, and the path and content with it.

    ``remote.log``: encryption=none, without which clones fail to enable the remote;
    git-annex drops it whenever it writes the line. ``preferred-content.log``: "present",
    so that ``git annex sync --content`` sends nothing to it, unless somebody has said
    otherwise.
    """
    now = int(vector_clock())
    settings = annex.remotes().get(uuid, {})
    if settings.get("encryption") != "none":
        settings["encryption"] = "none"
        log = annex.lines("remote.log")
        ours = [line for line in log if line.startswith(uuid + " ")]
        times = [int(t) for line in ours for t in re.findall(r" timestamp=(\d+)", line)]
        # single spaces only: a double one is read as an empty setting
        pairs = " ".join(f"{k}={v}" for k, v in sorted(settings.items()))
        line = f"{uuid} {pairs} timestamp={max([now, *(t + 1 for t in times)])}s"
        content = _lines(*(o for o in log if o not in ours), line)
        yield "recorded encryption=none", "remote.log", content
    wanted = annex.lines("preferred-content.log")
    if not any(line.startswith(WEB_UUID + " ") for line in wanted):
        line = f"{WEB_UUID} present timestamp={now}s"
        yield "set wanted to present", "preferred-content.log", _lines(*wanted, line)


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
