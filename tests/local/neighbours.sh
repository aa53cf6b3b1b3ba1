#!/usr/bin/env bash
# Two clusters of one user and one name, in two state directories, begun at the same moment: what
# happens to one is nothing to the other.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

mkdir "$dir/other-work"
other() { PCLUSTER_DIR=$dir/other "$program" "$@"; }
other submit --jobs 2 --cores 1 > "$dir/other-work/out" 2>&1 &
beginning=$!
# This one asks for its jobs by name, as they do not come, and cancels what it finds.
code 4 pcluster submit --jobs 2 --cores 1 --setup 'exit 9' --timeout 20
wait "$beginning" || { cat "$dir/other-work/out" >&2; fail "the other cluster did not begin"; }
ok other status --json
same "$(json '[x["id"] for x in i]')" "w0 w1" "workers of the other cluster"
ok other map --trials 0-3 -- true
ok other stop
eventually 10 nothing_runs
