"""Options of ``datalad export-archive`` that say what a manifest is, and who may read it."""

from __future__ import annotations

from datalad.support.constraints import EnsureNone, EnsureStr
from datalad.support.param import Parameter

from datalad_jsdl.commands._options import CREDENTIAL

__all__ = ["MANIFEST_OPTIONS"]

MANIFEST_OPTIONS = dict(
    manifest=Parameter(
        args=("--manifest",),
        metavar="MANIFEST",
        doc="""make a ZIP archive straight from a manifest, without a dataset: a file name, an
        http(s) URL, '-' for standard input, or the address of a dataset at a portal, as
        for 'datalad download-manifest'. The archive is identical, byte for byte, to that of a
        dataset into which the manifest was imported, under the same file name. Written to
        standard output, it has no folder around the files unless --leading-dir names
        one.""",
        constraints=EnsureStr() | EnsureNone(),
    ),
    base_url=Parameter(
        args=("--base-url",),
        metavar="URL",
        doc="""resolve relative URLs in the manifest against this one; for the address of a
        dataset, use the portal at this URL.""",
        constraints=EnsureStr() | EnsureNone(),
    ),
    manifest_format=Parameter(
        args=("--format",),
        dest="manifest_format",
        metavar="NAME",
        doc="""the format of the manifest; by default it is detected.""",
        constraints=EnsureStr() | EnsureNone(),
    ),
    column=Parameter(
        args=("--column",),
        metavar="ROLE=NAME",
        action="append",
        doc="""the role of a column, if the manifest is a table, as for 'datalad
        download-manifest'. Can be given several times.""",
    ),
    credential=Parameter(
        args=CREDENTIAL.cmd_args,
        metavar=CREDENTIAL.cmd_kwargs["metavar"],
        action="append",
        doc="""where the login for an origin (https://host:port) of the manifest or its URLs
        is kept, as for 'datalad download-manifest'. Nothing is remembered. Can be given
        several times.""",
    ),
    cookies=Parameter(
        args=("--cookies",),
        metavar="BROWSER|FILE",
        doc="""log in with the cookies of your browser or of a cookies.txt file at the origin of
        the manifest or, if it is a file, at the one origin of all its URLs.""",
        constraints=EnsureStr() | EnsureNone(),
    ),
)
