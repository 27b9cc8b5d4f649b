"""The fetch engine of one repository: its address policy, its limits, its knowledge."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalad_jsdl.dataset.git import git_config_values, git_http_settings
from datalad_jsdl.fetch.addresses import AddressPolicy
from datalad_jsdl.fetch.credentials.stored import PREFIX
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.settings import PATTERN, PREFIXES, Settings

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

__all__ = ["OWN_CREDENTIALS", "memory_file", "open_engine"]

#: The setting of one repository that says where logins are; see `credentials.rules`.
OWN_CREDENTIALS = PREFIXES[0] + "credential"


def memory_file(git_dir: str | os.PathLike[str]) -> Path:
    """Where a repository keeps what is known of mirrors."""
    return Path(git_dir, "annex", "jsdl", "origins.json")


def open_engine(
    git_dir: str | os.PathLike[str] | None,
    *,
    credentials: Sequence[str] = (),
    inherited: Sequence[str] = (),
    typed: str = "",
    lanes: int = 2,
) -> Engine:
    """An engine for a repository.

    Args:
        git_dir: its ``.git`` folder; None where there is no repository yet: then what holds in
            the current folder.
        credentials: lines as of the setting ``credential``, that go before those.
        inherited: further ones, of the datasets above, that go after the repository's own.
        typed: a URL that the user has typed, which is leave enough to connect to its host.
        lanes: small files at a time from a mirror next door; see `Engine`.

    Raises:
        SettingError: its git config has a limit that cannot be understood.
    """
    config = git_config_values(
        rf"^annex\.security\.|^{re.escape(PREFIX)}|^http\.|{PATTERN}", git_dir
    )
    if credentials or inherited:
        own = config.get(OWN_CREDENTIALS, ())
        config[OWN_CREDENTIALS] = [*credentials, *own, *inherited]
    last = {name: values[-1] for name, values in config.items()}
    policy = AddressPolicy.from_config(last)
    if typed:
        parts = urlsplit(typed)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        policy = policy.allowing_host(parts.hostname or "", port)
    return Engine(
        policy,
        Settings.from_config(config),
        memory=memory_file(git_dir) if git_dir else None,
        lanes=lanes,
        config=last,
        # without any there is no need to start git for each origin
        http_settings=partial(git_http_settings, git_dir=git_dir)
        if any(name.startswith("http.") for name in config)
        else None,
    )
