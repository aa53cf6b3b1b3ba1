#!/usr/bin/env bash
# status answers within 10 ms, also with 10,000 tasks queued: median of 21, process start included.
# No verb waits for a library but the C library.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

loaded=$(ldd "$program" | grep -oE 'lib[a-z_+-]+\.so' | grep -vE '^lib(c|m)\.so' || true)
same "$loaded" "" "libraries loaded at each start"
ok pcluster submit --jobs 2 --cores 1
ok pcluster map --detach --trials 0-9999 -- sleep 60
for _ in {1..21}; do
  begin=${EPOCHREALTIME/./}
  "$program" status --json > "$dir/out"
  echo $((${EPOCHREALTIME/./} - begin)) >> "$dir/times"
done
same "$(json 'len(i)')" 2 "workers in status"
at_most "$(median < "$dir/times")" 10000 "microseconds for status"
report "status: $(median < "$dir/times") microseconds"
stopped
