"""What ``datalad download-manifest`` takes, and examples of it: its ``--help``."""

from __future__ import annotations

from datalad.distribution.dataset import EnsureDataset
from datalad.support.constraints import EnsureChoice, EnsureInt, EnsureNone, EnsureStr
from datalad.support.param import Parameter

from datalad_jsdl.commands._options import CREDENTIAL, JOBS

__all__ = ["EXAMPLES", "OPTION_GROUPS", "PARAMS"]

PARAMS = dict(
    manifest=Parameter(
        args=("manifest",),
        metavar="MANIFEST",
        doc="""file name or http(s) URL of the manifest, '-' for standard input, the folder
        of a BagIt bag, or the address of a dataset at a portal, such as 'dandi:000027'
        (all are listed under "Addresses at portals" in the documentation).""",
        constraints=EnsureStr(),
    ),
    path=Parameter(
        args=("path",),
        metavar="PATH",
        nargs="?",
        doc="""the dataset to import into; it is created if it does not exist. With
        [CMD: --dataset CMD][PY: `dataset` PY], it becomes a subdataset of that one.
        By default, it is the one given by [CMD: --dataset CMD][PY: `dataset` PY], or
        the one around the current directory, or else a new one in a folder named after the
        manifest.""",
        constraints=EnsureStr() | EnsureNone(),
    ),
    dataset=Parameter(
        args=("-d", "--dataset"),
        doc="""the dataset to import into or, if PATH is given too, the one in which PATH
        is a subdataset, or becomes one.""",
        constraints=EnsureDataset() | EnsureNone(),
    ),
    prefix=Parameter(
        args=("--prefix",),
        metavar="DIR",
        doc="""put all paths of the manifest into this folder of the dataset.""",
        constraints=EnsureStr() | EnsureNone(),
    ),
    split=Parameter(
        args=("--split",),
        metavar="N",
        doc="""make a subdataset of each folder at this depth: with 1, of each top folder of
        the manifest. In a dataset with more than some 200,000 files, git-annex takes seconds
        for each command. A '//' in a path of the manifest also begins a subdataset.""",
        constraints=EnsureInt() | EnsureNone(),
    ),
    include=Parameter(
        args=("--include",),
        metavar="GLOB",
        action="append",
        doc="""only import entries whose path in the manifest, or one of its parent folders,
        matches; '*' also matches '/'. Can be given several times.""",
    ),
    exclude=Parameter(
        args=("--exclude",),
        metavar="GLOB",
        action="append",
        doc="""skip entries whose path in the manifest, or one of its parent folders,
        matches. Can be given several times.""",
    ),
    base_url=Parameter(
        args=("--base-url",),
        metavar="URL",
        doc="""resolve relative URLs in the manifest against this one; by default,
        against the manifest's own URL. For the address of a dataset: use the portal at
        this URL instead of the usual one.""",
        constraints=EnsureStr() | EnsureNone(),
    ),
    manifest_format=Parameter(
        args=("--format",),
        dest="manifest_format",
        metavar="NAME",
        doc="""the format of the manifest; by default, it is detected from its first bytes.
        For the names, see "Formats of manifests" in the documentation.""",
        constraints=EnsureStr() | EnsureNone(),
    ),
    column=Parameter(
        args=("--column",),
        metavar="ROLE=NAME",
        action="append",
        doc="""the role of a column of a table: path, url, size, mtime or the name of a
        digest, and the column's name in the header. Can be given several times; columns
        with well-known names are detected.""",
    ),
    checksums=Parameter(
        args=("--checksums",),
        metavar="FILE",
        action="append",
        doc="""file name or URL of a checksum list, as written by md5sum, sha256sum and the
        like ('HEX  path', or 'SHA256 (path) = HEX'). Its checksums are added to the entries
        with the same paths; for a list of bare URLs, the same file names are enough. An
        entry whose checksum in the manifest differs is refused. Can be given several
        times.""",
    ),
    get=Parameter(
        args=("--get",),
        action="store_true",
        doc="""also download the content. An entry without a checksum is downloaded
        before it is registered, so that it can be verified from then on. Signed URLs can
        only be used with this option; they are never recorded. If the manifest names a ZIP
        archive of its files, many small ones come from it with a few requests.""",
    ),
    mtime=Parameter(
        args=("--mtime",),
        doc="""modification times: those of the manifest ('recorded'); with 'remote', a file
        without one gets the time that the first responding URL reports (Last-Modified).
        That time is requested once, and recorded for 'git annex get' and for archives.""",
        constraints=EnsureChoice("recorded", "remote"),
    ),
    jobs=JOBS,
    dry_run=Parameter(
        args=("-n", "--dry-run"),
        action="store_true",
        doc="""show what would be done, and write nothing.""",
    ),
    check=Parameter(
        args=("--check",),
        action="store_true",
        doc="""only check whether the download would succeed, and write nothing: request the
        files that are not present yet (a sample if they are more than 1000); show a line for
        each mirror, files that are unavailable or of another size, the free disk space, and
        the time the download may take. The check fails if a file is unavailable from all of
        its mirrors, or the disk is too small; a faulty mirror is shown, but is no failure if
        others have all of its files. For details, see "Before a download" in the
        documentation.""",
    ),
    credential=CREDENTIAL,
    cookies=Parameter(
        args=("--cookies",),
        metavar="BROWSER|FILE",
        doc="""log in with the cookies of your browser (firefox; chrome, chromium and
        brave need the extra 'browser') or of a cookies.txt file, at the manifest's own origin
        or, if it is a file, at the one origin of all its URLs. Short for --credential.""",
        constraints=EnsureStr() | EnsureNone(),
    ),
    delete=Parameter(
        args=("--delete",),
        action="store_true",
        doc="""delete files that an earlier import wrote, but that are no longer in the
        manifest (or in the part of it that [CMD: --prefix, --include CMD][PY: `prefix`,
        `include` PY] and [CMD: --exclude CMD][PY: `exclude` PY] select).""",
    ),
    restore=Parameter(
        args=("--restore",),
        action="store_true",
        doc="""first restore files that are missing, or unlocked but not modified, in
        the work tree. 'datalad rerun' needs this: it removes or unlocks the files of
        a commit before it runs the command that made it.""",
    ),
    failed=Parameter(
        args=("--failed",),
        metavar="FILE",
        doc="""write the entries that could not be registered (with [CMD: --get CMD][PY:
        `get` PY], also those that could not be downloaded) to this file, as JSON Lines: a
        manifest to retry with, whose field 'reason' tells why each entry failed. It is empty if
        nothing failed. Only you can read it, since it contains the manifest's signed URLs.
        A preview or check writes no such file.""",
        constraints=EnsureStr() | EnsureNone(),
    ),
    message=Parameter(
        args=("-m", "--message"),
        metavar="MESSAGE",
        doc="""a description for the commit message.""",
        constraints=EnsureStr() | EnsureNone(),
    ),
    report=Parameter(
        args=("--report",),
        doc="""which entries get a result record of their own, besides those that
        failed: changed entries if they are at most 1000 ('changes'), or all ('all').""",
        constraints=EnsureChoice("changes", "all"),
    ),
)

OPTION_GROUPS = {
    "Which files": "include exclude",
    "Where they are put": "dataset prefix split",
    "How the manifest is read": "manifest_format column base_url checksums",
    "Look first": "dry_run check",
    "Download": "get mtime jobs",
    "Log in": "credential cookies",
    "Files of an earlier import": "delete restore",
    "What is recorded and reported": "message report failed",
}

EXAMPLES = [
    dict(
        text="Make a dataset of a portal's manifest, then get a part of it",
        code_py="download_manifest('https://portal.example/study.json', 'study')",
        code_cmd="datalad download-manifest https://portal.example/study.json study\n"
        "cd study && git annex get sub-01",
    ),
    dict(
        text="Make a dataset of one at DANDI (for others, see Addresses at portals)",
        code_py="download_manifest('dandi:000027', 'study')",
        code_cmd="datalad download-manifest dandi:000027 study",
    ),
    dict(
        text="See what a newer manifest would change",
        code_py="download_manifest('study.json', 'study', dry_run=True)",
        code_cmd="datalad download-manifest --dry-run study.json study",
    ),
    dict(
        text="Check whether all files are available, from which mirrors, and whether the disk "
        "is large enough; then download",
        code_py="download_manifest('study.json', 'study', check=True)",
        code_cmd="datalad download-manifest --check study.json study &&\n"
        "datalad download-manifest --get study.json study",
    ),
    dict(
        text="Log in at the portal with the cookies of your browser",
        code_py="download_manifest('https://portal.example/study.json', 'study', "
        "cookies='firefox')",
        code_cmd="datalad download-manifest --cookies firefox "
        "https://portal.example/study.json study",
    ),
    dict(
        text="Import a study of an Orthanc server, named as in Orthanc's own archive",
        code_py="download_manifest('orthanc+https://pacs.example/studies/1.2.840.1', 'study')",
        code_cmd="datalad download-manifest orthanc+https://pacs.example/studies/1.2.840.1 study",
    ),
    dict(
        text="Import the NIfTI files only, download them too, eight at a time",
        code_py="download_manifest('study.json', 'study', include=['*.nii.gz'], get=True, jobs=8)",
        code_cmd="datalad download-manifest --include '*.nii.gz' --get -J 8 study.json study",
    ),
    dict(
        text="Download everything, and retry later what failed",
        code_py="download_manifest('study.json', 'study', get=True, failed='failed.jsonl')",
        code_cmd="datalad download-manifest --get --failed failed.jsonl study.json study\n"
        "datalad download-manifest --get --failed failed.jsonl failed.jsonl study",
    ),
    dict(
        text="Take URLs from one list, and checksums from another",
        code_py="download_manifest('urls.txt', 'study', checksums=['SHA256SUMS'])",
        code_cmd="datalad download-manifest --checksums SHA256SUMS urls.txt study",
    ),
    dict(
        text="Record the times that mirrors report, for a list without times",
        code_py="download_manifest('urls.txt', 'study', mtime='remote')",
        code_cmd="datalad download-manifest --mtime remote urls.txt study",
    ),
]
