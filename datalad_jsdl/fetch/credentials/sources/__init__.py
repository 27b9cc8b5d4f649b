"""The table of places where logins are kept, in the order in which they are asked.

To add one, write a module with a `Source` (copy the smallest, `variable`), and give it a line here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.fetch.credentials import annex_headers
from datalad_jsdl.fetch.credentials.sources import (
    aws,
    browser,
    cookies,
    git_helper,
    netrc_file,
    none,
)
from datalad_jsdl.fetch.credentials.sources import datalad as stored
from datalad_jsdl.fetch.credentials.sources import environment as variable

if TYPE_CHECKING:
    from datalad_jsdl.fetch.credentials.login import Source

__all__ = ["SOURCES"]

SOURCES: tuple[Source, ...] = (
    stored.SOURCE,
    git_helper.SOURCE,
    netrc_file.SOURCE,
    cookies.SOURCE,
    browser.SOURCE,
    variable.SOURCE,
    aws.SOURCE,
    annex_headers.SOURCE,
    none.SOURCE,
)
