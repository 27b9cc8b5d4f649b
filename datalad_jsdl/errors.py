"""The one error tree.

::

    JsdlError
    ├── ManifestError (ValueError)     a manifest that cannot be read at all
    ├── DatasetError (RuntimeError)    git, git-annex or the dataset refuse
    │   └── NothingThereError               there is no such commit, folder or file
    ├── FetchError (OSError)           content that is unavailable
    │   ├── AddressRefusedError             the address policy forbids the connection
    │   └── StatusError                     an API answered with a status of failure
    ├── BrokenOffError                 an answer of a mirror that ended before its end
    ├── ArchiveError (ValueError)      an archive, or another file, that cannot be written as asked
    ├── SettingError (ValueError)      git config that cannot be understood
    ├── LoginError (RuntimeError)      a login that is not given, not taken, or cannot be kept
    ├── QueryError (ValueError)        a question about files that cannot be understood
    ├── OrderError (ValueError)        an order that cannot be made or found
    └── StoreError (RuntimeError)      the store of lists and orders refuses
        └── ReadOnlyStoreError              it can be read, but not written

A failure of a single entry or file is not raised but returned, as a value
(`Refusal`, `Fault`, …), so that the rest can go on. What an error is about it carries as data,
beside its text: nobody has to read the one out of the other.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from datalad_jsdl.faults import Failed

__all__ = [
    "AddressRefusedError",
    "ArchiveError",
    "BrokenOffError",
    "DatasetError",
    "FetchError",
    "InterruptedWork",
    "JobCancelledError",
    "JobError",
    "JobInterruptedError",
    "JsdlError",
    "LeaseLostError",
    "LockedError",
    "LoginError",
    "ManifestError",
    "NothingThereError",
    "OrderError",
    "PortalError",
    "QueryError",
    "ReadOnlyStoreError",
    "SettingError",
    "StatusError",
    "StoreError",
    "TermsError",
    "UnpreparedError",
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
    """Anything this package raises on purpose; its text is fit for a user's eyes.

    Attributes:
        member: the path in an archive that it is about, which its text begins with; or "".
    """

    member: str = ""

    @property
    def bare(self) -> str:
        """The text without the member."""
        return BaseException.__str__(self)

    def __str__(self) -> str:
        return f"{self.member}: {self.bare}" if self.member else self.bare


class InterruptedWork(KeyboardInterrupt):
    """The user has pressed Ctrl-C.

    Attributes:
        kept: bytes that the next run continues with.
    """

    def __init__(self, kept: int) -> None:
        super().__init__(f"{kept} bytes are kept")
        self.kept = kept


class ManifestError(JsdlError, ValueError):
    """The manifest as a whole cannot be read.

    Attributes:
        where: the line or entry that is to blame, such as ``line 7``; "" if it is all of it.
    """

    def __init__(self, text: str, *, where: str = "") -> None:
        super().__init__(text)
        self.where = where


class DatasetError(JsdlError, RuntimeError):
    """git, git-annex or the state of the dataset do not allow the operation.

    Attributes:
        path: of the dataset, or of what is in it, that is to blame; None if that is not known.
    """

    def __init__(self, text: str, *, path: Path | None = None) -> None:
        super().__init__(text)
        self.path = path


class NothingThereError(DatasetError):
    """There is no such commit, or no such folder or file in it."""


class FetchError(JsdlError, OSError):
    """Content is unavailable.

    Attributes:
        failed: what is wrong with each URL; None if the error is not about URLs of a content.
        name: of the member of an archive that ends here, or b"".
    """

    def __init__(self, text: str, *, failed: Failed | None = None, name: bytes = b"") -> None:
        super().__init__(text)
        self.failed = failed
        self.name = name


class AddressRefusedError(FetchError):
    """The address policy forbids the connection.

    Attributes:
        scheme: that may not be used, or "".
        host: that has an address which may not be connected to, or "".
        address: that one, numeric, or "".
    """

    def __init__(self, text: str, *, scheme: str = "", host: str = "", address: str = "") -> None:
        super().__init__(text)
        self.scheme = scheme
        self.host = host
        self.address = address


class StatusError(FetchError):
    """An API answered, with a status of failure.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, text: str, status: int, *, failed: Failed | None = None) -> None:
        super().__init__(text, failed=failed)
        self.status = status


class BrokenOffError(JsdlError):
    """An answer ended before its end: what a transport raises while it is read.

    No OSError, as that would be the disk's that the bytes go to.
    """


class ArchiveError(JsdlError, ValueError):
    """An archive, or another file, cannot be written as asked.

    Attributes:
        dropped: a content is not at fault, but was dropped from here a moment ago.
    """

    def __init__(self, text: str, *, dropped: bool = False) -> None:
        super().__init__(text)
        self.dropped = dropped


class SettingError(JsdlError, ValueError):
    """A setting in git config cannot be understood."""


class LoginError(JsdlError, RuntimeError):
    """A login is not given, not taken by the server, or cannot be kept."""


class QueryError(JsdlError, ValueError):
    """What files are to be chosen by cannot be understood."""


class StoreError(JsdlError, RuntimeError):
    """The store of lists and orders cannot be opened, read or written."""


class ReadOnlyStoreError(StoreError):
    """The store cannot be written, neither now nor later; what is in it can be read."""


class LockedError(StoreError):
    """Somebody else writes to the store, and did not end in time; it may work the next time."""


class OrderError(JsdlError, ValueError):
    """An order cannot be made, or no order has that id.

    Attributes:
        files_over: how many files are too many; 0 if that is not why.
        bytes_over: how many bytes are too many; 0 if that is not why.
    """

    def __init__(self, text: str, *, files_over: int = 0, bytes_over: int = 0) -> None:
        super().__init__(text)
        self.files_over = files_over
        self.bytes_over = bytes_over


class TermsError(OrderError):
    """Terms have to be accepted before.

    Attributes:
        terms: name of a dataset → version of its terms.
    """

    def __init__(self, text: str, terms: Mapping[str, str]) -> None:
        super().__init__(text)
        self.terms = terms


class UnpreparedError(OrderError):
    """Bytes of an archive cannot be given before the order is prepared."""


class PortalError(JsdlError, RuntimeError):
    """A portal cannot be served as it was asked for."""


class JobError(JsdlError, RuntimeError):
    """There is no job of that id, or it cannot go on in this worker."""


class JobCancelledError(JobError):
    """The user of a job has cancelled it."""


class JobInterruptedError(JobError):
    """The worker is to end; another one will run the job."""


class LeaseLostError(JobError):
    """The lease of a job ran out, and somebody else has taken the job over, or ended it."""
