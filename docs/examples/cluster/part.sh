#!/bin/bash
#SBATCH --job-name=download
#SBATCH --output=logs/%A_%a.log
# One task: download the dataset that line SLURM_ARRAY_TASK_ID of STUDY.parts names.
# Usage: sbatch --array=1-N part.sh STUDY
set -eu
part=$(sed -n "${SLURM_ARRAY_TASK_ID}p" "$1.parts")
[ -n "$part" ] || { echo "$1.parts has no line $SLURM_ARRAY_TASK_ID" >&2; exit 2; }
echo "$(hostname): $part"
exec datalad download-content -d "$1/$part"
