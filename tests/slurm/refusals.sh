#!/usr/bin/env bash
# Jobs that cannot be had: each with its exit code, the reason, and what to do.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

# A name that is known to be wrong never reaches sbatch.
code 2 pcluster submit --partition 16GBXXL --jobs 2
says "16GBXXL" 'did you mean "16GB'
same "$(calls sbatch)" 0 "calls of sbatch"

# Partitions that take no jobs: Slurm's own words.
for partition in drained inactive; do
  code 3 pcluster submit --partition $partition --jobs 2 --timeout 20
  says "$partition"
done
if (($(id -u) != 0)); then
  code 3 pcluster submit --partition staff --jobs 2 --timeout 20
  says "not permitted"
fi
eventually 10 queue_is_empty

# One that accepts and never starts: the reason, at once, and what was queued is cancelled.
begin=$SECONDS
code 4 pcluster submit --partition down --jobs 3 --timeout 60
says "PartitionDown" "cancelled"
((SECONDS - begin < 30)) || fail "it took $((SECONDS - begin)) s to see that the partition is down"
eventually 10 queue_is_empty

# --keep-queued leaves them; --no-wait returns once they are queued.
code 4 pcluster submit --partition down --jobs 2 --timeout 3 --keep-queued
same "$(squeue --me -h -r -t PD | wc -l)" 2 "jobs kept in the queue"
stopped_on_slurm
ok pcluster submit --partition down --jobs 2 --no-wait
same "$(squeue --me -h -r -t PD | wc -l)" 2 "jobs queued without waiting"
stopped_on_slurm
