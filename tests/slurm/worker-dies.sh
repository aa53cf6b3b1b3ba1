#!/usr/bin/env bash
# A worker that dies while starting: the last lines of its log, and nothing stays queued.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

begin=$SECONDS
code 4 pcluster submit --partition 16GBXL --jobs 3 --timeout 60 \
  --setup 'echo "module: neuron/8.2 is unknown" >&2; exit 3'
says "module: neuron/8.2 is unknown" ".out"
((SECONDS - begin < 45)) || fail "it took $((SECONDS - begin)) s to say that all jobs are gone"
eventually 10 queue_is_empty
stopped_on_slurm
