"""Limits, as git config has them."""

from __future__ import annotations

import dataclasses

import pytest

from datalad_jsdl.errors import SettingError
from datalad_jsdl.fetch.http.throttle import Throttle
from datalad_jsdl.fetch.settings import Settings, parse_bytes, settings_table


def test_the_nearest_setting_counts() -> None:
    config = {
        "datalad.jsdl.jobs": ["3"],
        "remote.jsdl.jobs": ["4", "5"],
        "datalad.jsdl.bandwidth": ["2.5M"],
        "remote.jsdl.read-timeout": ["0.5"],
        "remote.jsdl.prefer": ["*.a.example  b.example", "c.example"],
        "remote.jsdl.annex-cost": ["150"],
    }
    assert Settings.from_config(config) == Settings(
        jobs=5,
        bandwidth=5 << 19,
        read_timeout=0.5,
        prefer=("*.a.example", "b.example", "c.example"),
    )
    assert Settings.from_config({}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jobs", "0"),
        ("jobs", "many"),
        ("retries", "-1"),
        ("bandwidth", "fast"),
        ("segments", ""),
        ("read-timeout", "0"),
        ("read-timeout", "nan"),
        ("max-wait", "1e9"),
        ("connect-timeout", "9999999"),
        ("bandwidth", "9" * 400),
        ("connections", "²"),
    ],
)
def test_what_cannot_be_understood_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=rf"remote\.jsdl\.{name} is '{value}': expected"):
        Settings.from_config({f"remote.jsdl.{name}": [value]})


def test_a_misspelt_name_is_noticed() -> None:
    with pytest.raises(SettingError, match=r"unknown setting; did you mean bandwidth\?"):
        Settings.from_config({"remote.jsdl.bandwith": ["1M"]})
    Settings.from_config({"remote.jsdl.url": ["x"], "datalad.jsdl.extension": ["y"]})


def test_amounts() -> None:
    assert parse_bytes("500k") == 512000
    assert parse_bytes("20 MB/s") == parse_bytes("20M") == parse_bytes("20MiB") == 20 << 20
    assert parse_bytes("7") == 7


def test_the_table_has_every_setting() -> None:
    names = [setting.name for setting in settings_table()]
    assert names == [f.name.replace("_", "-") for f in dataclasses.fields(Settings)]
    assert all(setting.default and setting.meaning for setting in settings_table())


def test_a_throttle_is_shared() -> None:
    throttle = Throttle(1000)
    assert throttle.chunk(1 << 20) == 1024
    waits = [throttle.pause(500) for _ in range(4)]
    assert waits == sorted(waits)
    assert 1.5 < waits[-1] <= 2.0
    assert Throttle(0).pause(1 << 30) == 0
