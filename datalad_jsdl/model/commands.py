"""Messages that end with commands, each on a line of its own, to be copied from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["added", "joined", "with_commands"]

_BREAK = "\n  "


def with_commands(text: str, what_for: str, commands: Iterable[str]) -> str:
    """A message with commands at its end; without any, the message as it is.

    Args:
        text: one line.
        what_for: what stands before them, such as ``to log in, run``.
        commands: those that are the same are shown once.
    """
    lines = list(dict.fromkeys(commands))
    return f"{text}; {what_for}:{_BREAK}{_BREAK.join(lines)}" if lines else text


def added(text: str, more: str) -> str:
    """A message with *more* text, which leaves its commands where they are: at the end."""
    sentence, what_for, commands = _parts(text)
    return with_commands(sentence + more, what_for, commands)


def joined(texts: Iterable[str]) -> str:
    """Several messages in one, with all their commands at its end."""
    parts = [_parts(text) for text in texts]
    commands = [command for *_, some in parts for command in some]
    what_for = next((what_for for _, what_for, some in parts if some), "")
    return with_commands("; ".join(sentence for sentence, *_ in parts), what_for, commands)


def _parts(text: str) -> tuple[str, str, list[str]]:
    """A message without its commands, what is said before them, and the commands."""
    before, newline, rest = text.partition(f":{_BREAK}")
    sentence, semicolon, what_for = before.rpartition("; ")
    if not newline or not semicolon:
        return text, "", []
    return sentence, what_for, rest.split(_BREAK)
