#!/usr/bin/env bash
# docs/first-hour.md on a laptop: every command of it, in order, says what the page says.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
command -v mpiexec > /dev/null || skip "no mpiexec here"

mkdir "$dir/bin"
ln -s "$program" "$dir/bin/pcluster"
export PATH=$dir/bin:$PATH
ok python3 "$here/walk.py" "$here/first-hour.md" "On a laptop"
nothing_runs || { sleep 2; nothing_runs; } || fail "left running: $(left_running)"
