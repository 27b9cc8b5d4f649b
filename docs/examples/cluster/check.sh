#!/bin/bash
# On the login node, at the end: download what is still missing, and check all content.
# Usage: check.sh STUDY
set -eu
datalad download-content -r -d "$1"
git -C "$1" annex fsck --quiet
git -C "$1" submodule --quiet foreach 'git annex fsck --quiet'
