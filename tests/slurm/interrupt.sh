#!/usr/bin/env bash
# Ctrl-C while waiting cancels what this command queued, and nothing else.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

ok pcluster submit --partition 16GBXL --jobs 2
env --default-signal=INT "$program" submit --partition 16GBXL --jobs 3 --pool other \
  --directive=--begin=now+1hour > "$dir/out" 2> "$dir/err" &
three_wait() { (($(squeue --me -h -r -t PENDING | wc -l) == 3)); }
eventually 20 three_wait
kill -INT $!
got=0
wait $! || got=$?
same "$got" 130 "the exit code"
says "cancelled"
none_waits() { [[ -z $(squeue --me -h -r -t PENDING) ]]; }
eventually 10 none_waits
same "$(workers_home)" 2 "workers of the first submit"
stopped_on_slurm
