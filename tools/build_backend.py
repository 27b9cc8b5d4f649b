"""What pip and build ask for a wheel (PEP 517): setuptools, with the browser module minified first.

Without node and npm, or out of reach of their registry, the wheel has the module's plain files
alone, which do the same.
"""

from __future__ import annotations

import sys

from bundle import MINIFIED, NotBundledError, bundle, is_repository
from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

_Settings = dict[str, "str | list[str] | None"] | None


def build_wheel(
    wheel_directory: str,
    config_settings: _Settings = None,
    metadata_directory: str | None = None,
) -> str:
    _minify()
    return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: _Settings = None) -> str:
    _minify()
    return build_meta.build_sdist(sdist_directory, config_settings)


def _minify() -> None:
    if not is_repository():
        return
    try:
        bundle(MINIFIED)
    except NotBundledError as exc:
        MINIFIED.unlink(missing_ok=True)  # one of older modules
        print(f"{MINIFIED.name} is left out: {exc}", file=sys.stderr)
