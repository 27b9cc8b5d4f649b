"""Options that the commands on lists and orders share."""

from __future__ import annotations

from datalad.distribution.dataset import EnsureDataset
from datalad.support.constraints import EnsureNone, EnsureStr
from datalad.support.param import Parameter

__all__ = ["DATASET", "STORE", "USER"]

DATASET = Parameter(
    args=("-d", "--dataset"),
    doc="""the dataset; by default the one around the current directory.""",
    constraints=EnsureDataset() | EnsureNone(),
)
STORE = Parameter(
    args=("--store",),
    metavar="URL",
    doc="""database with the lists and orders: sqlite:///FILE or postgresql://USER@HOST/DATABASE
    (with the password in ~/.pgpass). By default, each dataset has its own, which needs no set-up:
    .git/annex/jsdl/orders.sqlite.""",
    constraints=EnsureStr() | EnsureNone(),
)
USER = Parameter(
    args=("--user",),
    metavar="NAME",
    doc="""whose list and orders, where several people share a store; by default 'me'.""",
    constraints=EnsureStr() | EnsureNone(),
)
