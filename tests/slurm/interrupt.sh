#!/usr/bin/env bash
# Ctrl-C while waiting cancels what this command queued, and nothing else.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

ok pcluster submit --partition 16GBXL --jobs 2
code 130 timeout --foreground --preserve-status -s INT 1 \
  "$program" submit --partition 16GBXL --jobs 3 --pool other --directive=--begin=now+1hour
says "cancelled"
none_waits() { [[ -z $(squeue --me -h -r -t PENDING) ]]; }
eventually 10 none_waits
same "$(workers_home)" 2 "workers of the first submit"
stopped_on_slurm
