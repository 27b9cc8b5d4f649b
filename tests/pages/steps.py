"""What tests of pages do again and again."""

from __future__ import annotations

from collections.abc import Callable

from starlette.testclient import TestClient

from datalad_jsdl.portal.site import Site
from tests.pages.forms import Page

Make = Callable[..., Site]
HERE = "https://portal.example.org"


def listed(site: Site) -> list[str]:
    return [file.ref.path for file in site.desk.lists.files("me")]


def ordered(client: TestClient, **filled: str) -> Page:
    return Page.at(client, "/list").button("Order ").press(client, **filled)
