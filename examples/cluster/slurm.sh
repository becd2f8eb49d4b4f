#!/usr/bin/env bash
# One shard of a sweep for each task of a job array:
#   sbatch --array=1-16 slurm.sh 16 outage-2min -p exponential --vary jitter=none,full --vary clients=100..30000:log:40
#   retryspec merge shard-*.jsonl --out sweep.jsonl
# The 16 stands twice since Slurm does not tell a task how many there were when it runs some of them again: --array=3,7.
# A task that is run again goes on with its file.
#SBATCH --job-name=retryspec
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --output=shard-%a.log
set -euo pipefail
shards=$1
shift
exec retryspec explore "$@" --shard "$SLURM_ARRAY_TASK_ID/$shards" --out "shard-$SLURM_ARRAY_TASK_ID.jsonl" --quiet
