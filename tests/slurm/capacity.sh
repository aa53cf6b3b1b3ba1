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
