"""A page as a browser without scripts has it: its forms, filled in and sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.testclient import TestClient

__all__ = ["Button", "Page"]

_VOID = {"input", "meta", "link", "img", "br", "wbr", "hr"}


@dataclass
class Button:
    """A button of a form.

    Attributes:
        action: where the form goes.
        fields: hidden fields, and those with text.
        boxes: boxes that can be ticked.
        text: that it says.
        name: of its own field.
        value: of that.
    """

    action: str
    fields: list[tuple[str, str]]
    boxes: list[tuple[str, str]]
    name: str
    value: str
    text: str = ""

    def press(self, client: TestClient, *ticked: str, **filled: str) -> Page:
        """Send the form; *ticked* are values of boxes."""
        pairs = [(name, filled.get(name, value)) for name, value in self.fields]
        known = dict.fromkeys(value for _, value in self.boxes)
        assert set(ticked) <= known.keys()
        pairs += [(name, value) for name, value in self.boxes if value in ticked]
        if self.name:
            pairs.append((self.name, self.value))
        data: dict[str, list[str]] = {}
        for name, value in pairs:
            data.setdefault(name, []).append(value)
        return Page(client, client.post(self.action, data=data))


@dataclass
class _Form:
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """An answer, parsed.

    Attributes:
        status: of it.
        text: what a reader sees, spaces run together.
        elements: names of all elements with their attributes.
        buttons: of forms that are posted.
        links: text → address.
    """

    def __init__(self, client: TestClient, answer: Any) -> None:
        super().__init__()
        self.status = answer.status_code
        self.url = str(answer.url.raw_path, "ascii") if hasattr(answer.url, "raw_path") else ""
        self.html = answer.text
        self.headers = answer.headers
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.buttons: list[Button] = []
        self.links: dict[str, str] = {}
        self._open: list[str] = []
        self._form: _Form | None = None
        self._button: Button | None = None
        self._link: list[str] | None = None
        self._href = ""
        self._seen: list[str] = []
        self.feed(answer.text)
        self.close()
        assert self._open == [], "an element is not closed"
        self.text = " ".join("".join(self._seen).split())

    @classmethod
    def at(cls, client: TestClient, path: str, **query: str) -> Page:
        """Ask for a page."""
        return cls(client, client.get(path, params=query or None))

    def button(self, text: str) -> Button:
        """The one that says this, and perhaps more."""
        found = [button for button in self.buttons if button.text.startswith(text)]
        assert found, (text, [button.text for button in self.buttons])
        return found[0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, given))
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "form":
            self._form = _Form(given.get("action", "")) if given.get("method") == "post" else None
        elif tag == "input" and self._form is not None:
            box = given.get("type") == "checkbox"
            into = self._form.boxes if box else self._form.fields
            if "name" in given:
                into.append((given["name"], given.get("value", "")))
        elif tag == "button" and self._form is not None:
            form = self._form
            name, value = given.get("name", ""), given.get("value", "")
            self._button = Button(form.action, form.fields, form.boxes, name, value)
            self.buttons.append(self._button)
        elif tag == "a":
            self._link, self._href = [], given.get("href", "")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes something else"
        if tag == "form":
            self._form = None
        elif tag == "button":
            self._button = None
        elif tag == "a" and self._link is not None:
            self.links[" ".join("".join(self._link).split())] = self._href
            self._link = None

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("script", "style"):
            return
        self._seen.append(data)
        if self._button is not None:
            self._button.text = " ".join((self._button.text + data).split())
        if self._link is not None:
            self._link.append(data)
