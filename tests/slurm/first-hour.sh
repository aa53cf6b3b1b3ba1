#!/usr/bin/env bash
# docs/first-hour.md on a cluster: every command of it, in order, says what the page says.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

ln -s "$program" "$dir/bin/pcluster"
export PATH=$dir/bin:$PATH
ok python3 "$here/walk.py" "$here/first-hour.md" "On a cluster"
eventually 10 queue_is_empty
