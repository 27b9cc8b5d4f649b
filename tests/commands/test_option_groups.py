"""Each option of a command stands in one named group of its ``--help``."""

from __future__ import annotations

import argparse
import importlib
import re

import pytest
from datalad.cli import parser as cli

import datalad_jsdl
from datalad_jsdl.commands._option_groups import group_options
from tests.conftest import run

_, SUITE = datalad_jsdl.command_suite
NAMES = [name for *_, name, _ in SUITE]

# what DataLad gives every command stands in argparse's own group, by this name
OWN = {"help", "version"}


def parser_of(name: str) -> argparse.ArgumentParser:
    """A command's parser, made by DataLad."""
    (made,) = (
        action.choices[name]
        for action in cli.setup_parser(["datalad", name])._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return made


def groups_of(parser: argparse.ArgumentParser) -> list[tuple[str, str]]:
    """The group's title and the name of each option."""
    return [
        (group.title or "", action.dest)
        for group in parser._action_groups
        for action in group._group_actions
        if action.option_strings
    ]


@pytest.mark.parametrize("name", NAMES)
def test_each_option_is_in_one_group(name: str) -> None:
    parser = parser_of(name)
    found = groups_of(parser)
    assert {dest for title, dest in found if title == "options"} == OWN
    places = [dest for _, dest in found]
    assert len(places) == len(set(places))
    assert set(places) == {action.dest for action in parser._actions if action.option_strings}


@pytest.mark.parametrize(("module", "cls", "name", "_"), SUITE)
def test_no_group_is_empty_or_names_what_is_no_option(
    module: str, cls: str, name: str, _: str
) -> None:
    declared = getattr(importlib.import_module(module), cls)._option_groups_
    found = groups_of(parser_of(name))
    for title, names in declared.items():
        assert set(names.split()) == {dest for group, dest in found if group == title}


def test_they_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the command itself, that of core's name included."""
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("download-manifest", "export-archive"):
        shown = run("datalad", name, "--help-np", anew=True)
        titles = re.findall(r"^(\S.*):\n  -", shown, re.MULTILINE)
        assert len(titles) > 4
        assert titles[0] == "options"


def test_cores_commands_are_as_they_were() -> None:
    assert {title for title, _ in groups_of(parser_of("get"))} == {"options"}


def test_the_parser_is_changed_once() -> None:
    first = cli.setup_parser_for_interface
    group_options()
    assert cli.setup_parser_for_interface is first
