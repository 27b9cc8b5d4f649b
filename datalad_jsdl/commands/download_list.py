"""``datalad download-list``: the files that a user wants, before they are ordered."""

from __future__ import annotations

import argparse
import logging
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import datasetmethod
from datalad.interface.base import Interface, build_doc, eval_results
from datalad.interface.results import get_status_dict
from datalad.support.constraints import EnsureNone, EnsureStr
from datalad.support.param import Parameter
from datalad.ui import ui

from datalad_jsdl.commands._desk_params import DATASET, STORE, USER
from datalad_jsdl.commands._interrupts import interruptible
from datalad_jsdl.commands._options import listed
from datalad_jsdl.commands._words import Further, word_and
from datalad_jsdl.errors import JsdlError, QueryError
from datalad_jsdl.model.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


__all__ = ["DownloadList"]

lgr = logging.getLogger("datalad.jsdl.download_list")

_WORDS = ("add", "remove", "show", "clear", "undo", "moved")


@build_doc
class DownloadList(Interface):
    """Collect files that you want to download, to order them together

    The list is yours: files of a dataset, of its subdatasets, of a manifest, or of several of
    them when they share a store. It may have any number of files. Nothing is downloaded;
    'datalad download-order create' makes an order of the list, and 'datalad download-order export'
    a ZIP archive of the order.

    What is done depends on the first argument:

    'add' puts files on the list. A folder stands for the files directly in it; with --recursive,
    or with a query (--glob, --where, --metadata), for all that are below. Without PATH, a query
    is about the whole dataset.

    'remove' takes files and folders off the list, and 'clear' all of them; 'undo' brings back what
    the last of these has taken off. In a list of several datasets or manifests, NAME/PATH is a path
    in one of them, and NAME all of it.

    'show' lists the files with size and availability, and groups those that are unavailable by
    what to do about it. With --check, mirrors are asked first.

    'moved NAME PATH' tells a store of several datasets where the one of that name is now.
    """

    result_renderer = "tailored"

    _params_ = dict(
        action=Parameter(
            args=("action",),
            metavar="ACTION",
            nargs=argparse.PARSER,
            action=word_and("path"),
            choices=_WORDS,
            doc="""add, remove, show, clear, undo or moved.""",
        ),
        path=Parameter(
            args=("path",),
            action=Further,
            metavar="PATH",
            nargs="*",
            doc="""file or folder to add or remove; with 'moved', the name and new place of a
            dataset.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        dataset=DATASET,
        store=STORE,
        user=USER,
        recursive=Parameter(
            args=("-r", "--recursive"),
            action="store_true",
            doc="""add all files below a folder, those of installed subdatasets, too.""",
        ),
        glob=Parameter(
            args=("--glob",),
            metavar="GLOB",
            action="append",
            doc="""only add files whose path in the dataset, or one of its parent folders, matches;
            '*' also matches '/'. Can be given several times: then one of them has to match.""",
        ),
        where=Parameter(
            args=("--where",),
            metavar="FILTER",
            doc="""only add files of subjects for whom this is true, by the columns of
            participants.tsv: "age > 30 and sex == 'F'". It may use and, or, not, in and
            parentheses; a column name that has spaces stands between backticks. Columns that
            participants.tsv lacks are looked for in *_sessions.tsv and *_scans.tsv.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        metadata=Parameter(
            args=("--metadata",),
            metavar="CONDITION",
            action="append",
            doc="""only add files with such metadata in git-annex: FIELD=GLOB, FIELD<NUMBER or
            FIELD>NUMBER. Can be given several times: then all of them have to hold.""",
        ),
        ref=Parameter(
            args=("--ref",),
            metavar="COMMIT",
            doc="""the commit to add files of: a branch, a tag, or any other name that git knows.
            By default, it is the one that is checked out.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        manifest=Parameter(
            args=("--manifest",),
            metavar="MANIFEST",
            doc="""add entries of a manifest, without a dataset: a file, URL or portal address, as
            for 'datalad download-manifest'. PATH is a path in it.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        check=Parameter(
            args=("--check",),
            action="store_true",
            doc="""ask the mirrors whether they give the files; of many files, ask for a sample.""",
        ),
        dry_run=Parameter(
            args=("--dry-run",),
            action="store_true",
            doc="""only tell how many files would be added, and how large they are.""",
        ),
    )

    _option_groups_ = {
        "Which files": "recursive glob where metadata",
        "Where they are": "dataset ref manifest",
        "Whose list": "user store",
        "What is done": "dry_run check",
    }

    _examples_ = [
        dict(
            text="Add the images of all women over 30, then look at the list",
            code_py="download_list('add', glob='*.nii.gz', where=\"age > 30 and sex == 'F'\")",
            code_cmd="datalad download-list add --glob '*.nii.gz' --where \"age > 30 and sex == "
            "'F'\"; datalad download-list show",
        ),
        dict(
            text="Add two folders with all that is below, and see how much that would be first",
            code_py="download_list('add', ['sub-01', 'sub-02'], recursive=True, dry_run=True)",
            code_cmd="datalad download-list add --dry-run -r sub-01 sub-02",
        ),
        dict(
            text="Bring back what the last 'remove' or 'clear' has taken off",
            code_py="download_list('undo')",
            code_cmd="datalad download-list undo",
        ),
    ]

    @staticmethod
    @datasetmethod(name="download_list")
    @eval_results
    @interruptible
    def __call__(
        action: str,
        path: str | Sequence[str] | None = None,
        *,
        dataset: Any = None,
        store: str | None = None,
        user: str | None = None,
        recursive: bool = False,
        glob: str | Sequence[str] | None = None,
        where: str | None = None,
        metadata: str | Sequence[str] | None = None,
        ref: str | None = None,
        manifest: str | None = None,
        check: bool = False,
        dry_run: bool = False,
    ) -> Iterator[dict[str, Any]]:
        if action not in _WORDS:
            raise ValueError(f"there is no action {action!r}; there are {', '.join(_WORDS)}")
        adding = (recursive, glob, where, metadata, ref, manifest, dry_run)
        if action != "add" and any(adding):
            raise ValueError(f"only 'add' has options that choose files; {action!r} has none")
        if action in ("show", "clear", "undo") and path:
            raise ValueError(f"{action!r} is about the whole list; it takes no PATH")
        if check and action != "show":
            raise ValueError("--check belongs to 'show'")
        # all that the work needs: --help does without
        from datalad_jsdl.commands._common import failure, given_place
        from datalad_jsdl.commands._desk import opened_desk, user_of
        from datalad_jsdl.commands._list_actions import (
            ACTION,
            added,
            chosen_of,
            moved,
            paths_of,
            removed,
            shown_list,
        )
        from datalad_jsdl.commands._list_results import amounts
        from datalad_jsdl.orders.choosing.choice import Choice

        try:
            who = user_of(user)
            with opened_desk(dataset, store, "download list") as at:

                def record(message: str, **more: Any) -> dict[str, Any]:
                    made: dict[str, Any] = get_status_dict(
                        action=ACTION, status="ok", path=str(at.path), type="dataset", logger=lgr
                    )
                    return {**made, "message": message, "did": action, **more}

                if action == "add":
                    choice = Choice(
                        tuple(paths_of(path, dataset, at, manifest)) or ("",),
                        recursive,
                        listed(glob),
                        where or "",
                        listed(metadata),
                        "HEAD" if ref is None else ref,
                    )
                    if not path and not choice.is_query and not recursive:
                        raise QueryError(
                            "nothing says which files; give a PATH, a query such as --glob, or "
                            "--recursive for all of them"
                        )
                    chosen = chosen_of(at, manifest, choice)
                    yield from added(at, who, chosen, dry_run, record, is_query=choice.is_query)
                elif action == "remove":
                    yield from removed(at, who, listed(path), dataset, record)
                elif action == "clear":
                    number = at.desk.lists.clear(who)
                    text = f"took {counted(number, 'file')} off the list"
                    yield record(f"{text}; 'undo' brings them back", removed=number, files=0)
                elif action == "moved":
                    yield from moved(at, listed(path), record)
                elif action == "undo":
                    number = at.desk.lists.undo(who)
                    now = at.desk.lists.statistics(who)
                    text = f"brought {counted(number, 'file')} back; on the list: {amounts(now)}"
                    text = text if number else "there is nothing to undo"
                    yield record(text, restored=number, files=now.files)
                else:
                    yield from shown_list(at, who, check, record)
        except JsdlError as error:
            yield failure(ACTION, given_place(dataset), error, lgr)

    @staticmethod
    def custom_result_renderer(res: dict[str, Any], **_: Any) -> None:
        from datalad_jsdl.commands._list_results import shown

        ui.message(shown(res))

    @staticmethod
    def custom_result_summary_renderer(results: Any) -> None:
        """The records say it all."""
