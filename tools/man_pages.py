#!/usr/bin/env python3
"""Write a man page of each command, from the same parser as its ``--help``.

::

    python3 tools/run.py exec python tools/man_pages.py FOLDER [--shipped]

``--shipped`` leaves out the page of ``export-archive``: DataLad's packages have one of that name.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
import textwrap
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.cli.interface import alter_interface_docs_for_cmdline
from datalad.cli.parser import setup_parser
from datalad.interface.base import get_cmd_doc

import datalad_jsdl

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["man_page", "write_man_pages"]

_TITLE, _SUITE = datalad_jsdl.command_suite
_WIDTH = 66  # columns of the synopsis, which man indents and cannot wrap

# what DataLad does after a command, whatever it was
_EXIT_STATUS = (
    ("0", "everything was done, or there was nothing to do."),
    ("1", "something failed: a file, an entry of a manifest, or the whole command."),
    ("2", "an argument is missing or has an impossible value, or there is no dataset."),
    ("3", "the command was interrupted (Ctrl-C)."),
)


def write_man_pages(folder: Path, *, shipped: bool = False) -> None:
    """Write ``datalad-COMMAND.1`` of each command of the suite.

    Args:
        folder: made if it is missing.
        shipped: without names that DataLad's own packages have.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for module, name, command, function in _SUITE:
        interface = getattr(importlib.import_module(module), name)
        # export-archive-jsdl is known by the name of DataLad's own command, too
        for each in {command} if shipped else {command, function.replace("_", "-")}:
            page = man_page(each, interface)
            (folder / f"datalad-{each}.1").write_text(page, encoding="utf-8")


def man_page(command: str, interface: Any) -> str:
    """The source of a command's page, in the macros of man(7).

    Args:
        command: as it is typed, after ``datalad``.
        interface: DataLad's class of it.
    """
    parser = _parser_of(command)
    name = f"datalad-{command}"
    short, _, long = alter_interface_docs_for_cmdline(get_cmd_doc(interface)).partition("\n")
    release = version("datalad-jsdl")
    lines = [
        f'.TH {_text(name.upper())} 1 "" "datalad-jsdl {release}" "DataLad"',
        ".SH NAME",
        rf"{_text(name)} \- {_text(short[0].lower() + short[1:])}",
        ".SH SYNOPSIS",
        *_literal(_usage(parser)),
        ".SH DESCRIPTION",
        *_prose(long),
    ]
    for group in parser._action_groups:
        if group._group_actions:
            lines.append(_heading(parser, group))
            for action in group._group_actions:
                lines += _described(_names(action), _help(parser, action))
    lines.append(".SH EXAMPLES")
    for example in interface._examples_:
        if "code_cmd" in example:
            lines += [".PP", f"{_text(example['text'])}:", *_literal(example["code_cmd"])]
    lines.append(".SH EXIT STATUS")
    for code, meaning in _EXIT_STATUS:
        lines += _described(code, meaning)
    others = (other for *_, other, _ in _SUITE if other != command)
    pages = [rf"\fBdatalad\-{_text(other)}\fR(1)" for other in others]
    lines += [".SH SEE ALSO", ",\n".join([*pages, r"\fBgit\-annex\fR(1)"])]
    return "\n".join(lines) + "\n"


def _parser_of(command: str) -> argparse.ArgumentParser:
    for action in setup_parser(["datalad", command])._actions:
        if isinstance(action, argparse._SubParsersAction):
            found: argparse.ArgumentParser = action.choices[command]
            return found
    raise LookupError(command)


def _usage(parser: argparse.ArgumentParser) -> str:
    # argparse takes the width of the terminal that it runs on
    formatter = argparse.HelpFormatter(parser.prog, width=_WIDTH)
    formatter.add_usage(parser.usage, parser._actions, parser._mutually_exclusive_groups, "")
    return formatter.format_help().strip()


def _heading(parser: argparse.ArgumentParser, group: argparse._ArgumentGroup) -> str:
    if group is parser._positionals:
        return ".SH ARGUMENTS"
    return ".SH OPTIONS" if group is parser._optionals else f".SS {_text(group.title or '')}"


def _names(action: argparse.Action) -> str:
    """An option with what it takes, or what an argument is called."""
    value = action.metavar or action.dest.upper()
    if not action.option_strings:
        return str(value)
    names = ", ".join(action.option_strings)
    return names if action.nargs == 0 else f"{names} {value}"


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    shown = parser._get_formatter()._expand_help(action)
    return " ".join(shown.split())


def _described(term: str, text: str) -> Iterator[str]:
    yield from (".TP", rf"\fB{_text(term)}\fR", _text(text))


def _prose(text: str) -> Iterator[str]:
    """Paragraphs, and what is indented as it stands."""
    for block in text.strip("\n").split("\n\n"):
        if block.startswith("  "):
            yield from _literal(block)
        elif block:
            paragraph = " ".join(block.split())
            # RST's sign for a literal block that follows
            yield from (".PP", _text(re.sub("::$", ":", paragraph)))


def _literal(block: str) -> Iterator[str]:
    yield from (".PP", ".RS 4", ".nf")
    yield from (_text(line) for line in textwrap.dedent(block).splitlines())
    yield from (".fi", ".RE")


def _text(text: str) -> str:
    """Text in which troff sees no request, and that can be copied."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq")
    return rf"\&{escaped}" if escaped.startswith(".") else escaped


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[2:] not in ([], ["--shipped"]):
        sys.exit(__doc__)
    write_man_pages(Path(sys.argv[1]), shipped=len(sys.argv) == 3)
