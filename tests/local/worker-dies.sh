#!/usr/bin/env bash
# A worker that dies while starting: its log's last lines, at once, and nothing stays behind.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

begin=$SECONDS
code 4 pcluster submit --jobs 2 --cores 1 --timeout 30 \
  --setup 'echo "module: command not found" >&2; exit 9'
says "module: command not found" ".out"
((SECONDS - begin < 20)) || fail "it took $((SECONDS - begin)) s to say that all jobs are gone"
stopped
