#!/usr/bin/env bash
# Prologue and epilogue under Slurm's own signals, on one node and on several.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

said() { cat "$state"/jobs/*.out; }
epilogues_are() { (($(said | grep -cx "epilogue $1") == $2)); }

lines=(--prologue 'echo prologue' --epilogue "echo epilogue \$SLURM_JOB_NUM_NODES")
for nodes in 1 3; do
  ok pcluster submit --partition 16GBXL --jobs 2 --nodes $nodes --cores 1 "${lines[@]}"
  says "$((2 * nodes))/$((2 * nodes)) workers available"
  ok pcluster map --trials 0-5 -- true
  stopped_on_slurm
  eventually 10 epilogues_are "$nodes" 2
  same "$(said | grep -cx prologue)" 2 "prologues on $nodes nodes"
  rm -r "$PCLUSTER_DIR"
done

# scancel, as an administrator may: the worker gets its TERM, the epilogue runs.
ok pcluster submit --partition 16GBXL --jobs 1 --cores 1 --epilogue 'echo epilogue cancelled'
command scancel --me
eventually 15 queue_is_empty
eventually 5 epilogues_are cancelled 1
pcluster stop -q
