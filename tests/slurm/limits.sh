#!/usr/bin/env bash
# What the live partition allows caps the profile, and that is said: E880 of the site esi.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
export PCLUSTER_SITE=esi PCLUSTER_WORKER_BINARY=$program  # which is of another architecture

ok pcluster submit --partition E880 --jobs 1 --time 5:00:00
says "3.8 GB" "30m" "1/1 workers available"
job=$(squeue --me -h -o %i)
scontrol show job "$job" > "$dir/out"
says "TimeLimit=00:30:00" "mem=3900M"
ok pcluster status --json
same "$(json 'i[0]["slots"]')" 1 "slots of a partition named by its memory"
stopped_on_slurm
