#!/bin/bash
# On the login node, once: make the datasets, without content, and STUDY.parts, a list of them.
# Usage: import.sh MANIFEST STUDY [OPTION ...]
set -eu
datalad download-manifest --split 1 "${@:3}" "$1" "$2"
{
    echo .
    git -C "$2" submodule --quiet foreach 'echo "$sm_path"'
} > "$2.parts"
