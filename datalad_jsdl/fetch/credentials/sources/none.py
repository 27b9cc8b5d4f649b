"""No login at all: for origins that are to get none, even if one could be found."""

from __future__ import annotations

from datalad_jsdl.fetch.credentials.login import Gives, Source

__all__ = ["SOURCE"]

SOURCE = Source("none", "no login, even if one could be found", gives=Gives.NOTHING)
