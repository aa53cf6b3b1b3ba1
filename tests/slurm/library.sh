#!/usr/bin/env bash
# A cluster by Slurm's library: none of its commands runs, but for a directive that is sbatch's.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
[[ -x $(dirname "$program")/pcluster-slurm ]] || skip "built without libslurm"
export PCLUSTER_SLURM_VIA=auto
: > "$dir/calls"
ok pcluster config show --json
same "$(json '[x["value"] for x in i if x["name"] == "slurm-via"]')" lib "what auto takes"
ok pcluster submit --partition 16GBXL --jobs 3
says "3/3 workers available"
ok pcluster map --trials 0-29 -- true
# What arrays may have is not among what the library is asked for.
same "$(grep -vx 'scontrol show config' "$dir/calls" || true)" "" "commands of Slurm"
ok pcluster submit --partition 16GBXL --jobs 1 --pool commented --directive --comment=x
ok pcluster submit --partition 16GBXL --jobs 1 --pool old --slurm-via cli
same "$(calls sbatch)" 2 "calls of sbatch"
same "$(workers_home)" 5 "workers at home"
code 3 pcluster submit --partition drained --jobs 1 --pool none
says "Required partition not available (inactive or drain)" "sinfo -s"
code 2 env SLURM_CONF=/nonexistent "$program" submit --slurm-via lib
says "the scheduler's library cannot be used here: SLURM_CONF names /nonexistent"
stopped_on_slurm
