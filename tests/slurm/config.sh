#!/usr/bin/env bash
# Where values come from when a live scheduler has its say, and its partitions in completion.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

from() { json "[x['from'] for x in i if x['name'] == '$1'][0]"; }

echo "time: 5h" > own.yaml
PCLUSTER_SITE=esi ok pcluster config show --partition E880 --config own.yaml --json
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
