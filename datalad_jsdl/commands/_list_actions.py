"""What ``datalad download-list`` does with a list."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.interface.results import get_status_dict

from datalad_jsdl.commands._bars import Bars
from datalad_jsdl.commands._list_results import amounts, file_record, review_record
from datalad_jsdl.commands._options import inside, listed
from datalad_jsdl.errors import OrderError, QueryError
from datalad_jsdl.model.amounts import counted
from datalad_jsdl.operations.manifest_contents import Listed
from datalad_jsdl.operations.manifest_place import is_no_file, place_of
from datalad_jsdl.orders.choosing.choice import chosen_across, statistics_of
from datalad_jsdl.orders.choosing.datasets import choose_from_dataset
from datalad_jsdl.orders.choosing.manifests import choose_from_manifest
from datalad_jsdl.orders.links import links_of
from datalad_jsdl.orders.moving import move_dataset
from datalad_jsdl.orders.review import check_list, review_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalad_jsdl.commands._desk import At
    from datalad_jsdl.orders.choosing.choice import Choice, Chosen

__all__ = ["ACTION", "added", "chosen_of", "moved", "paths_of", "removed", "shown_list"]

ACTION = "download_list"

lgr = logging.getLogger("datalad.jsdl.download_list")


def paths_of(
    path: str | Sequence[str] | None, dataset: Any, at: At, manifest: str | None
) -> list[str]:
    """Paths in the source; none for all of it."""
    if manifest is not None:
        plain = [item.strip("/").removeprefix("./") for item in listed(path)]
        return [] if "." in plain else plain
    if at.root is None:
        return [] if not path else listed(path)
    return inside(path, dataset, at.root)


def chosen_of(at: At, manifest: str | None, choice: Choice) -> Chosen:
    """What a choice of files of the dataset, or of a manifest, comes to."""
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


def added(
    at: At, user: str, chosen: Chosen, dry_run: bool, record: Any, *, is_query: bool
) -> Iterator[dict[str, Any]]:
    """Put files on the list; *record* makes a result record of a message and fields."""
    for path, why in chosen.missing.items():
        yield {
            **get_status_dict(
                action=ACTION, status="impossible", path=str(at.path / path), type="file",
                logger=lgr,
            ),
            "message": why,
        }  # fmt: skip
    found = statistics_of(chosen.files)
    if not found.files:
        hint = "" if is_query else " (a folder needs --recursive for what is below)"
        raise QueryError(f"no file fits; nothing was added{hint}")
    if dry_run:
        yield record(
            f"would add {amounts(found)}", files=found.files, bytes=found.size, dry_run=True
        )
        return
    number = at.desk.add(user, chosen)
    now = at.desk.lists.statistics(user)
    text = f"added {counted(number, 'file')}"
    if found.files - number:
        text += f" ({found.files - number} were on the list already)"
    yield record(
        f"{text}; on the list: {amounts(now)}",
        files=found.files, added=number, bytes=found.size, on_list=now.files,
    )  # fmt: skip


def removed(
    at: At, user: str, given: Sequence[str], dataset: Any, record: Any
) -> Iterator[dict[str, Any]]:
    """Take files off the list."""
    names = at.desk.lists.sources(user)
    named = [path for path in given if len(names) > 1 and path.partition("/")[0] in names]
    others = [path for path in given if path not in named]
    plain = paths_of(others, dataset, at, None) if others else []
    paths = [*(path.rstrip("/") for path in named), *plain]
    if not paths or (others and not plain):
        raise QueryError("nothing says which files; give a PATH, or use 'clear' for all of them")
    chosen = chosen_across(paths, names)
    refs = [file.ref for file in at.desk.lists.files(user) if chosen(file.ref)]
    if not refs:
        raise QueryError(f"nothing on the list is at {paths[0]}")
    if at.root is not None and not named:
        # another dataset on the list may have the same path
        own = at.desk.dataset(at.root).name
        refs = [ref for ref in refs if ref.source == own] or refs
    number = at.desk.lists.remove(user, refs)
    now = at.desk.lists.statistics(user)
    yield record(
        f"took {counted(number, 'file')} off the list; left: {amounts(now)}",
        removed=number, files=now.files,
    )  # fmt: skip


def moved(at: At, given: Sequence[str], record: Any) -> Iterator[dict[str, Any]]:
    """Tell the store where a dataset is now."""
    if len(given) != 2:
        raise OrderError(f"moved takes a NAME and a PATH; got {counted(len(given), 'argument')}")
    name, root = given[0], Path(os.path.abspath(given[1]))
    number = move_dataset(at.desk, name, root)
    text = f"the dataset {name} is in {root} now; it has "
    text += f"all {number} commits of lists and orders" if number != 1 else "the commit of them"
    yield record(text, source=name, path=str(root), commits=number)


def shown_list(at: At, user: str, check: bool, record: Any) -> Iterator[dict[str, Any]]:
    """Show the list, file by file and in all."""
    if check:
        with Bars(lgr).bar("list") as bar:
            check_list(
                at.desk.store, user, at.desk.places(),
                tick=lambda done, total: bar.update("asking mirrors", done, total),
            )  # fmt: skip
    review = review_list(at.desk.store, user)
    files = [file for group in review.groups for file in group.files]
    several = len({file.ref.source for file in files}) > 1
    places = at.desk.places()
    links = links_of(files, places)
    for group in review.groups:
        for file in group.files:
            state = review.states.get(file.ref)
            path = places.path(file.ref, at.path)
            made = file_record(ACTION, path, file, group, state, lgr, several=several)
            yield {**made, "link": links.get(file.ref, "")}
    now = at.desk.lists.statistics(user)
    yield record(**review_record(review, now))
