"""Lines of the log: what is in them, and what is not."""

from __future__ import annotations

import asyncio
import io
import json

import pytest

from datalad_jsdl.portal import downloads_log
from datalad_jsdl.portal.downloads_log import DownloadsLog, Ended
from datalad_jsdl.portal.logs import PortalLog, log_to


def test_urls_are_without_what_is_secret() -> None:
    stream = io.StringIO()
    log = PortalLog(b"secret", log_to(stream, json=True))
    urls = "https://u:hush@a.example/x?X-Amz-Signature=hush https://a.example/y?token=hush"
    log.event("source failed", "user ada", error=f"cannot read {urls}\nand no more", order="o1")
    text = stream.getvalue()
    assert "hush" not in text
    assert text.count("\n") == 1
    line = json.loads(text)
    assert (line["event"], line["order"]) == ("source failed", "o1")
    assert "a.example/x" in line["error"]


def test_a_user_is_the_same_pseudonym() -> None:
    one, other = PortalLog(b"secret"), PortalLog(b"another")
    assert one.pseudonym("ada") == one.pseudonym("ada") != one.pseudonym("bob")
    assert one.pseudonym("ada") != other.pseudonym("ada")
    assert "ada" not in one.pseudonym("ada")


@pytest.mark.parametrize("text", ["a\nevent=fake", 'a" event="fake', "a event=fake"])
def test_nobody_makes_up_a_field(text: str) -> None:
    stream = io.StringIO()
    PortalLog(write=log_to(stream, json=False)).event("refused", route=text)
    (line,) = stream.getvalue().splitlines()
    assert line.count(" event=refused ") == 1
    assert ' route="' in line


class Lines:
    def __init__(self) -> None:
        self.said: list[dict[str, object]] = []

    def __call__(self, event: str, **fields: object) -> None:
        self.said.append(fields)


def test_ranges_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads_log, "_PAUSE", 0.01)
    lines = Lines()
    log = DownloadsLog(PortalLog(write=lines))

    async def downloads() -> None:
        with log.one("ada", "1", 10) as first, log.one("ada", "1", 10) as second:
            first.sent += 4
            second.sent += 6
        with log.one("bob", "1", 10) as part:
            part.sent += 3
        with log.one("eve", "1", 10) as broken:
            broken.sent += 3
            broken.ended = Ended.SOURCE
        while len(lines.said) < 3:
            await asyncio.sleep(0.01)
        with log.one("ada", "2", 10) as last:
            last.sent += 1
        log.close()

    asyncio.run(downloads())
    found = [(line["order"], line["bytes"], line["requests"], line["ended"]) for line in lines.said]
    assert found == [
        ("1", 10, 2, "complete"),
        ("1", 3, 1, "left"),
        ("1", 3, 1, "source failed"),
        ("2", 1, 1, "left"),
    ]
