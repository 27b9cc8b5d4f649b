"""What a user types: one thin module a command."""

from __future__ import annotations

__all__ = ["replace_core_export_archive"]

_CORE = ("datalad.local.export_archive", "ExportArchive")
_OURS = (
    "datalad_jsdl.commands.export_archive",
    "ExportArchive",
    "export-archive",
    "export_archive",
)


def replace_core_export_archive() -> None:
    """Put our `export-archive` in the place of DataLad's own, once.

    DataLad has no way for an extension to override a command of core's: a suite
    entry with the same command line name breaks `datalad --help` (conflicting
    subparser). Replacing core's spec in its interface group does work, and takes
    effect on the command line once ``datalad.extensions.load`` names us.
    """
    import datalad.interface as interface

    for name, group in vars(interface).items():
        if not name.startswith("_group_"):
            continue
        specs = group[1]
        for index, spec in enumerate(specs):
            if tuple(spec[:2]) == _CORE:
                specs[index] = _OURS
