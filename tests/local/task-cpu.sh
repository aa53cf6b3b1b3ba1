#!/usr/bin/env bash
# A map of 10,000 `true`: CPU per task at most 1.3 x a bare posix_spawn loop's in the same run.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ok bash "$here/bench/map_true.sh" "$program" "$PCLUSTER_BENCH/raw_spawn" 3 10000
same "$(json 'd["tasks"]')" 10000 "tasks"
at_most "$(json 'd["cpu_ratio"]')" 1.3 "CPU of a task against a bare spawn loop"
report "$(cat "$dir/out")"
