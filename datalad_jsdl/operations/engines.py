"""The fetch engine of one repository: its address policy, its limits, its knowledge."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalad_jsdl.fetch.credentials.sources.datalad import PREFIX
from datalad_jsdl.fetch.disk import RESERVE, reserve_of
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.fetch.settings import PATTERN, PREFIXES, Settings
from datalad_jsdl.repository.git.settings import git_config, git_config_values, git_http_settings

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from datalad_jsdl.fetch.credentials.annex_headers import AnnexHeaders
    from datalad_jsdl.fetch.credentials.login import Rule
    from datalad_jsdl.fetch.engine import Engine

__all__ = ["NO_LOGINS", "OWN_CREDENTIALS", "Engines", "disk_reserve", "memory_file", "open_engine"]

#: The setting of one repository that says where logins are; see `credentials.rules`.
OWN_CREDENTIALS = PREFIXES[0] + "credential"

#: In the place of lines that say where logins are: none of any kind is used. It is no valid line,
#: so what does not know of it uses none, either.
NO_LOGINS = ("none",)

_OWN_PROXY = PREFIXES[0] + "proxy"  # git's remote.<name>.proxy


# settings of git-annex's own transfers that hold here, too
_ANNEX = r"^core\.sharedrepository$|"
_ANNEX += r"^annex\.(diskreserve|jobs|bwlimit(-download)?|http-headers(-command)?|web-options)$"


def memory_file(git_dir: str | os.PathLike[str]) -> Path:
    """Where a repository keeps what is known of mirrors."""
    return Path(git_dir, "annex", "jsdl", "origins.json")


def disk_reserve(git_dir: str | os.PathLike[str] | None) -> int:
    """Bytes that git-annex is to leave free on the disk of a repository; see `disk`."""
    return reserve_of(git_config(rf"^{re.escape(RESERVE)}$", git_dir))


def open_engine(
    git_dir: str | os.PathLike[str] | None,
    *,
    credentials: Sequence[str] = (),
    inherited: Sequence[str] = (),
    rules: Sequence[Rule] = (),
    typed: str = "",
    lanes: int = 2,
    keep_reserve: bool = False,
    reads_only: bool = False,
    beside: Engine | None = None,
    is_for_strangers: bool = False,
) -> Engine:
    """An engine for a repository.

    Args:
        git_dir: its ``.git`` folder; None where there is no repository yet: then what holds in
            the current folder.
        credentials: lines as of the setting ``credential``, that go before those; or `NO_LOGINS`.
        inherited: further ones, of the datasets above, that go after the repository's own.
        rules: that go before all lines, for a login that no line is for yet.
        typed: a URL that the user has typed, which is leave enough to connect to its host.
        lanes: small files at a time from a mirror next door; see `Engine`.
        keep_reserve: files are to leave as much of the disk free as ``annex.diskreserve`` says;
            git-annex sees to that itself before it asks a special remote.
        reads_only: write nothing into the repository, not even what is learned of mirrors.
        beside: an engine to share limits and the knowledge of mirrors with; see `Engine`.
        is_for_strangers: it is somebody else who has chosen the URLs: no login is used, nor what
            git-annex adds to requests, and of addresses that are not public only those that are
            allowed one by one.

    Raises:
        SettingError: its git config has a limit that cannot be understood.
    """
    config = git_config_values(
        rf"^annex\.security\.|^{re.escape(PREFIX)}|^http\.|{PATTERN}|{_ANNEX}", git_dir
    )
    logins = tuple(credentials) != NO_LOGINS and not is_for_strangers
    if logins and (credentials or inherited):
        own = config.get(OWN_CREDENTIALS, ())
        config[OWN_CREDENTIALS] = [*credentials, *own, *inherited]
    last = {name: values[-1] for name, values in config.items()}
    if git_dir and not reads_only and (sharing := last.get("core.sharedrepository")):
        _share_folder(memory_file(git_dir).parent, sharing)
    policy = AddressPolicy.from_config(last)
    if is_for_strangers:
        policy = replace(policy, allow_all=False)
    if typed:
        parts = urlsplit(typed)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        policy = policy.allowing_host(parts.hostname or "", port)
    # the folder alone would make a repository look like one with an annex
    keeps = git_dir is not None and Path(git_dir, "annex").is_dir()
    settings = Settings.from_config(config)
    # it loads an HTTP library, which a manifest in a file may not need
    from datalad_jsdl.fetch.engine import Engine

    return Engine(
        policy,
        replace(settings, credential=(*rules, *settings.credential)),
        memory=memory_file(git_dir) if git_dir and keeps else None,
        reads_only=reads_only,
        lanes=lanes,
        reserve=reserve_of(last) if keep_reserve else 0,
        config=last,
        annex_headers=_headers(config, git_dir) if logins else None,
        logins=logins,
        http_settings=partial(_http_settings, git_dir=git_dir, config=last),
        beside=beside,
        home=str(git_dir or ""),
    )


class Engines:
    """The engines of one operation on several repositories: one limit, one knowledge of mirrors.

    Each repository has its own logins and address policy.

    Args:
        reads_only: see `open_engine`.
    """

    def __init__(self, *, reads_only: bool = False) -> None:
        self._reads_only = reads_only
        self._first: Engine | None = None

    def open(
        self,
        git_dir: str | os.PathLike[str] | None,
        *,
        credentials: Sequence[str] = (),
        inherited: Sequence[str] = (),
    ) -> Engine:
        """An engine that keeps the disk's reserve; see `open_engine`.

        Raises:
            SettingError: git config has a limit that cannot be understood.
        """
        engine = open_engine(
            git_dir,
            credentials=credentials,
            inherited=inherited,
            keep_reserve=True,
            reads_only=self._reads_only,
            beside=self._first,
        )
        self._first = self._first or engine
        return engine


def _headers(
    config: Mapping[str, Sequence[str]], git_dir: str | os.PathLike[str] | None
) -> AnnexHeaders | None:
    if not any(name.startswith(("annex.http-headers", "annex.web-options")) for name in config):
        return None
    from datalad_jsdl.operations.annex_headers import annex_headers  # hardly anybody has them

    return annex_headers(config, git_dir)


def _share_folder(folder: Path, setting: str) -> None:
    """Whoever is first makes the folder that others are to write to as well."""
    from datalad_jsdl.repository.annex.config import share

    with suppress(OSError):  # then nothing is kept there
        folder.mkdir(exist_ok=True)
        share(folder, setting)


def _http_settings(
    url: str,
    git_dir: str | os.PathLike[str] | None,
    config: Mapping[str, str],
) -> dict[str, str]:
    # without any there is no need to start git for each origin
    some = any(name.startswith("http.") for name in config)
    settings = git_http_settings(url, git_dir) if some else {}
    if _OWN_PROXY in config:
        settings["remote.proxy"] = config[_OWN_PROXY]
    return settings
