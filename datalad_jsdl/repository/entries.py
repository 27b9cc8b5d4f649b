"""What a dataset has recorded of its files → the entries of a manifest; `plan` is the way in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from datalad_jsdl.model.entry import Candidate, Entry
from datalad_jsdl.model.paths import marked_path_fault
from datalad_jsdl.model.secrecy import DEFAULT, Secrecy
from datalad_jsdl.model.urls import normalise_url
from datalad_jsdl.repository.annex.keys import Key, parse_key, vurl_key
from datalad_jsdl.repository.annex.logs import in_order
from datalad_jsdl.repository.commit import EXECUTABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datalad_jsdl.repository.annex.logs import KeyState
    from datalad_jsdl.repository.annex.lookup import KeyLookup
    from datalad_jsdl.repository.commit import Tree

__all__ = ["Unlisted", "dataset_entries", "public_candidates"]

_AT_ONCE = 5000  # files to look up; fewer would mostly start git


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A file that cannot be an entry of a manifest.

    Attributes:
        path: in the dataset that is exported.
        reason: why, free of secrets.
        in_git: git itself has its content, which never has a URL.
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
    """
    remaining = iter(paths)
    while portion := list(islice(remaining, _AT_ONCE)):
        keys = tree.keys(portion)
        annexed = [(path, key) for path in portion if (key := keys[path])]
        found = lookup.find_all([key for _, key in annexed])
        for path in portion:
            if not keys[path]:
                reason = "its content is in git and has no URL"
                yield Unlisted(prefix + path, reason, in_git=True)
                continue
            key, urls, state = next(found)
            executable = tree.files[path].mode == EXECUTABLE
            yield _entry(prefix + path, key, urls, state, executable, secrecy)


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
