#!/usr/bin/env bash
# Our own part of a start: last of six workers home minus the last job script's first line.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

for _ in {1..10}; do
  ok pcluster submit --partition 16GBXL --jobs 6
  same "$(workers_home)" 6 "workers at home"
  json '1000 * (max(at(x["joined"]) for x in i) - max(at(x["script_started"]) for x in i))' \
    >> "$dir/times"
  stopped_on_slurm
done
report "six workers home after the last script's first line: $(median < "$dir/times") ms," \
  "of $(sort -n "$dir/times" | paste -sd' ')"
at_most "$(median < "$dir/times")" 100 "ms, median of 10"
