#!/usr/bin/env bash
# The wall clock of launcher, workers and verbs jumps by an hour and by a day, forth and back: no
# time-out fires, no worker is given up, no task ends or runs again for it.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
command -v cc > /dev/null || skip "no compiler is installed"
[[ $(ldd "$program" 2>&1) == *libc.so* ]] ||
  skip "$program is linked statically: its clock cannot be shifted"
cc -shared -fPIC -O1 -o "$dir/clock.so" "$here/faults/clock.c"
export WALL_CLOCK=$dir/clock
set_clock() { echo "$1" > "$dir/clock.new"; mv "$dir/clock.new" "$dir/clock"; }
set_clock 0
# Everything of pcluster's, and its tasks; what measures here keeps the right clock.
pcluster() { LD_PRELOAD=$dir/clock.so "$program" "$@"; }

# Times that a jump would reach, if they were counted on that clock.
ok pcluster submit --jobs 2 --cores 2 --idle-timeout 30m --time 2h
task='echo x >> "$1/$0"; exec sleep 0.1'
pause=0.7 tasks=120
[[ ${PCLUSTER_CHAOS:-} != 1 ]] || { pause=20; tasks=1200; }
mkdir "$dir/ran"
id=$(pcluster map --quiet --detach --trials "1-$tasks" -- sh -c "$task" '{trial}' "$dir/ran")
long=$(pcluster map --quiet --detach --priority 5 --time 10m --trials 1-1 -- \
  sh -c 'echo began >> "$0"; until [ -e "$0.go" ]; do sleep 0.1; done' "$dir/long")
eventually 5 test -s "$dir/long"
# Residents time their trials themselves.
cat > resident << 'SH'
#!/bin/sh
echo '{"ready":true}' >&4
while read -r line <&3; do sleep 0.2; echo '{"done":true}' >&4; done
SH
chmod 755 resident
stays=$(pcluster map --quiet --detach --priority 3 --resident --trials 1-100 -- "$PWD/resident")
for jump in 3600 0 -3600 86400 0 -86400 0; do
  set_clock "$jump"
  sleep "$pause"
  ok pcluster status
  same "$(workers_home)" 2 "workers home, the clock $jump s off"
  ok pcluster run --priority 9 -- true
done
# The clock is wrong, and the launcher dies.
set_clock -86400
kill -9 "$(launcher_pid)"
ok pcluster status
eventually 6 eval '[[ $(workers_home) == 2 ]]'
shown=$(LD_PRELOAD=$dir/clock.so date -u +%F)
tail -n 3 "$state/launcher.log" | grep -q "^$shown" || fail "the launcher's clock was not shifted"
set_clock 86400
touch "$dir/long.go"
ok pcluster wait "$id"
ok pcluster wait "$long"
ok pcluster wait "$stays"
same "$(cat "$dir"/ran/* | wc -l) $(wc -l < "$dir/long")" "$tasks 1" "starts of the tasks"
for workload in "$id $tasks" "$stays 100"; do
  ok pcluster results "${workload% *}" --json
  same "$(json 'len(i), {x["state"] for x in i} == {"done"}')" "${workload#* } True" "results"
  same "$(json 'sum(not 0 <= at(x["end"]) - at(x["start"]) < 5 for x in i)')" 0 \
    "walls of workload $workload that are wrong"
done
ok pcluster results "$long" --json
same "$(json 'i[0]["state"], 0 < at(i[0]["end"]) - at(i[0]["start"]) < 900')" "done True" \
  "the long one"
ok pcluster events
if grep -E "worker_gone|task_lost" "$dir/out" >&2; then fail "a worker was given up"; fi
report "7 jumps of up to a day, and a launcher that died meanwhile: 2 workers stayed," \
  "$tasks tasks ran once"
stopped
