#!/usr/bin/env bash
# The shards of a sweep by GNU parallel, as many at a time as there are cores, then joined in sweep.jsonl:
#   parallel.sh 16 outage-2min -p exponential --vary jitter=none,full --vary clients=100..30000:log:40
# The same command goes on after an interruption. What parallel is told otherwise comes from the variable PARALLEL, such as
# PARALLEL='--sshlogin a,b --workdir .' for machines that share this folder.
set -euo pipefail
shards=$1
shift
seq "$shards" |
    parallel --will-cite --quote -I @@ retryspec explore "$@" --shard "@@/$shards" --out shard-@@.jsonl --quiet
exec retryspec merge shard-*.jsonl --out sweep.jsonl
