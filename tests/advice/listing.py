"""Every piece of advice in the source, and the tests that follow it.

A piece of advice is found in the string literals of the package: a command, an option, or a verb
that tells somebody what to do. Documentation (docstrings, options' help, tables) is no message.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import datalad_jsdl

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ADVICE", "NO_ADVICE", "found"]

_COMMAND = re.compile(
    r"\b(?:git|datalad|keyring|pip|datalad-installer|aws) [a-z-]+|(?<![\w'-])--[a-z]"
)
_VERBS = (
    "accept add ask begin check choose clear clone close commit convert copy correct create "
    "delete download drop enter except export fetch follow free get give import install leave "
    "log look make move name open pass put raise redirect remove rename renew replace reset "
    "restore retry run save say see set specify stop take trust try unlock unpack update "
    "upgrade use wait write"
)
_ORDER = re.compile(
    rf"(?:^|[;:,(\[.?] ?|\b(?:and|or|then) |\bto [a-z ]+, )(?:{_VERBS.replace(' ', '|')})\b",
    re.IGNORECASE,
)
_TABLES = frozenset(
    {"KINDS", "OPTIONS", "MEANINGS", "OPTION_GROUPS", "_examples_", "_option_groups_"}
)
_CALLS = frozenset(
    {"Operation", "Parameter", "Source", "Setting", "_setting", "dict", "compile", "debug"}
)


@cache
def found() -> dict[str, str]:
    """Each piece of advice to the place where it stands."""
    root = Path(datalad_jsdl.__file__).parent
    pieces = {}
    for file in sorted(root.rglob("*.py")):
        for line, text in _texts(ast.parse(file.read_text())):
            plain = " ".join(text.split())
            if " " in plain and (_COMMAND.search(plain) or _ORDER.search(plain)):
                pieces[plain] = f"{file.relative_to(root)}:{line}"
    return pieces


def _texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    passed_over: set[int] = set()
    for node in ast.walk(tree):
        if _is_documentation(node):
            passed_over.update(map(id, ast.walk(node)))
    for node in ast.walk(tree):
        if id(node) in passed_over:
            continue
        if isinstance(node, ast.JoinedStr):
            passed_over.update(id(child) for child in ast.walk(node))
            parts = (n.value if isinstance(n, ast.Constant) else "{}" for n in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def _is_documentation(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Call):
        function = node.func
        name = getattr(function, "id", getattr(function, "attr", ""))
        return name in _CALLS
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(getattr(target, "id", "") in _TABLES for target in targets)
    return False


_KNOWN = "manifest.test_without_urls:test_a_kind"

#: Part of a piece of advice → the test that follows it: module of tests, and name.
ADVICE = {
    # networks
    "is not a public address; to allow it": "advice.test_networks:test_an_address_is_allowed",
    "git config {} '{}' (before the dataset": "advice.test_networks:test_an_address_is_allowed",
    "are not public addresses; to allow them": "commands.test_check:test_addresses_that_are_not",
    "name its certificate authority: git config": "advice.test_networks:test_an_authority_is_named",
    "not supported; name an http proxy": "fetch.test_proxies:test_of_a_kind_that_is_not",
    "write NAME:PASSWORD@ before": "advice.test_networks:test_a_proxy_gets_its_login",
    "its key has a password; use a key without": "advice.test_networks:test_a_key_without",
    "download that and give its name": "advice.test_networks:test_a_list_that_is_too_long",
    # logins
    "to log in, run": "advice.test_logins:test_a_login_is_given",
    "give the URL of a manifest or file": "commands.test_jsdl_login:test_without_a_url",
    "give the URL that its download names": "operations.test_log_in:test_a_host_that_wants_none",
    "standard input, as --help tells": "commands.test_jsdl_login:test_standard_error_is_no_term",
    "; give the URL of a file or manifest": "operations.test_log_in:test_a_host_that_wants_none",
    "if you trust it with yours, run": "operations.test_log_in:test_it_is_asked_for_where_it_is_s",
    "gets no login (a line with": "operations.test_log_in:test_a_line_that_forbids_it",
    "no keyring is available": "operations.test_log_in:test_no_keyring",
    "in your browser, and use --cookies": "commands.test_jsdl_login:test_a_page_to_log_in_on",
    "git credential reject, then": "advice.test_logins:test_a_helpers_login_is_replaced",
    "correct its line in that file": "advice.test_logins:test_a_line_of_netrc_is_corrected",
    "log in at the portal again": "advice.test_logins:test_cookies_are_exported_anew",
    "correct the variable, or the kind": "advice.test_logins:test_a_variable_is_corrected",
    "to replace the secret, run": "advice.test_logins:test_a_stored_secret_is_entered_anew",
    "to use it here, run: {} '{} netrc'": "advice.test_logins:test_netrc_for_another_port",
    "correct the line for {}: git config": "advice.test_logins:test_a_stored_secret_is_entered",
    "unknown source; choose from": "advice.test_logins:test_one_is_chosen",
    "unknown browser {}; choose": "fetch.credentials.test_cookies:test_firefox",
    "unknown kind; choose from": "advice.test_logins:test_one_is_chosen",
    "unknown option; choose from": "advice.test_logins:test_one_is_chosen",
    "replace YOU with your own name": "advice.test_logins:test_your_own_name",
    "add user=NAME to the line": "advice.test_logins:test_a_name_beside_a_password",
    "to store its secret, run: keyring": "advice.test_logins:test_a_credential_that_is_not_there",
    "correct it with: git config": "advice.test_logins:test_a_line_is_corrected",
    "unknown setting; did you mean": "advice.test_logins:test_a_misspelt_setting",
    "name the origin they are for: --credential": "advice.test_logins:test_what_cookies_are_for",
    "a URL contains a login": "advice.test_logins:test_a_login_in_a_url",
    ": --credential '{}'": "advice.test_portals:test_a_login_where_none_is_asked_for",
    # portals
    "for another repository, use --base-url": "advice.test_portals:test_another_repository",
    "if the listing has just changed, try again": "advice.test_portals:test_a_listing_that_changes",
    "accept its terms there, and give a token": "advice.test_portals:test_a_gated_repository",
    "give accessToken=KEY": "advice.test_portals:test_openneuro",
    "try again later": "advice.test_portals:test_openneuro",
    "if it was deleted just now, try again": "advice.test_portals:test_a_gone_instance",
    "; {}, use: {}": "advice.test_portals:test_an_address_instead_of_a_page",
    "zenodo:{id} --base-url": "advice.test_portals:test_an_address_instead_of_a_page",
    "{} --base-url {}://{}": "advice.test_portals:test_an_address_instead_of_a_page",
    # manifests
    "download the manifest with the browser": "advice.test_manifests:test_a_page_instead_of_one",
    "add {}, where NAME is one of": "advice.test_manifests:test_a_column_is_named",
    "--column {}=NAME": "advice.test_manifests:test_a_column_is_named",
    "add --column {} to name each": "advice.test_manifests:test_files_are_named_by_their_urls",
    "add a first line that names the": "advice.test_manifests:test_a_table_gets_a_header",
    "add --format urls if each line": (
        "manifest.formats.test_headless:test_a_list_of_urls_with_commas_gets_its_format"
    ),
    "put each URL on a line of its own": (
        "manifest.formats.test_headless:test_urls_of_a_row_without_a_header_may_be_of_several_files"
    ),
    "columns of URLs, each with --column": "advice.test_manifests:test_a_column_of_mirrors",
    "look for a newer manifest": "advice.test_servers:test_a_newer_manifest",
    "say one (only url can have several": "advice.test_manifests:test_a_role_has_one_column",
    "use {} as the manifest, or the list": "advice.test_manifests:test_a_long_article",
    "name its repository with --base-url": "advice.test_manifests:test_a_listing_of_a_hub",
    "download it with a client for DRS": "manifest.portals.test_drs:test_urls_that_expire",
    "set datalad.jsdl.address.drs to its URL": "manifest.portals.test_drs:test_a_table",
    "add a column of URLs to the table": "advice.test_manifests:test_a_manifest_of_synapse",
    "the base_url that its program gives": "manifest.formats.test_pooch:test_without_a_base",
    "if all of them are paths, add --format json": "manifest.test_likeness:test_who_says_that",
    "; give hf:datasets/{} as": _KNOWN,
    "give a list of the files as the manifest": _KNOWN,
    "or a checksum list of that folder": _KNOWN,
    "download them with the NBIA": _KNOWN,
    "give the bucket itself as the manifest": _KNOWN,
    "give the project as the manifest": _KNOWN,
    "give each as a manifest, as ena:": _KNOWN,
    "give the folder or project as": _KNOWN,
    "download them with NDA's own": _KNOWN,
    "give the session as the manifest": _KNOWN,
    "download them with hubmap-clt": _KNOWN,
    "export the portal's list of URLs": _KNOWN,
    "download them with pyega3": _KNOWN,
    "give that source as the manifest": _KNOWN,
    "export a manifest from the HCA": _KNOWN,
    "give its catalog_file as": _KNOWN,
    "is in git, add --content-in-git": "commands.test_inline:test_a_manifest_of_all",
    "put // into the manifest's paths": "advice.test_manifests:test_a_large_dataset_is_split",
    "with --split {} there would be": "advice.test_manifests:test_a_large_dataset_is_split",
    "(choose it with --format)": "advice.test_manifests:test_a_format_is_named",
    "apply (for a table, use --format csv": "advice.test_manifests:test_columns_of_a_table",
    "use it with --checksums": "advice.test_manifests:test_a_list_of_checksums",
    "no URL of the folder; add --base-url URL": "commands.test_make_manifest:test_the_advice",
    "--leading-dir is for a zip; add --archive": "commands.test_zips:test_a_manifest_is_made",
    "to name one, add --archive URL": "commands.test_zips:test_a_zip_with_a_secret",
    "to write the zip again, run": "commands.test_zips:test_an_update_keeps",
    "to skip them on purpose, add --exclude": "commands.test_make_manifest:test_the_advice",
    "import the original manifest again": "manifest.portals.test_synapse:test_a_name_that_anoth",
    "then import the whole address again": "manifest.portals.test_synapse:test_what_wants_a_login",
    'remove "twice" from it': "advice.test_manifests:test_a_path_that_stood_twice",
    "--get downloads from them now": "advice.test_datasets:test_a_signed_url_is_downloaded",
    "download-manifest --get' makes": "commands.test_orders_words:test_a_signed_url_is_listed",
    "is verified; name a file": "commands.test_orders_words:test_a_file_is_told_from_an_order",
    "download it again": "advice.test_manifests:test_a_broken_gzip_is_fetched_again",
    "a URL is relative; use --base-url": "advice.test_manifests:test_relative_urls",
    "datalad create --force and datalad save": "advice.test_manifests:test_a_bag_without_fetch",
    "copy them into the dataset and save": "advice.test_manifests:test_files_of_a_bag",
    "does not say which bucket it is of: use": "manifest.formats.test_stores:test_a_listing_witho",
    "where its remote is: add --base-url": "manifest.formats.test_stores:test_outputs_of_dvc",
    "is not named (commons_url); add": "manifest.formats.test_stores:test_a_commons_is_named",
    "can expand: use s3://{}/{} as": "manifest.formats.test_scripts:test_what_s5cmd_does_besides",
    "use the address of the folder, project": "manifest.formats.test_stores:test_what_has_no_urls",
    "remove the & behind it": "manifest.formats.test_scripts:test_a_command_is_put_in_order",
    "(-i); use that as": "manifest.formats.test_scripts:test_a_command_is_put_in_order",
    # datasets
    "register files with datalad download-manifest": "advice.test_datasets:test_storing",
    "git config --global --add datalad.extensions.load": "advice.test_datasets:test_the_hint",
    "for reproducible zips, run once": "advice.test_datasets:test_the_hint",
    "it has staged changes; commit or unstage": "advice.test_datasets:test_of_staged_changes",
    "it has uncommitted changes; commit": "advice.test_datasets:test_of_changes",
    "an untracked file is in its place": "advice.test_datasets:test_of_an_untracked_file",
    "move it away or use --exclude": "advice.test_datasets:test_of_a_file_of_its_own",
    "{} in {} has uncommitted changes": "advice.test_datasets:test_changed_gitmodules",
    "rename it and try again: git remote rename": "advice.test_datasets:test_a_foreign_remote",
    "If they are right, run: git annex": "advice.test_datasets:test_strange_settings",
    "is not on PATH: 'git annex get'": "commands.test_as_told:test_the_program_of_the_special",
    "for this shell, run: export PATH": "commands.test_as_told:test_the_program_of_the_special",
    "to skip files that are unavailable, add": "commands.test_as_told:test_an_export_names_what",
    "import the checksum list itself": "commands.test_as_told:test_folders_that_a_list_of_urls",
    "elsewhere, run: datalad download-order export": "commands.test_as_told:test_an_order_is",
    "to download what is missing, run": "commands.test_as_told:test_a_tar_archive_is_complete",
    "give the URL of the {} itself": "commands.test_as_told:test_a_folder_is_no_manifest",
    "give the name of a file": "advice.test_datasets:test_where_failures_go",
    "give another name": "advice.test_datasets:test_where_failures_go",
    "(--delete deletes {})": "advice.test_datasets:test_what_is_gone",
    "(--get computes one)": "advice.test_datasets:test_without_a_checksum",
    "without --get it would be": "advice.test_datasets:test_unverified",
    "try: datalad get": "advice.test_datasets:test_files_without_a_url",
    "use -d and --prefix. To make": "advice.test_datasets:test_inside_another_dataset",
    "use -d and --prefix, without": "advice.test_repositories:test_a_folder_with_files_in_it",
    # repositories
    "give the folder of a dataset, or a new": "advice.test_repositories:test_a_file_in_the_place",
    "or make it one: datalad create": "advice.test_repositories:test_a_folder_that_is_no_dataset",
    "run there: datalad create --force": "advice.test_repositories:test_a_folder_that_is_no_da",
    "--delete deletes those that": "advice.test_repositories:test_a_folder_that_shall_be_a",
    "not installed; get it first": "advice.test_repositories:test_a_subdataset_that_is_to_be_got",
    "bare repository; clone it": "advice.test_repositories:test_a_bare_repository",
    "fetch the branch; run there": "advice.test_repositories:test_a_clone_without_a_git_annex",
    "fetch it from another clone": "advice.test_repositories:test_a_git_annex_branch_that_is_gone",
    "is missing or damaged in": "advice.test_repositories:test_an_object_is_brought_back",
    "move the damaged file {} away": "advice.test_repositories:test_an_object_is_brought_back",
    "the file {} is damaged": "advice.test_repositories:test_a_branch_that_is_damaged",
    "Look at what is in": "advice.test_repositories:test_a_git_folder_that_is_none",
    "install git, or add it to PATH": "advice.test_repositories:test_git_is_put_on_path",
    "holds the lock": "advice.test_repositories:test_a_lock_is_removed",
    "in the meantime; run": "advice.test_repositories:test_somebody_who_commits_all_the_time",
    "keep changing {}; wait until": "repository.test_new_links:test_an_index_that_never_rests",
    "git annex vpop": "advice.test_repositories:test_a_view_is_left",
    "git annex unlock FILE": "advice.test_repositories:test_files_are_unlocked",
    "not to the current folder": "advice.test_repositories:test_in_a_folder_of_the_dataset",
    "broken symbolic link; remove it": "advice.test_repositories:test_a_link_that_leads_nowhere",
    "--global --add": "advice.test_logins:test_headers_for_one_of_several",
    "--add datalad.jsdl.not-secret": "advice.test_repositories:test_what_is_no_secret",
    "{}; if it is not secret, run: {}": "advice.test_repositories:test_what_is_no_secret",
    # servers
    "has expired; get a fresh": "advice.test_servers:test_a_fresh_manifest",
    "grants no access; get a fresh": "advice.test_servers:test_a_fresh_manifest",
    "as with: aws sso login": "advice.test_servers:test_keys_of_aws_are_renewed",
    "if your AWS keys grant access": "advice.test_servers:test_keys_for_a_store",
    "add request-payer=requester to": "advice.test_servers:test_keys_for_a_store",
    "client certificate: git config": "advice.test_servers:test_a_client_certificate",
    "bot protection ({}) answered": "advice.test_servers:test_a_guard_against_bots",
    "although this was not requested": "advice.test_servers:test_a_file_that_comes_compressed",
    "which cannot be unpacked here": "advice.test_servers:test_a_manifest_that_cannot_be",
    "check the secret key": "advice.test_servers:test_a_secret_key_is_checked",
    "only gzip is supported; unpack it": "advice.test_manifests:test_a_compressed_manifest_is",
    "name the origin they are for": "advice.test_logins:test_headers_for_one_of_several",
    # exports
    "To repair it, run: git -C %s annex fsck": "advice.test_exports:test_damaged_content",
    "not present locally and has no URL (try": "advice.test_exports:test_content_from_elsewhere",
    "redirect the output or name a file": "advice.test_exports:test_not_to_a_terminal",
    "datalad -C {} get -n {}": "advice.test_exports:test_a_subdataset_that_is_not_installed",
    "git -C {} fetch --all": "advice.test_exports:test_a_commit_that_is_not_here",
    "it, add --recursive": "advice.test_exports:test_a_path_in_a_subdataset",
    "for a pattern, use {}": "advice.test_exports:test_a_pattern",
    "that could have lists and orders; name one": "commands.test_orders:test_without_a_dataset",
    "there is no dataset here to add files of": "commands.test_orders:test_without_a_dataset",
    "; paths begin at the current folder": "commands.test_content:test_a_path_that_is_the_dat",
    "cannot be read again; use a file": "commands.test_orders:test_a_manifest_on_standard_input",
    "To list files from its new place": "commands.test_orders:test_a_manifest_that_was_moved",
    "datalad download-order create --from {}": "commands.test_orders:test_content_that_is_wrong",
    "To see what is wrong, and since when": "commands.test_orders:test_content_that_is_wrong",
    "to order the other files, run: {}": "commands.test_orders:test_content_that_is_wrong",
    "to write it, run: datalad download-order export": "commands.test_orders:test_an_archive_that",
    "but {} is {}; give the file that": "serving.test_checks:test_what_is_no_store",
    "correct git config http.proxy": "serving.test_checks:test_git_names_the_proxy",
    "is damaged; restore it from": "serving.test_checks:test_what_is_no_store",
    "; to make its archive anywhere": "commands.test_orders:test_an_order_is_what_export",
    "a folder needs --recursive": "commands.test_orders:test_choosing",
    "nothing says which files": "commands.test_orders:test_what_cannot_be_chosen",
    "any more; put it back there": "commands.test_orders_stores:test_a_dataset_that_was_moved",
    "there is no order yet": "commands.test_orders:test_there_is_no_order",
    "git annex merge {}": "commands.test_orders_hostile:test_commits_of_an_adjusted",
    "twice; rename one of them": "orders.test_tables:test_a_column_twice",
    "Use the same options as before, or add": "advice.test_exports:test_what_is_left",
    "to archive it, run: datalad export-archive": "commands.test_first_steps:test_a_folder_is_no",
    "give its name as PATH": "commands.test_first_steps:test_nothing_to_be_named_after",
    "{}datalad download-content": "commands.test_first_steps:test_what_to_do_next",
    "kept; run the same command": "commands.test_content:test_ctrl_c_leaves_nothing_locked",
    "Run the same command to continue": "commands.test_interrupted:test_an_import",
    "Run the same command to start over": "commands.test_interrupted:test_an_archive_into_a_pipe",
    "free some space and run the same": "commands.test_terminal:test_a_full_disk",
    "(see all with: datalad -f json …)": "commands.test_causes:test_all_records_are_there",
    "use --checksum-file to renew it": "advice.test_exports:test_a_checksum_that_is_old",
    # lists, orders and jobs
    "symbolic link to it at": "commands.test_orders_stores:test_a_place_that_has_a_name_already",
    "elsewhere, use --store URL": "commands.test_orders_read_only:test_a_store_elsewhere",
    "Make some room, then run the command": "orders.test_store:test_a_full_disk",
    "to compare, use == or !=": "orders.test_table_filter:test_what_is_refused",
    "no modes; move it to another disk": "orders.test_file_modes:test_a_disk_without_modes",
    "; update datalad-jsdl": "orders.test_store:test_a_newer_one_is_refused",
    "somebody else is writing to the store; try again": "orders.test_store:test_one_that_is_locked",
    "ZIP archive; name another file": "commands.test_orders_kept:test_what_is_replaced",
    "no manifest's; name another file": "commands.test_orders_kept:test_what_is_replaced",
    "then write the manifest again": "commands.test_orders_kept:test_a_manifest_says",
    # the portal
    "Reload the page that you come from": "serving.test_embedding:test_a_form_is_accepted_once",
    "Download the whole archive once, or have it computed ahead": "web.test_api:test_what_was_pr",
    "are done, ask again": "serving.test_signed_in:test_nobody_fills_the_queue",
    "takes a while; try again in": "serving.test_archive_endpoint:test_what_is_not_prepared",
    "set 'by' in [sign-in]": "serving.test_signed_in:test_a_rule_that_is_for_nothing",
    "nobody could see anything; set 'by'": "serving.test_public:test_nobody_could_see_anything",
    "{} is empty; remove it to have": "commands.test_serve_downloads:test_a_token_of_a_file",
    "; --port 0 takes one that is free": "commands.test_serve_downloads:test_a_port_that_is_taken",
    "has none right in it": "commands.test_serve_downloads:test_a_folder_without_datasets",
    "are under way for {}; try again": "serving.test_gate:test_too_many_are_told",
    "was asked for too often; try again": "serving.test_rates:test_who_asks_too_often",
    "and pip install 'datalad-jsdl[redis]'": "serving.test_rates:test_what_operators_set_of_rates",
    "go back, and try it again": "serving.test_accounts:test_an_answer_counts_once",
    "is not reachable now; nothing is lost": "serving.test_accounts:test_a_provider_signs_in",
    "unknown setting {}; choose from": "serving.test_accounts:test_what_they_set_wrong",
    "unknown section [{}]; choose from": "serving.test_accounts:test_what_they_set_wrong",
    "let the user who runs this write": "serving.test_unreadable_datasets:test_a_commit_that",
    "let X-Accel-Buffering through": "serving.test_checks:test_a_proxy_that_buffers",
    "pass all addresses on to the portal": "serving.test_checks:test_what_is_no_portal",
    "check that the name is known": "serving.test_checks:test_nobody_answers",
    "nobody signs in, and only what is public": (
        "serving.test_public:test_what_nobody_sees_is_told"
    ),
    "--orthanc is the URL of an Orthanc": "serving.test_orthanc:test_addresses_that_are_none",
    "--credential says where the login": "serving.test_orthanc:test_addresses_that_are_none",
    "Orthanc does not answer now; try again": "serving.test_orthanc:test_orthanc_goes_down",
    "unknown {}; choose from": "serving.test_orthanc_plugin:test_settings_that_cannot_be",
    "GET the Path of the answer until": "serving.test_orthanc:test_as_orthancs_own_clients",
    "make a copy of it, then start": "serving.test_checks:test_a_store_of_another_version",
    # its pages
    "Tick what you want first": "pages.test_pages:test_from_choosing_to_the_download",
    "at once; add their folder": "pages.test_pages:test_a_form_without_end",
    "Open the page again, and repeat": "pages.test_safe_pages:test_forms_of_others_are_refused",
    "Accept them there, then ask": "pages.test_pages:test_what_stands_in_the_way",
    "Take off the list": "pages.test_pages:test_what_stands_in_the_way",
    "Ask again": "pages.test_pages:test_each_reason_has_its_action",
    "Log in": "pages.test_pages:test_each_reason_has_its_action",
    "Ask for access": "pages.test_pages:test_each_reason_has_its_action",
    "Try again now": "pages.test_pages:test_each_reason_has_its_action",
    "datalad download-manifest {} {}": "pages.test_lines:test_lines_give_the_zip",
}

_SAID = "tells what is wrong or was done, and nothing to do"
_OPTION = "tells what an option takes"
_PART = "part of another text, or none for people's eyes"
_OFFLINE = "would install a program"
_DOCUMENT = "describes the API"
_READ = "a page to read: its title is checked"

#: Part of a text that looks like advice → why no test here follows it.
NO_ADVICE: dict[str, str] = {
    "would skip {}, see above": "it names a place, and no command",
    "the size of the git object": "it names an object, and no command",
    "ask the bucket's owner": "it is for somebody else to do",
    "open a web page in a browser": "of a network that no test is in",
    "set the clock": "the clock of this machine is no test's to set",
    ": pip install {}": _OFFLINE,
    "--jobs is {}": _OPTION,
    "--user is not valid UTF-8": _OPTION,
    "no answer came within {} s; see": "a test would wait for it",
    "the answer broke off; see": "only a proxy that fails in mid-answer brings it about",
    "busy with other checks; try again": "nobody else checks in a test",
    "an error (status {}); try again": "Orthanc has none that a test could bring about",
    "REMOVE-FAILURE": _PART,
    "--format=%H": _PART,
    "--format=%(objectname)": _PART,
    "git reads as its own": _PART,
    "git config {}{}": _PART,
    "git cat-file ended": _SAID,
    "git cannot read its credential settings": _SAID,
    "cannot run git to ask its credential helpers": _SAID,
    "is not a header (NAME: VALUE)": _SAID,
    "a short name of .git or the like": _SAID,
    "Download the files that a portal's manifest lists": _PART,
    "remove anything": _PART,
    "git returned wrong content": _SAID,
    "files are in a git repository{}": _SAID,
    "see the mirror ({})": "the line above it in the same output",
    "and {} (datalad -f json)": _SAID,
    "git tracks no": _SAID,
    "git finds no commit": _SAID,
    "in git and has no URL": _SAID,
    "--cookies: {} is neither a file": _SAID,
    "--checksums {}: expected": _OPTION,
    "--prefix {}: {}": _OPTION,
    "--split must be": _OPTION,
    "--failed: the folder {}": _SAID,
    "download-manifest: {}": _PART,
    "nothing was written (--dry-run)": _SAID,
    "--include and --exclude filter out {}": _SAID,
    "--include and --exclude filter out all": _SAID,
    "nothing is deleted: the manifest": _SAID,
    "--base-url must begin": _OPTION,
    "--base-url: {}": _OPTION,
    "--column {}: expected": _OPTION,
    "--format and --column do not apply": _OPTION,
    "{}; to get it, run: {}": _PART,
    "download content": _PART,
    "export archive": _PART,
    "export manifest": _PART,
    "--checksum-file requires": _OPTION,
    "a TAR archive supports only": _OPTION,
    "--manifest makes a ZIP archive without": _OPTION,
    "manifest options and --mtime remote": _OPTION,
    "--check belongs to": _OPTION,
    "download list": _PART,
    "download order": _PART,
    "git cat-file has no pipes": _SAID,
    "download-manifest: import": _PART,
    "or annex.maxextensions is not a whole": _SAID,
    "datalad-installer git-annex": _OFFLINE,
    "to install one, run: {}": _OFFLINE,
    "to install it, run: {}": _OFFLINE,
    "pip install 'datalad-jsdl[browser]'": _OFFLINE,
    "see: aws sts get-caller-identity": "shows whose keys they are, and changes nothing",
    "--safe (": _PART,
    "set wanted to present": _SAID,
    "set {}={}": _SAID,
    "SELECT host, path": _PART,
    "{} (see above)": _SAID,
    "git config --global --add datalad.jsdl.credential": _PART,
    "datalad jsdl-login": _PART,
    "git config --global": _PART,
    "git config of this dataset": _SAID,
    "git config ({})": _SAID,
    "removed the line from git config: {}": _SAID,
    "--show and --forget exclude": _SAID,
    "the keyring file {}{}": _SAID,
    "the keyring does not return": _SAID,
    "git config remote.jsdl.proxy": _PART,
    "git config http.proxy": _PART,
    "git config {} is {}: {}": _SAID,
    "in the documentation": _READ,
    "not in the form: ": _SAID,
    "this is a listing of aws s3 ls, which {}": _PART,
    "name or bucket is missing or not": _SAID,
    "GET DATA": _PART,
    "this is a git repository, not a file": _SAID,
    "BEGIN IMMEDIATE": _PART,
    "SET LOCAL lock_timeout": _PART,
    "to install it, run: pip install ": _OFFLINE,
    "Choose files, review them, order them": _DOCUMENT,
    "NAME of a dataset, or NAME/folder": _DOCUMENT,
    "on paths, as --include": _DOCUMENT,
    "as git annex find --metadata": _DOCUMENT,
    "GET, HEAD": _PART,
    "retry: {}": _PART,
    "--grep=^{}: sha256:": _PART,
    "the order is being prepared; ask again once it is ready": _SAID,
    "to add a folder, use AddFolderRequest": "tests/web/test_api.py does so",
    "to go on after an interruption, use it again": "tests/web/test_api.py does so",
}
