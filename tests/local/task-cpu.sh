#!/usr/bin/env bash
# A map of `true`: CPU per task at most 1.3 x a bare posix_spawn loop's in the same run.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ok python3 "$here/bench/rows/process.py" --program "$program" --tools "$PCLUSTER_BENCH" \
  --rounds 5 --tasks 5000 --short
least() { python3 -c 'import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
print(*[row["median"] for row in rows if "least CPU" in row["row"]])' "$dir/out"; }
at_most "$(least)" 1.3 "CPU of a task against a bare spawn loop"
report "$(cat "$dir/out")"
