#!/usr/bin/env bash
# A map of `true`: CPU per task at most 1.3 x a bare posix_spawn loop's in the same run.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ok bash "$here/bench/map_true.sh" "$program" "$PCLUSTER_BENCH/raw_spawn" 5 5000
same "$(json 'd["tasks"]')" 5000 "tasks"
at_most "$(json 'd["cpu_ratio_best"]')" 1.3 "CPU of a task against a bare spawn loop"
report "$(cat "$dir/out")"
