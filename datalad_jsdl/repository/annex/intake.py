"""Verified content → the annex's object folder, put there as git-annex itself does it.

``git annex reinject`` takes more processor time for a small file than it takes to fetch it,
and reads a large one once more. So it is for content that is still to be verified, and for
repositories in which there is more to do than to move a file. The layout:
https://git-annex.branchable.com/internals/; the permissions: git-annex's Annex/Perms.hs
(freezeContent), the order of steps its Annex/Content.hs (moveAnnex).

Until git-annex knows that content is here, it has a second name where it came from: whatever
happens, the next run finds what is still to be recorded.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from datalad_jsdl.errors import JsdlError, reason
from datalad_jsdl.repository.annex.config import vector_clock
from datalad_jsdl.repository.annex.keys import key_of_file, link_target, parse_key
from datalad_jsdl.repository.annex.location_logs import add_locations
from datalad_jsdl.repository.annex.missing import unlocked_keys
from datalad_jsdl.repository.annex.objects import is_here

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from datalad_jsdl.repository.repository import Repository

__all__ = ["Intake", "is_plain"]

_VERSIONS = ("8", "9", "10")  # of repositories whose layout this is
_READ_ONLY = ~0o222
# each of them has git-annex do more, or otherwise, than what is done here
_SPECIAL = (
    "annex.crippledfilesystem",
    "annex.direct",
    "annex.freezecontent-command",
    "annex.pidlock",
    "annex.private",
    "annex.securehashesonly",
    "annex.thawcontent-command",
    "core.sharedrepository",
)
_OFF = ("0", "false", "no", "off", "umask")


class Intake:
    """Takes content into the annex of one repository, and records it.

    Args:
        repository: whose lock is held.
    """

    def __init__(self, repository: Repository) -> None:
        self._git = repository.git
        self._annex_dir = repository.annex_dir
        self._uuid = repository.uuid
        adjusted = repository.head.branch.startswith("refs/heads/adjusted/")
        self._plain = is_plain(repository.config) and not adjusted
        self._unlocked = unlocked_keys(repository.git) if self._plain else frozenset()

    def takes(self, key: str) -> bool:
        """Whether content of a key may be taken: there is no more to do than to move it."""
        return self._plain and key not in self._unlocked  # that belongs in the work tree as well

    def take(self, file: Path) -> bool:
        """Give verified content its place in the annex.

        Args:
            file: that has the name of its key (`keys.key_file`); it stays until `record`.

        Returns:
            Whether it is in the annex; if not, git-annex is to take it, or to say why not.
        """
        key = _key(file)
        place = f"{self._annex_dir}/{link_target('', key).removeprefix('.git/annex/')}"
        folder = os.path.dirname(place)
        try:
            os.chmod(file, os.stat(file).st_mode & _READ_ONLY)
            try:
                _make(folder)
            except FileExistsError:
                os.chmod(folder, os.stat(folder).st_mode | 0o200)
            with suppress(FileExistsError):  # another process was faster
                os.link(file, place)
            os.chmod(folder, os.stat(folder).st_mode & _READ_ONLY)
        except OSError:
            return False
        return True

    def record(self, files: Sequence[Path]) -> str:
        """Note that the content of *files* is here; then they are removed.

        Returns:
            What went wrong, or ""; then the next run tries again.
        """
        now = vector_clock()
        # somebody may have dropped it by now
        keys = [key for key in map(_key, files) if is_here(self._annex_dir, key)]
        try:
            add_locations(self._git, self._annex_dir, keys, self._uuid, now)
        except (JsdlError, OSError) as error:
            return reason(error)
        for file in files:
            file.unlink(missing_ok=True)
        return ""

    def take_up(self, folder: Path) -> None:
        """Record what a killed run has taken from *folder*, and not recorded."""
        if not self._plain or not folder.is_dir():
            return
        found = (file for file in folder.iterdir() if parse_key(_key(file)))
        if taken := [file for file in found if is_here(self._annex_dir, _key(file))]:
            self.record(taken)


def _make(folder: str) -> None:
    """Make a folder, and those on the way to it; as a rule there are none yet.

    Raises:
        FileExistsError: it is there.
    """
    try:
        os.mkdir(folder)
    except FileNotFoundError:
        with suppress(FileExistsError):
            _make(os.path.dirname(folder))
        os.mkdir(folder)


def _key(file: Path) -> str:
    return key_of_file(file.name)


def is_plain(config: Mapping[str, str]) -> bool:
    """Whether git-annex would do no more with content than to move it to its place.

    Args:
        config: git config, names in lower case.
    """
    if config.get("annex.version") not in _VERSIONS or not config.get("annex.uuid"):
        return False
    if any(name.startswith("annex.tune.") for name in config):
        return False
    return all(config.get(name, "off").lower() in _OFF for name in _SPECIAL)
