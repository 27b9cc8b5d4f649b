"""Formats that other packages add: whatever is wrong with one, all others are read as ever."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from datalad_jsdl.bugs import LOGGER, log_trace
from datalad_jsdl.errors import JsdlError, ManifestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.record import Record

__all__ = ["added_formats"]

#: The group of entry points that other packages add formats with.
_GROUP = "datalad_jsdl.formats"

lgr = logging.getLogger(LOGGER)

_WRONG = (Exception, SystemExit)  # a script that ends by sys.exit() ends no command of ours


@dataclass(frozen=True)
class _AddOn:
    """A format of another package; see `Format` for its methods.

    Attributes:
        name: of the format.
        package: that it is of, for messages.
        module: of that package.
    """

    name: str
    package: str
    module: Any

    def sniff(self, head: str) -> bool:
        try:
            return bool(self.module.sniff(head))
        except _WRONG as error:  # whatever another package does wrong
            _warn(self.name, self.package, error)
            return False

    def records(self, text: Iterator[str], options: Options) -> Iterator[Record]:
        place = "at the beginning"
        try:
            for record in self.module.records(text, options):
                place = f"after {record.where}"
                yield record
        except (JsdlError, OSError):
            raise
        except _WRONG as error:
            said = _said(self.name, self.package, error)
            raise ManifestError(f"{said} {place}; please report it to that package") from None


@cache
def added_formats() -> Mapping[str, _AddOn]:
    """Name → format, of all that other packages add.

    To look through all that is installed takes long, so that is done once. What cannot be used is
    skipped with a warning.
    """
    found: dict[str, _AddOn] = {}
    for point in entry_points(group=_GROUP):
        package = _package(point)
        try:
            module = point.load()
            missing = {"sniff", "records"} - set(dir(module))
            if missing:
                raise AttributeError(f"{point.value} has no function {min(missing)}")
        except _WRONG as error:  # whatever another package does wrong
            _warn(point.name, package, error)
        else:
            found[point.name] = _AddOn(point.name, package, module)
    return found


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"


def _said(name: str, package: str, error: BaseException) -> str:
    log_trace(f"the format {name} of {package}", error)
    return f"the format {name} of the package {package} failed ({type(error).__name__}: {error})"


def _warn(name: str, package: str, error: BaseException) -> None:
    lgr.warning("%s, and was skipped", _said(name, package, error))
