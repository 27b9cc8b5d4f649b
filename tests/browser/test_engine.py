"""Downloads in Node, from real servers that misbehave."""

from __future__ import annotations

from collections.abc import Callable


def test_what_mirrors_do(node_tests: Callable[..., None]) -> None:
    node_tests("engine.test.mjs")
