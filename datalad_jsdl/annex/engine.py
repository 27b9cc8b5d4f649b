"""The fetch engine of one repository: its address policy, its limits, its knowledge."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.dataset.git import git_config_values
from datalad_jsdl.fetch.addresses import AddressPolicy
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.settings import PATTERN, Settings

if TYPE_CHECKING:
    import os

__all__ = ["memory_file", "open_engine"]


def memory_file(git_dir: str | os.PathLike[str]) -> Path:
    """Where a repository keeps what is known of mirrors."""
    return Path(git_dir, "annex", "jsdl", "origins.json")


def open_engine(git_dir: str | os.PathLike[str]) -> Engine:
    """An engine for a repository.

    Args:
        git_dir: its ``.git`` folder.

    Raises:
        SettingError: its git config has a limit that cannot be understood.
    """
    config = git_config_values(rf"^annex\.security\.|{PATTERN}", git_dir)
    policy = AddressPolicy.from_config({name: values[-1] for name, values in config.items()})
    return Engine(policy, Settings.from_config(config), memory=memory_file(git_dir))
