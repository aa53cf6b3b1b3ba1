#!/usr/bin/env bash
# Slurm's commands against pcluster-slurm, as processes, in pairs within one run: a submit, and the
# listing of a queue.
#
#   bench/slurm_api.sh PCLUSTER_SLURM [ROUNDS] [JOBS]    on the Slurm whose commands are on PATH
#
# JOBS wait in the queue meanwhile, in a partition PARTITION (environment; "down" by default) where
# nothing starts.  Whoever is first in a pair is so by turns.
# SPDX-License-Identifier: MIT
set -euo pipefail
slurm=$1 rounds=${2:-51} jobs=${3:-100} partition=${PARTITION:-down}

work=$(mktemp -d -p /var/tmp)
name=pcl-bench-$$
trap 'scancel -n "$name"; rm -rf "$work"' EXIT
printf '#!/bin/sh\n#SBATCH --job-name=%s\n#SBATCH --partition=%s\n' "$name" "$partition" \
  > "$work/job.sh"
printf '#SBATCH --nodes=1\n#SBATCH --ntasks-per-node=1\n#SBATCH --output=/dev/null\ntrue\n' \
  >> "$work/job.sh"
for ((i = 0; i < jobs; i++)); do "$slurm" submit "$work/job.sh" > /dev/null; done

submit_cli() { sbatch --parsable "$work/job.sh" > /dev/null; }
submit_lib() { "$slurm" submit "$work/job.sh" > /dev/null; }
list_cli() { squeue --me -a -h -r -t all -n "$name" -o '%F|%K|%j|%T|%e|%l|%N|%r' > /dev/null; }
list_lib() { "$slurm" jobs --me --names "$name" > /dev/null; }
limits_cli() { scontrol --all --oneliner show partition > /dev/null; }
limits_lib() { "$slurm" partitions > /dev/null; }

# us FUNCTION: how long it takes, in microseconds.
us() {
  local start=${EPOCHREALTIME/./}
  "$1"
  echo $((${EPOCHREALTIME/./} - start))
}
median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
for what in submit list limits; do
  for ((round = 0; round < rounds; round++)); do
    if ((round % 2)); then lib=$(us "${what}_lib") cli=$(us "${what}_cli")
    else cli=$(us "${what}_cli") lib=$(us "${what}_lib"); fi
    echo "$cli $lib"
    if [[ $what == submit ]] && ((round % 10 == 9)); then
      squeue -h -n "$name" -o %i | tail -n +"$((jobs + 1))" | xargs -r scancel
    fi
  done > "$work/pairs"
  cli=$(cut -d' ' -f1 "$work/pairs" | median) lib=$(cut -d' ' -f2 "$work/pairs" | median)
  ratio=$(awk '{print $2 / $1}' "$work/pairs" | median)
  printf '{"bench":"slurm_api","what":"%s","rounds":%d,"jobs":%d,' "$what" "$rounds" "$jobs"
  printf '"command_ms":%.1f,"library_ms":%.1f,"ratio":%.2f}\n' \
    "$(awk "BEGIN {print $cli / 1000}")" "$(awk "BEGIN {print $lib / 1000}")" "$ratio"
done
