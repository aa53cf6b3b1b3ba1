#!/usr/bin/env bash
# The short form of ./dev bench: counts and ratios of CPU, within bounds that show a tenfold loss.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ok python3 -B "$here/bench/table.py" --short --program "$program" --tools "$PCLUSTER_BENCH"
says "process per task: CPU / bare loop"
report "$(cat "$dir/out")"
