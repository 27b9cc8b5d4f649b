#!/bin/bash
#SBATCH --job-name=download
#SBATCH --output=logs/%A_%a.log
# One task: download the folder that line SLURM_ARRAY_TASK_ID of STUDY.folders names, in a clone of
# its own on the same disk, and move the content into STUDY.
# Usage: sbatch --array=1-N folder.sh STUDY [OPTION ...]
set -eu
folder=$(sed -n "${SLURM_ARRAY_TASK_ID}p" "$1.folders")
[ -n "$folder" ] || { echo "$1.folders has no line $SLURM_ARRAY_TASK_ID" >&2; exit 2; }
echo "$(hostname): $folder"
study=$(realpath "$1")
clone=$study.clones/$SLURM_ARRAY_TASK_ID
missing=$(git -C "$study" annex find --not --in here "$folder")
[ -n "$missing" ] || exit 0

# a task that was killed has left its clone, with all that it had downloaded
if [ ! -d "$clone" ]; then
    rm -rf "$clone.new"
    git clone --quiet --shared "$study" "$clone.new"
    # else git-annex would refuse to move content out of the clone
    datalad enable-jsdl -d "$clone.new"
    mv "$clone.new" "$clone"
fi
cd "$clone"
failed=0
datalad download-content "${@:2}" "$folder" || failed=$?
if [ "$failed" != 0 ]; then
    # the clone keeps it as well, by hard links: the same task again fetches only the rest
    git annex copy --quiet --to origin "$folder"
    exit "$failed"
fi
git annex move --quiet --to origin "$folder"
cd "$study"
chmod -R u+w "$clone"
rm -rf "$clone"
