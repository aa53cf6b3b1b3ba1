#!/usr/bin/env bash
# From nothing to two workers at home: at most 0.3 s, median of 5.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

for _ in 1 2 3 4 5; do
  begin=$(now_ms)
  ok pcluster submit --jobs 2 --cores 1
  echo $(($(now_ms) - begin)) >> "$dir/times"
  same "$(workers_home)" 2 "workers at home"
  stopped
done
report "submit --jobs 2 until both are home: $(median < "$dir/times") ms," \
  "of $(sort -n "$dir/times" | paste -sd' ')"
at_most "$(median < "$dir/times")" 300 "ms until both workers are home"
