"""Who may import whom: arrows go down only, and never in a circle, for type checking neither."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import datalad_jsdl

ROOT = Path(datalad_jsdl.__file__).parent

# a layer knows itself and those before it, as far as they are not its neighbours
LAYERS = (
    {"faults", "cycles", "notes"},
    {"errors"},
    {"model"},
    {"bugs"},
    {"manifest", "repository"},
    {"fetch"},
    {"archive"},
    {"operations"},
    {"orders"},
    {"portal"},
    {"commands", "special_remote", "api"},
    {"datalad_jsdl"},
)
RANK = {name: number for number, layer in enumerate(LAYERS) for name in layer}

# what the package stands on, and who may know of it; the others may not
OUTSIDE = {
    "datalad": {"commands", "datalad_jsdl"},
    "argparse": {"commands"},
    "annexremote": {"special_remote"},
    "sqlalchemy": {"orders"},
    "alembic": {"orders"},
    "huey": {"orders"},
    "starlette": {"portal"},
    "uvicorn": {"portal"},
    "jinja2": {"portal"},
    "prometheus_client": {"portal"},
    "authlib": {"portal"},
    "limits": {"portal"},
    "structlog": {"portal"},
}


def modules() -> dict[str, Path]:
    found = {}
    for file in ROOT.rglob("*.py"):
        names = file.relative_to(ROOT.parent).with_suffix("").parts
        found[".".join(names[:-1] if names[-1] == "__init__" else names)] = file
    return found


MODULES = modules()


def imports(file: Path) -> set[str]:
    """Every module that a file names in an import, wherever in it that stands."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = (f"{module}.{alias.name}" for alias in node.names)
            found |= {name if name in MODULES else module for name in names}
    return found


IMPORTS = {name: imports(file) for name, file in MODULES.items()}


def packages_of(module: str) -> set[str]:
    """The packages that a module is in; whoever imports it runs their ``__init__``, too."""
    names = module.split(".")
    return {".".join(names[:length]) for length in range(2, len(names))}


def layer_of(module: str) -> str:
    names = module.split(".")
    return names[1] if len(names) > 1 else names[0]


def test_every_module_has_a_layer() -> None:
    assert {layer_of(name) for name in MODULES} <= RANK.keys()


@pytest.mark.parametrize("name", sorted(MODULES))
def test_arrows_go_down(name: str) -> None:
    own = layer_of(name)
    for other in IMPORTS[name]:
        if not other.startswith("datalad_jsdl"):
            outside = other.partition(".")[0]
            assert own in OUTSIDE.get(outside, {own}), f"{name} imports {other}"
        elif (above := layer_of(other)) != own:
            assert RANK[above] < RANK[own], f"{name} imports {other}"


def test_there_is_no_circle() -> None:
    done: set[str] = set()
    path: list[str] = []

    def visit(name: str) -> None:
        assert name not in path, " → ".join([*path[path.index(name) :], name])
        if name in done:
            return
        path.append(name)
        own = IMPORTS[name] & MODULES.keys()
        for package in set().union(*map(packages_of, own)) - packages_of(name):
            own.add(package)
        for other in sorted(own - {name}):
            visit(other)
        path.pop()
        done.add(name)

    for name in sorted(MODULES):
        visit(name)


def test_one_package_knows_urllib3() -> None:
    knowing = {name for name in MODULES if any(i.split(".")[0] == "urllib3" for i in IMPORTS[name])}
    assert all(name.startswith("datalad_jsdl.fetch.http.") for name in knowing), sorted(knowing)
