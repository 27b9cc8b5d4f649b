"""The one error tree.

::

    JsdlError
    ├── ManifestError (ValueError)     a manifest that cannot be read at all
    ├── DatasetError (RuntimeError)    git, git-annex or the dataset refuse
    ├── FetchError (OSError)           content that cannot be had
    │   ├── AddressRefusedError             the address policy forbids the connection
    │   └── StatusError                     an API answered with a status of failure
    ├── ArchiveError (ValueError)      an archive, or another file, that cannot be written as asked
    └── SettingError (ValueError)      git config that cannot be understood

A failure of a single entry or file is not raised but returned, as a value
(`Refusal`, `Fault`, …), so that the rest can go on.
"""

from __future__ import annotations

import os

__all__ = [
    "AddressRefusedError",
    "ArchiveError",
    "DatasetError",
    "FetchError",
    "JsdlError",
    "ManifestError",
    "SettingError",
    "StatusError",
    "reason",
]


def reason(error: BaseException) -> str:
    """What an error says, in words for a user: no number of an error, no bytes of a name."""
    if isinstance(error, OSError) and not isinstance(error, JsdlError) and error.strerror:
        names = (error.filename, error.filename2)
        paths = [os.fsdecode(name) for name in names if isinstance(name, (str, bytes, os.PathLike))]
        return f"{' → '.join(paths)}: {error.strerror}" if paths else error.strerror
    return str(error)


class JsdlError(Exception):
    """Anything this package raises on purpose; its text is fit for a user's eyes."""


class ManifestError(JsdlError, ValueError):
    """The manifest as a whole cannot be read."""


class DatasetError(JsdlError, RuntimeError):
    """git, git-annex or the state of the dataset do not allow the operation."""


class FetchError(JsdlError, OSError):
    """Content cannot be had."""


class AddressRefusedError(FetchError):
    """The address policy forbids the connection."""


class StatusError(FetchError):
    """An API answered, with a status of failure.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class ArchiveError(JsdlError, ValueError):
    """An archive, or another file, cannot be written as asked."""


class SettingError(JsdlError, ValueError):
    """A setting in git config cannot be understood."""
