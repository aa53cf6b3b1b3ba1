#!/usr/bin/env bash
# Jobs that follow the work on a real queue: they come, do it, and go.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

ok pcluster submit --partition 16GBXL --jobs 1 --cores 1
ok pcluster scale --min 0 --max 3 --idle 2s
says "0 to 3 as there is work"
eventually 20 queue_is_empty
ok pcluster status
says "automatic, 0 to 3 jobs"
ok pcluster map --trials 0-5 -- sleep 1
says "6 done"
eventually 30 queue_is_empty
stopped_on_slurm

# Jobs that die before a worker is home: for a while no more are asked for, and it is said why.
ok pcluster submit --partition 16GBXL --jobs 1 --cores 1
ok pcluster submit --pool bad --partition 16GBXL --jobs 3 --cores 2 --prologue 'exit 3' --no-wait
ok pcluster map --detach --cores 2 --trials 0-5 -- true
rests() { pcluster explain last | grep -q 'paused: 3 jobs in a row ended before a worker'; }
eventually 20 rests
asked=$(calls sbatch)
sleep 2
same "$(calls sbatch)" "$asked" "submits of a pool that rests"
stopped_on_slurm

# What the site allows: two jobs in an array, three at a time.
printf '%s\n' 'site: small' 'scheduler: slurm' 'source: a test' 'verified_on: null' \
  'max_array: 2' 'max_jobs: 3' 'submit_every: 1s' > small.yaml
ok pcluster submit --site ./small.yaml --partition 16GBXL --jobs 4 --cores 1 --no-wait
three() { [[ $(workers_home) == 3 ]]; }
eventually 20 three
ok pcluster status jobs
says "at most 3 jobs at a time"
same "$(command squeue --me -h -r | wc -l)" 3 "jobs in the queue"
same "$(($(calls sbatch) - asked))" 2 "submits"
stopped_on_slurm
