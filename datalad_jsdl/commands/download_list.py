"""``datalad download-list``: the files that a user wants, before they are ordered."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import datasetmethod
from datalad.interface.base import Interface, build_doc, eval_results
from datalad.interface.results import get_status_dict
from datalad.support.constraints import EnsureNone, EnsureStr
from datalad.support.param import Parameter
from datalad.ui import ui

from datalad_jsdl.commands._common import Bars, failure, given_place
from datalad_jsdl.commands._desk import DATASET, STORE, USER, opened_desk
from datalad_jsdl.commands._list_results import amounts, file_record, review_record, shown
from datalad_jsdl.commands._options import inside, listed
from datalad_jsdl.commands._words import Further, word_and
from datalad_jsdl.errors import JsdlError, OrderError, QueryError
from datalad_jsdl.model.amounts import counted
from datalad_jsdl.operations.manifest_contents import Listed
from datalad_jsdl.operations.manifest_place import is_no_file, place_of
from datalad_jsdl.orders.choosing.choice import Choice, statistics_of
from datalad_jsdl.orders.choosing.datasets import choose_from_dataset
from datalad_jsdl.orders.choosing.manifests import choose_from_manifest
from datalad_jsdl.orders.links import links_of
from datalad_jsdl.orders.review import check_list, review_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalad_jsdl.commands._desk import At
    from datalad_jsdl.orders.choosing.choice import Chosen

__all__ = ["DownloadList"]

lgr = logging.getLogger("datalad.jsdl.download_list")

_ACTION = "download_list"
_WORDS = ("add", "remove", "show", "clear", "undo")


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
    the last of these has taken off.

    'show' lists the files with size and availability, and groups those that are unavailable by
    what to do about it. With --check, mirrors are asked first.
    """

    result_renderer = "tailored"

    _params_ = dict(
        action=Parameter(
            args=("action",),
            metavar="ACTION",
            nargs=argparse.PARSER,
            action=word_and("path"),
            doc="""add, remove, show, clear or undo.""",
        ),
        path=Parameter(
            args=("path",),
            action=Further,
            metavar="PATH",
            nargs="*",
            doc="""file or folder to add or remove.""",
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
        who = user or "me"
        try:
            with opened_desk(dataset, store, "download list") as at:

                def record(message: str, **more: Any) -> dict[str, Any]:
                    made: dict[str, Any] = get_status_dict(
                        action=_ACTION, status="ok", path=str(at.path), type="dataset", logger=lgr
                    )
                    return {**made, "message": message, "did": action, **more}

                if action == "add":
                    choice = Choice(
                        tuple(_paths(path, dataset, at, manifest)) or ("",),
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
                    chosen = _chosen(at, manifest, choice)
                    yield from _added(at, who, chosen, dry_run, record)
                elif action == "remove":
                    yield from _removed(at, who, _paths(path, dataset, at, None), record)
                elif action == "clear":
                    number = at.desk.lists.clear(who)
                    text = f"took {counted(number, 'file')} off the list"
                    yield record(f"{text}; 'undo' brings them back", removed=number, files=0)
                elif action == "undo":
                    number = at.desk.lists.undo(who)
                    now = at.desk.lists.statistics(who)
                    text = f"brought {counted(number, 'file')} back; on the list: {amounts(now)}"
                    text = text if number else "there is nothing to undo"
                    yield record(text, restored=number, files=now.files)
                else:
                    yield from _shown(at, who, check, record)
        except JsdlError as error:
            yield failure(_ACTION, given_place(dataset), error, lgr)

    @staticmethod
    def custom_result_renderer(res: dict[str, Any], **_: Any) -> None:
        ui.message(shown(res))

    @staticmethod
    def custom_result_summary_renderer(results: Any) -> None:
        """The records say it all."""


def _paths(
    path: str | Sequence[str] | None, dataset: Any, at: At, manifest: str | None
) -> list[str]:
    """Paths in the source; none for all of it."""
    if manifest is not None:
        plain = [item.strip("/").removeprefix("./") for item in listed(path)]
        return [] if "." in plain else plain
    if at.root is None:
        return [] if not path else listed(path)
    return inside(path, dataset, at.root)


def _chosen(at: At, manifest: str | None, choice: Choice) -> Chosen:
    if manifest is not None:
        file = None if is_no_file(manifest) else Path(manifest).absolute()
        place = place_of(manifest, file, None, None, ())
        return choose_from_manifest(Listed(place), at.desk.manifest(place), choice)
    if at.root is None:
        raise OrderError(
            "there is no dataset here to add files of; name one with --dataset, or a manifest "
            "with --manifest"
        )
    return choose_from_dataset(at.root, at.desk.dataset(at.root), choice)


def _added(
    at: At, user: str, chosen: Chosen, dry_run: bool, record: Any
) -> Iterator[dict[str, Any]]:
    for path, why in chosen.missing.items():
        yield {
            **get_status_dict(
                action=_ACTION, status="impossible", path=str(at.path / path), type="file",
                logger=lgr,
            ),
            "message": why,
        }  # fmt: skip
    found = statistics_of(chosen.files)
    if not found.files:
        raise QueryError(
            "no file fits; nothing was added (a folder needs --recursive for what is below)"
        )
    if dry_run:
        yield record(
            f"would add {amounts(found)}", files=found.files, bytes=found.size, dry_run=True
        )
        return
    added = at.desk.add(user, chosen)
    now = at.desk.lists.statistics(user)
    text = f"added {counted(added, 'file')}"
    if found.files - added:
        text += f" ({found.files - added} were on the list already)"
    yield record(
        f"{text}; on the list: {amounts(now)}",
        files=found.files, added=added, bytes=found.size, on_list=now.files,
    )  # fmt: skip


def _removed(at: At, user: str, paths: Sequence[str], record: Any) -> Iterator[dict[str, Any]]:
    if not paths:
        raise QueryError("nothing says which files; give a PATH, or use 'clear' for all of them")
    chosen = Choice(tuple(paths), recursive=True)
    refs = [file.ref for file in at.desk.lists.files(user) if chosen(file.ref.path)]
    if not refs:
        raise QueryError(f"nothing on the list is at {paths[0]}")
    if at.root is not None:
        # another dataset on the list may have the same path
        own = at.desk.dataset(at.root).name
        refs = [ref for ref in refs if ref.source == own] or refs
    number = at.desk.lists.remove(user, refs)
    now = at.desk.lists.statistics(user)
    yield record(
        f"took {counted(number, 'file')} off the list; left: {amounts(now)}",
        removed=number, files=now.files,
    )  # fmt: skip


def _shown(at: At, user: str, check: bool, record: Any) -> Iterator[dict[str, Any]]:
    if check:
        with Bars(lgr).bar("list") as bar:
            check_list(
                at.desk.store, user, at.desk.places(),
                tick=lambda done, total: bar.update("asking mirrors", done, total),
            )  # fmt: skip
    review = review_list(at.desk.store, user)
    files = [file for group in review.groups for file in group.files]
    several = len({file.ref.source for file in files}) > 1
    links = links_of(files, at.desk.places())
    for group in review.groups:
        for file in group.files:
            state = review.states.get(file.ref)
            made = file_record(_ACTION, at.path, file, group, state, lgr, several=several)
            yield {**made, "link": links.get(file.ref, "")}
    now = at.desk.lists.statistics(user)
    yield record(**review_record(review, now))
