#!/usr/bin/env bash
# An idle launcher with 10 workers uses at most 60 ms of CPU a minute (20 s are measured).
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

cpu_us() { cat "/proc/$1"/task/*/schedstat | awk '{ ns += $1 } END { printf "%d\n", ns / 1000 }'; }

ok pcluster submit --jobs 10 --cores 1
same "$(workers_home)" 10 "workers at home"
pid=$(launcher_pid)
sleep 4                          # past the first look at the queue
begin=$(cpu_us "$pid")
sleep 20
used=$((($(cpu_us "$pid") - begin) * 3))
at_most "$used" 60000 "microseconds of CPU per idle minute"
report "idle launcher with 10 workers: $((used / 1000)) ms of CPU a minute"
same "$(workers_home)" 10 "workers still at home"
stopped
