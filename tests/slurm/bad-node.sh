#!/usr/bin/env bash
# A node on which jobs die is left out by the next ones; the others do the work.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

# Four jobs, a node each: the first and the last find node1.
ok pcluster submit --partition 16GBXL --jobs 4 --cores 8 --timeout 20s \
  --prologue '[ "$(uname -n)" != node1 ] || exit 3'
says "NonZeroExitCode"
ok pcluster scale --min 0 --max 4
ok pcluster map --detach --trials 0-199 -- sleep 1
without_it() { grep -q '^#SBATCH --exclude=node1$' "$state"/jobs/*.sh; }
eventually 30 without_it
ok pcluster status
says "without node1"
ok pcluster events
says "node_excluded" "host=node1"
ok pcluster cancel last
stopped_on_slurm
