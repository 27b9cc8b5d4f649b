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

__all__ = [
    "AddressRefusedError",
    "ArchiveError",
    "DatasetError",
    "FetchError",
    "JsdlError",
    "ManifestError",
    "SettingError",
    "StatusError",
]


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
