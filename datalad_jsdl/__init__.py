"""DataLad extension jsdl: the command suite; nothing else is imported.

git-annex starts our special remote once per job, so importing this package
must stay free of DataLad. The suite is therefore an attribute made on demand:
DataLad's entry point asks for it when it loads the extension.
"""

__all__ = ["command_suite"]

_SUITE = (
    "Download the files that a portal's manifest lists",
    [
        (
            "datalad_jsdl.commands.download_manifest",
            "DownloadManifest",
            "download-manifest",
            "download_manifest",
        ),
        (
            "datalad_jsdl.commands.download_content",
            "DownloadContent",
            "download-content",
            "download_content",
        ),
        (
            "datalad_jsdl.commands.download_list",
            "DownloadList",
            "download-list",
            "download_list",
        ),
        (
            "datalad_jsdl.commands.download_order",
            "DownloadOrder",
            "download-order",
            "download_order",
        ),
        (
            "datalad_jsdl.commands.serve_downloads",
            "ServeDownloads",
            "serve-downloads",
            "serve_downloads",
        ),
        (
            "datalad_jsdl.commands.jsdl_login",
            "JsdlLogin",
            "jsdl-login",
            "jsdl_login",
        ),
        (
            "datalad_jsdl.commands.enable_jsdl",
            "EnableJsdl",
            "enable-jsdl",
            "enable_jsdl",
        ),
        (
            "datalad_jsdl.commands.export_archive",
            "ExportArchive",
            "export-archive-jsdl",
            "export_archive",
        ),
        (
            "datalad_jsdl.commands.export_manifest",
            "ExportManifest",
            "export-manifest",
            "export_manifest",
        ),
        (
            "datalad_jsdl.commands.make_manifest",
            "MakeManifest",
            "make-manifest",
            "make_manifest",
        ),
    ],
)


def __getattr__(name: str) -> object:
    if name != "command_suite":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from datalad_jsdl.commands import replace_core_export_archive
    from datalad_jsdl.commands._log_level import hand_on_log_level
    from datalad_jsdl.commands._option_groups import group_options

    replace_core_export_archive()
    hand_on_log_level()
    group_options()
    return _SUITE
