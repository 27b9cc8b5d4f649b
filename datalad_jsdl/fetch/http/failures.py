"""What the transport raises; the one place from which other packages know urllib3's errors."""

from __future__ import annotations

import urllib3

from datalad_jsdl.errors import BrokenOffError

__all__ = ["BROKEN_OFF", "NETWORK_ERRORS", "READ_TIMEOUT"]

#: No answer comes, or it breaks off.
NETWORK_ERRORS: tuple[type[Exception], ...] = (
    OSError,
    BrokenOffError,
    urllib3.exceptions.HTTPError,
)

#: An answer breaks off; an OSError beside it would be of whoever takes the bytes.
BROKEN_OFF: tuple[type[Exception], ...] = (BrokenOffError, urllib3.exceptions.HTTPError)

#: No byte came within the limit.
READ_TIMEOUT: type[Exception] = urllib3.exceptions.ReadTimeoutError
