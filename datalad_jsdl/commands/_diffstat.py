"""What a plan comes to, kind by kind, with examples: for ``--dry-run``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datalad_jsdl.model.amounts import size_text
from datalad_jsdl.repository.annex.keys import parse_key
from datalad_jsdl.repository.importing.steps import Change

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datalad_jsdl.repository.importing.steps import Plan, Step

__all__ = ["stat_lines", "stat_of"]

_EXAMPLES = 3
_WIDEST = 70  # characters of the examples


@dataclass
class _Kind:
    """Files of one kind of change.

    Attributes:
        files: their number.
        size: bytes, as far as known.
        examples: the first of them.
    """

    files: int = 0
    size: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str, size: int | None = None) -> None:
        self.files += 1
        self.size += size or 0
        if len(self.examples) < _EXAMPLES:
            self.examples.append(example)


_WORDS = {
    "added": "added",
    "changed": "changed",
    "renamed": "renamed",
    "urls": "new URLs",
    "mtime": "new time",
    "access": "new access",
    "unchanged": "unchanged",
    "deleted": "deleted",
    "gone": "gone",
    "conflicts": "skipped",
    "refused": "refused",
}


def stat_of(plans: Sequence[tuple[str, Plan]], refused: Sequence[str]) -> list[dict[str, Any]]:
    """One object for each kind that there is: ``change``, ``files``, ``bytes``, ``examples``.

    Other than in the counts, a file that is renamed is neither added nor gone or deleted.

    Args:
        plans: of the import, each with the folder of the subdataset that it is for, or "".
        refused: names of the entries that were refused.
    """
    kinds = {name: _Kind() for name in _WORDS}
    for folder, plan in plans:
        _add_plan(kinds, f"{folder}/" if folder else "", plan)
    for name in refused:
        kinds["refused"].add(name)
    return [
        {"change": name, "files": kind.files, "bytes": kind.size, "examples": kind.examples}
        for name, kind in kinds.items()
        if kind.files
    ]


def _add_plan(kinds: Mapping[str, _Kind], start: str, plan: Plan) -> None:
    old = set(plan.renamed.values())
    deleted = set()
    for step in plan.steps:
        path = start + step.path
        if step.path in plan.renamed:
            kinds["renamed"].add(f"{start}{plan.renamed[step.path]} => {path}", _size(step))
            continue
        if step.change is Change.DELETED:
            deleted.add(step.path)
            if step.path in old:
                continue
        kinds[step.change.value].add(path, _size(step))
    for gone in plan.gone:
        if gone not in deleted and gone not in old:
            kinds["gone"].add(start + gone)
    for conflict in plan.conflicts:
        kinds["conflicts"].add(start + conflict.path)


def _size(step: Step) -> int | None:
    if step.entry is not None and step.entry.size is not None:
        return step.entry.size
    parsed = parse_key(step.key)
    return parsed.size if parsed is not None else None


def stat_lines(stat: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The same for a person, a line a kind, in columns."""
    counts = [f"{kind['files']:,}" for kind in stat]
    sizes = [size_text(kind["bytes"]) if kind["bytes"] else "" for kind in stat]
    width, wide = (max(map(len, column), default=0) for column in (counts, sizes))
    for kind, count, size in zip(stat, counts, sizes, strict=True):
        word = _WORDS[kind["change"]]
        yield f"  {word:<10}  {count:>{width}}  {size:>{wide}}  {_shown(kind)}".rstrip()


def _shown(kind: Mapping[str, Any]) -> str:
    """As many examples as there is room for, the first in any case."""
    shown: list[str] = []
    for example in kind["examples"]:
        if shown and len(", ".join([*shown, example])) > _WIDEST:
            break
        shown.append(example)
    return ", ".join([*shown, "..."] if len(shown) < kind["files"] else shown)
