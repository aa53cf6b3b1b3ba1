#!/usr/bin/env bash
# All hosts drained: Slurm's reason, 4, and what was queued is cancelled.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
(($(id -u) == 0)) || skip "only root drains hosts"

undo() { scontrol update nodename=node[1-3] state=resume; command scancel --me; }
scontrol update nodename=node[1-3] state=drain reason="cooling repair"
code 4 pcluster submit --partition 16GBXL --jobs 2 --timeout 5
says "0/2 workers available" "cancelled"
grep -qE 'DRAINED|UnavailableNodes' "$dir/err" || { show; fail "Slurm's reason is not told"; }
eventually 10 queue_is_empty
stopped_on_slurm
