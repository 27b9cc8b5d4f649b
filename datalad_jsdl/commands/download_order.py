"""``datalad download-order``: orders of files, and all that can be done with one."""

from __future__ import annotations

import argparse
import logging
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import datasetmethod
from datalad.interface.base import Interface, build_doc, eval_results
from datalad.support.constraints import EnsureNone, EnsureStr
from datalad.support.param import Parameter
from datalad.ui import ui

from datalad_jsdl.commands._desk_params import DATASET, STORE, USER
from datalad_jsdl.commands._interrupts import interruptible
from datalad_jsdl.commands._options import jobs_of, listed
from datalad_jsdl.commands._words import Further, word_and
from datalad_jsdl.errors import JsdlError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["DownloadOrder"]

lgr = logging.getLogger("datalad.jsdl.download_order")

_WORDS = (
    *("create", "list", "show", "export", "prepare", "manifest", "verify", "compare"),
    "worker",
)


@build_doc
class DownloadOrder(Interface):
    """Order the files on your list, and download the order as a ZIP archive, again and again

    An order never changes: its archive has the same bytes on every machine, today and in a year,
    whatever becomes of the list. It takes a few hundred bytes a file in a database; the archive
    itself is stored nowhere.

    What is done depends on the first argument. ORDER is the id of an order, or its beginning;
    without it, the newest order is meant.

    'create [PATH...]' makes an order of the available files on the list, or of those at PATH; the
    others stay on the list. In a list of several datasets or manifests, NAME/PATH is a path in one
    of them, and NAME all of it. With --from ORDER it makes a new order of the files of another one
    that are not known to be unavailable.

    'list' shows all orders, newest first; 'show [ORDER]' one of them, with its files, what is
    wrong with any of them, and how to cite it.

    'export [ORDER] [FILE]' writes the archive; an interrupted export continues. Every file is
    verified, and the whole archive against the order's SHA-256, which the first export decides. A
    single argument with a dot or slash in it is the FILE.

    'prepare [ORDER]' reads all contents once: then the archive's size, SHA-256 and pieces are
    known, and any part of it can be given at once. With --queue a worker does it.

    'manifest [ORDER] [FILE]' writes a manifest, with which anybody makes the same archive
    ('datalad export-archive --manifest'), without this store.

    'verify [ORDER] FILE' tells whether a file is the archive of the order. 'compare [ORDER]' tells
    what of it has changed or is gone today.

    'worker' runs what was put into the queue, until Ctrl-C.
    """

    result_renderer = "tailored"

    _params_ = dict(
        action=Parameter(
            args=("action",),
            metavar="ACTION",
            nargs=argparse.PARSER,
            action=word_and("arguments"),
            choices=_WORDS,
            doc="""create, list, show, export, prepare, manifest, verify, compare or worker.""",
        ),
        arguments=Parameter(
            args=("arguments",),
            action=Further,
            metavar="ARGUMENT",
            nargs="*",
            doc="""ORDER, FILE or PATH, as the action has it.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        dataset=DATASET,
        store=STORE,
        user=USER,
        name=Parameter(
            args=("--name",),
            metavar="NAME",
            doc="""of the archive of a new order, and of the folder in it; by default it is made
            from the time.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        from_order=Parameter(
            args=("--from",),
            dest="from_order",
            metavar="ORDER",
            doc="""with 'create': the order to take files from, instead of the list.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        checksum_file=Parameter(
            args=("--checksum-file",),
            action="store_true",
            doc="""with 'export': write FILE.sha256, for 'sha256sum -c'.""",
        ),
        queue=Parameter(
            args=("--queue",),
            action="store_true",
            doc="""with 'prepare': leave it to a worker.""",
        ),
        waker=Parameter(
            args=("--waker",),
            metavar="URL",
            doc="""with 'worker' and --queue: queue that wakes workers: redis://HOST,
            postgresql://… or sqlite:///FILE. By default, it is the store's own database, or a file
            beside the store.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        credential=Parameter(
            args=("--credential",),
            metavar="SOURCE",
            action="append",
            doc="""where the login for an origin is kept, for files that come from a manifest; as
            for 'datalad download-manifest'. Datasets have settings of their own.""",
        ),
        jobs=Parameter(
            args=("-J", "--jobs"),
            metavar="NUMBER",
            doc="""with 'export': transfers at a time; with 'worker': jobs at a time.""",
        ),
        dry_run=Parameter(
            args=("--dry-run",),
            action="store_true",
            doc="""with 'create': only tell what would be ordered.""",
        ),
    )

    _option_groups_ = {
        "Whose orders": "dataset user store",
        "A new order": "name from_order dry_run",
        "Its archive": "checksum_file jobs credential",
        "Workers": "queue waker",
    }

    _examples_ = [
        dict(
            text="Order the list under a name, and write the archive of the order",
            code_py="download_order('create', name='visit1'); "
            "download_order('export', '../visit1.zip')",
            code_cmd="datalad download-order create --name visit1\n"
            "datalad download-order export ../visit1.zip",
        ),
        dict(
            text="What has changed since the newest order was made?",
            code_py="download_order('compare')",
            code_cmd="datalad download-order compare",
        ),
        dict(
            text="Run what others have put into the queue of a shared store",
            code_cmd="datalad download-order worker --store postgresql://lab@db.example.org/orders",
        ),
    ]

    @staticmethod
    @datasetmethod(name="download_order")
    @eval_results
    @interruptible
    def __call__(
        action: str,
        arguments: str | Sequence[str] | None = None,
        *,
        dataset: Any = None,
        store: str | None = None,
        user: str | None = None,
        name: str | None = None,
        from_order: str | None = None,
        checksum_file: bool = False,
        queue: bool = False,
        waker: str | None = None,
        credential: str | Sequence[str] | None = None,
        jobs: int | str | None = None,
        dry_run: bool = False,
    ) -> Iterator[dict[str, Any]]:
        if action not in _WORDS:
            raise ValueError(f"there is no action {action!r}; there are {', '.join(_WORDS)}")
        created = {"--name": name, "--from": from_order, "--dry-run": dry_run}
        for belongs, options in (
            ({"create"}, created),
            ({"export"}, {"--checksum-file": checksum_file}),
            ({"prepare"}, {"--queue": queue}),
            ({"prepare", "worker"}, {"--waker": waker}),
            ({"export", "worker"}, {"--jobs": jobs}),
        ):
            wrong = [option for option, value in options.items() if value]
            if wrong and action not in belongs:
                raise ValueError(f"{wrong[0]} belongs to {' and '.join(sorted(belongs))}")
        # all that the work needs: --help does without
        from datalad_jsdl.commands._common import failure, given_place
        from datalad_jsdl.commands._desk import opened_desk, user_of
        from datalad_jsdl.commands._order_actions import ACTION, ACTIONS, Call

        given = ACTIONS[action].completed(listed(arguments))
        most = ACTIONS[action].most
        if most is not None and len(given) > most:
            raise ValueError(
                f"{action!r} takes {ACTIONS[action].takes}; got {len(given)} arguments"
            )
        try:
            number = jobs_of(jobs)
            who = user_of(user)
            logins = tuple(listed(credential))
            with opened_desk(dataset, store, "download order", logins) as at:
                call = Call(
                    at, who, given, name or "", from_order or "", checksum_file, queue,
                    waker or "", number, dry_run, dataset,
                )  # fmt: skip
                yield from ACTIONS[action].run(call)
        except (JsdlError, OSError) as error:
            yield failure(ACTION, given_place(dataset), error, lgr)

    @staticmethod
    def custom_result_renderer(res: dict[str, Any], **_: Any) -> None:
        from datalad_jsdl.commands._list_results import shown

        ui.message(shown(res))

    @staticmethod
    def custom_result_summary_renderer(results: Any) -> None:
        """The records say it all."""
