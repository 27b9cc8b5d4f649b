"""``datalad enable-jsdl``: the special remote for a dataset or clone that has none."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import EnsureDataset, datasetmethod
from datalad.interface.base import Interface, build_doc, eval_results
from datalad.interface.results import get_status_dict
from datalad.interface.utils import generic_result_renderer
from datalad.support.constraints import EnsureNone
from datalad.support.param import Parameter

from datalad_jsdl.commands._common import failure, given_place, warn_of_path
from datalad_jsdl.commands._datasets import require_installed
from datalad_jsdl.errors import JsdlError
from datalad_jsdl.fetch.settings import PATTERN, Settings
from datalad_jsdl.repository.annex.program import require_git_annex
from datalad_jsdl.repository.annex.special_remote import set_up_remote
from datalad_jsdl.repository.git.settings import git_config_values
from datalad_jsdl.repository.importing.importer import Importer
from datalad_jsdl.repository.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EnableJsdl"]

lgr = logging.getLogger("datalad.jsdl.enable_jsdl")

_ACTION = "enable_jsdl"


@build_doc
class EnableJsdl(Interface):
    """Set up the special remote jsdl in a dataset or clone

    Initialises the remote, or enables the one recorded in the dataset, marks its
    configuration as verified for git-annex, and makes the settings that git-annex leaves to
    the user. From then on, 'git annex get' and 'datalad get' download through it.

    Running it again is safe: existing settings are not changed.
    """

    result_renderer = "tailored"

    _params_ = dict(
        dataset=Parameter(
            args=("-d", "--dataset"),
            doc="""the dataset. By default it is found from the current directory.""",
            constraints=EnsureDataset() | EnsureNone(),
        ),
    )

    _option_groups_ = {"Where": "dataset"}

    _examples_ = [
        dict(
            text="Let an existing clone download files from all of their mirrors",
            code_py="enable_jsdl(dataset='study')",
            code_cmd="datalad enable-jsdl -d study",
        ),
    ]

    @staticmethod
    @datasetmethod(name="enable_jsdl")
    @eval_results
    def __call__(*, dataset: Any = None) -> Iterator[dict[str, Any]]:
        root = given_place(dataset)
        try:
            root = require_installed(dataset, "enable jsdl").pathobj
            require_git_annex()
            repository = Repository(root)
            importer = Importer(repository)
            repository.require_annex()
            with importer.lock():
                importer.catch_up()
                setup = set_up_remote(repository)
            Settings.from_config(git_config_values(PATTERN, repository.git_dir))
        except (JsdlError, OSError) as error:
            yield failure(_ACTION, root, error, lgr)
            return
        warn_of_path(lgr)
        done = ", ".join(setup.done) or "already set up"
        yield get_status_dict(
            action=_ACTION,
            path=str(root),
            type="dataset",
            status="ok" if setup.done else "notneeded",
            message=f"{done}; configuration: {setup.configuration}",
            logger=lgr,
        )

    @staticmethod
    def custom_result_renderer(res: dict[str, Any], **_: Any) -> None:
        """Also show that nothing had to be done, which DataLad keeps to itself."""
        generic_result_renderer({**res, "status": res["status"].replace("notneeded", "ok")})
