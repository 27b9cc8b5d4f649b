"""Datasets as DataLad finds, makes, gets and saves them."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import Dataset, require_dataset
from datalad.support.exceptions import NoDatasetFound
from datalad.utils import chpwd

from datalad_jsdl.bugs import log_trace
from datalad_jsdl.commands._common import message_of
from datalad_jsdl.errors import DatasetError, reason
from datalad_jsdl.model.urls import redact_text
from datalad_jsdl.operations.subdatasets import is_installed
from datalad_jsdl.operations.values import Failure
from datalad_jsdl.repository.git.calling import in_no_hook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["DataladDatasets", "require_installed"]

_ANNEX_LOGGER = "datalad.annex"  # says what git-annex says
_QUIET = {"on_failure": "ignore", "result_renderer": "disabled", "return_type": "generator"}


def require_installed(dataset: Any, purpose: str) -> Dataset:
    """The dataset that is given, or found from the current folder.

    Raises:
        NoDatasetFound: there is none.
        DatasetError: git does not work in it.
    """
    found: Dataset = require_dataset(dataset, check_installed=False, purpose=purpose)
    if not is_installed(found.pathobj):
        raise NoDatasetFound(f"No installed dataset found at {found.path}")
    return found


class DataladDatasets:
    """See `operations.subdatasets.Datasets`."""

    def create(self, path: Path, above: Path | None, *, force: bool) -> list[Failure]:
        """Make a dataset."""
        from datalad.core.local.create import Create  # `datalad.api` loads all commands there are

        parent = None if above is None else str(above)
        return _troubles(
            lambda: Create.__call__(
                path=str(path),
                dataset=parent,
                force=force,
                result_filter=None,
                result_xfm=None,
                **_QUIET,
            ),
            path,
            "create",
        )

    def get(self, above: Path, path: Path) -> list[Failure]:
        """Get a subdataset."""
        # a source with a relative path is looked for from the current folder
        with in_no_hook(), chpwd(str(above)):
            try:
                results = Dataset(above).get(path=str(path), get_data=False, **_QUIET)
                bad = [message_of(one) for one in results if one["status"] == "error"]
            except Exception as error:  # whatever an unusable source makes of DataLad's own code
                log_trace(f"cannot get the subdataset {path}", error)
                bad = [f"{type(error).__name__}: {error}"]
        return [Failure(path, DatasetError(text), action="get") for text in bad]

    def save(self, above: Path, paths: Iterable[str], message: str) -> list[Failure]:
        """Commit paths."""
        return _troubles(
            lambda: Dataset(above).save(
                path=[str(above / path) for path in paths], message=message, to_git=True, **_QUIET
            ),
            above,
            "save",
        )


@contextmanager
def _in_short() -> Iterator[None]:
    """Where git does not know who its user is, it says so once, not each time that it is asked.

    DataLad has warned in one line; git-annex takes the name that the system has, and hands on all
    that git says of it.
    """
    from datalad import cfg

    logger = logging.getLogger(_ANNEX_LOGGER)
    is_known = "user.name" in cfg and "user.email" in cfg
    if is_known or logger.isEnabledFor(logging.DEBUG):
        yield
        return
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _troubles(
    call: Callable[[], Iterable[dict[str, Any]]], dataset: Path, action: str
) -> list[Failure]:
    """What goes wrong in a call of DataLad's."""
    try:
        with in_no_hook(), _in_short():
            return [
                Failure(
                    Path(result["path"]),
                    DatasetError(message_of(result)),
                    action=result["action"],
                )
                for result in call()
                if result["status"] not in ("ok", "notneeded")
            ]
    except Exception as error:  # it raises where git fails it
        said = getattr(error, "stderr", "") or reason(error)
        return [Failure(dataset, DatasetError(redact_text(str(said).strip())), action=action)]
