"""What a dataset has recorded of its files → the entries of a manifest; `plan` is the way in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from datalad_jsdl.model.data_urls import MOST, MOST_IN_ALL
from datalad_jsdl.model.entry import Candidate, Entry
from datalad_jsdl.model.inline import Inline, symlink_fault
from datalad_jsdl.model.paths import marked_path_fault
from datalad_jsdl.model.secrecy import DEFAULT, Secrecy
from datalad_jsdl.model.subdatasets import joined
from datalad_jsdl.model.urls import normalise_url
from datalad_jsdl.repository.annex.keys import Key, parse_key, vurl_key
from datalad_jsdl.repository.annex.logs import in_order
from datalad_jsdl.repository.commit import EXECUTABLE, LINK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from datalad_jsdl.repository.annex.logs import KeyState
    from datalad_jsdl.repository.annex.lookup import KeyLookup
    from datalad_jsdl.repository.commit import Tree

__all__ = [
    "Unlisted",
    "as_far_as_there_is_room",
    "dataset_entries",
    "entry_in_git",
    "public_candidates",
]

_AT_ONCE = 5000  # files to look up; fewer would mostly start git


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A file that cannot be an entry of a manifest.

    Attributes:
        path: in the dataset that is exported.
        reason: why, free of secrets.
        in_git: git itself has its content, which has no URL, and was not to be listed.
    """

    path: str
    reason: str
    in_git: bool = False


def dataset_entries(
    tree: Tree,
    paths: Iterable[str],
    lookup: KeyLookup,
    prefix: str = "",
    secrecy: Secrecy = DEFAULT,
    *,
    content_in_git: bool = False,
) -> Iterator[Entry | Unlisted]:
    """One for each file, in the given order; memory does not grow with their number.

    URLs that are no candidates are left out: those with a login or signature in them, and
    those that are not http or https.

    Args:
        tree: of the commit.
        paths: of files in it.
        lookup: of the same repository.
        prefix: to put before paths: a subdataset's path, and ``//``.
        secrecy: what in URLs is a secret. What may be an identifier was found to be one when
            it was registered.
        content_in_git: the entries of files in git have their content; False to leave them out.
    """
    remaining = iter(paths)
    while portion := list(islice(remaining, _AT_ONCE)):
        keys = tree.keys(portion)
        annexed = [(path, key) for path in portion if (key := keys[path])]
        others = [path for path in portion if not keys[path]] if content_in_git else []
        in_git = _entries_in_git(tree, others, prefix)
        found = lookup.find_all([key for _, key in annexed])
        for path in portion:
            if not keys[path] and content_in_git:
                yield next(in_git)
                continue
            if not keys[path]:
                reason = "its content is in git and has no URL"
                yield Unlisted(prefix + path, reason, in_git=True)
                continue
            key, urls, state = next(found)
            executable = tree.files[path].mode == EXECUTABLE
            yield _entry(prefix + path, key, urls, state, executable, secrecy)


def _entries_in_git(tree: Tree, paths: Sequence[str], prefix: str) -> Iterator[Entry | Unlisted]:
    sizes = tree.sizes(paths)
    contents = tree.contents(path for path in paths if sizes[path] <= MOST)
    for path in paths:
        mode = tree.files[path].mode
        yield entry_in_git(
            prefix + path,
            sizes[path],
            partial(next, contents),
            executable=mode == EXECUTABLE,
            is_symlink=mode == LINK,
        )


def entry_in_git(
    path: str,
    size: int,
    read: Callable[[], bytes],
    *,
    executable: bool = False,
    is_symlink: bool = False,
) -> Entry | Unlisted:
    """The entry of a file in git, which has its content.

    Args:
        path: in the manifest, perhaps with ``//`` where a subdataset begins.
        size: of the content in bytes.
        read: reads it; not called if it is too large.
        executable: the file is.
        is_symlink: it is a symlink, and the content its target.
    """
    if size > MOST:
        return Unlisted(path, f"its content is in git, and larger than {MOST >> 20} MiB")
    inline = Inline(read(), is_symlink)
    fault = marked_path_fault(path)
    if not fault and is_symlink:
        fault = symlink_fault(joined(path), inline.content)
    if fault:
        return Unlisted(path, f"a manifest cannot contain it: {fault}")
    digests = {"sha256": inline.digest("sha256")}
    return Entry(path, (), size, digests, executable=executable, inline=inline)


def as_far_as_there_is_room(
    items: Iterable[Entry | Unlisted],
) -> Iterator[Entry | Unlisted]:
    """Items of which no more have their content than a manifest may hold in all."""
    held = 0
    for item in items:
        size = len(item.inline.content) if isinstance(item, Entry) and item.inline else 0
        if size and held + size > MOST_IN_ALL:
            reason = (
                "its content is in git, and a manifest can hold "
                f"{MOST_IN_ALL >> 20} MiB of such content in all"
            )
            yield Unlisted(item.path, reason)
        else:
            held += size
            yield item


def _entry(
    path: str,
    text: str,
    urls: Sequence[str],
    state: KeyState,
    executable: bool,
    secrecy: Secrecy,
) -> Entry | Unlisted:
    key = parse_key(text)
    if fault := marked_path_fault(path):
        return Unlisted(path, f"a manifest cannot contain it: {fault}")
    if key is None:
        return Unlisted(path, "its key is not valid")
    candidates, others = public_candidates(_in_order(urls, key, state), secrecy)
    if not candidates:
        said = ", ".join(f"{number} {what}" for what, number in others.items())
        reason = f"none of its URLs may be shared: {said}" if said else "it has no recorded URL"
        return Unlisted(path, reason)
    restriction = state.restriction.public(secrecy) if state.restriction else None
    return Entry(
        path,
        tuple(candidates),
        key.size,
        {key.algorithm: key.hexdigest} if key.algorithm else {},
        state.mtime,
        executable,
        restriction=restriction,
    )


def _in_order(urls: Sequence[str], key: Key, state: KeyState) -> list[str]:
    if state.order or key.algorithm is not None:
        return in_order(urls, state.order)
    # no order is recorded, and the first URL makes the key: that is to be the same again
    name = key.text.partition("--")[2]
    return sorted(urls, key=lambda url: (vurl_key(url, None).partition("--")[2] != name, url))


def public_candidates(
    urls: Iterable[str], secrecy: Secrecy = DEFAULT
) -> tuple[list[Candidate], Counter[str]]:
    """Those of *urls* that may go out, and how many others there are of each kind."""
    found: dict[str, Candidate] = {}
    others: Counter[str] = Counter()
    for given in urls:
        try:
            url = normalise_url(given)
        except ValueError:
            # one with a colon in front is for another of git-annex's downloaders
            with_login = given.lower().startswith(("http:", "https:")) and "@" in given
            others["with a login" if with_login else "not http or https"] += 1
            continue
        finding = secrecy.finding(url)
        if finding is not None and not finding.unsure:
            others["signed"] += 1
        else:
            found.setdefault(url, Candidate(url))
    return list(found.values()), others
