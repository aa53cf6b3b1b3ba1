#!/usr/bin/env bash
# Where values come from when a live scheduler has its say, and its partitions in completion.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

from() { json "[x['from'] for x in i if x['name'] == '$1'][0]"; }

echo "time: 5h" > own.yaml
PCLUSTER_SITE=esi ok pcluster config show --worker-binary "$program" --partition E880 \
  --config own.yaml --json
same "$(from time)" "live scheduler, which caps 5h00m (own.yaml:1)"
same "$(from memory)" "live scheduler, which caps 15.5 GB (partition E880 of site esi)"
same "$(from cores)" "partition E880 of site esi"
same "$(from site)" PCLUSTER_SITE
ok pcluster config show --partition 16GBXL --json
same "$(from memory)" "live scheduler"
code 2 pcluster config show --partition 16GBXXL
says 'did you mean "16GB'

# Partitions that only the live scheduler knows; one that does not answer is not waited for.
ok pcluster complete -- submit -p dr
same "$(cat "$dir/out")" drained "live partitions"
printf '#!/bin/sh\nsleep 30\n' > "$dir/bin/scontrol"
begin=$(now_ms)
ok pcluster complete -- submit -p dr
silent_on out
at_most $(($(now_ms) - begin)) 1500 "ms to complete without an answer"
same "$(calls sbatch)" 0 "calls of sbatch"
code 1 test -e "$state/launcher.json"
rm "$dir/bin/scontrol"

# start, with every key that a scheduler has a use for.
cat > whole.yaml <<'YAML'
partition: 16GBXL
account: lab7
jobs: 2
nodes: 2
cores: 2
memory: 1G
time: 20m
num_engines: 1
min_workers: 4
timeout: 60s
idle_timeout: 10m
orphan_timeout: 5m
local_directory: /tmp
setup: "export FROM_SETUP=yes"
prologue: ["echo prologue"]
epilogue: ["echo epilogue"]
directives: ["--comment=mine"]
drop_directives: [no-requeue]
pool: mine
YAML
ok pcluster start --config whole.yaml --num-engines 2
says "4/4 workers available"
command scontrol show job "$(squeue --me -h -o %A | head -n 1)" > "$dir/out"
says Account=lab7 Partition=16GBXL TimeLimit=00:20:00 Requeue=1 Comment=mine NumNodes=2 mem=2G
ok pcluster status workers --json
same "$(json '{(x["slots"], x["pool"]) for x in i}')" "{(2, 'mine')}" "slots and pool"
ok pcluster map --trials 0-0 -- sh -c 'echo $FROM_SETUP $PCLUSTER_LOCAL_DIR'
ok pcluster logs last
says "yes /tmp"
stopped_on_slurm
