#!/usr/bin/env bash
# The events of a cluster: with and without a launcher, followed, from a time or a number on.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

lines() {  # EXPRESSION over e, the list of events of the last output
  python3 -c 'import json, sys
e = [json.loads(line) for line in open(sys.argv[1])]
print(eval(sys.argv[2]))' "$dir/out" "$1"
}
code 3 pcluster events
says "pcluster submit"
ok pcluster submit --jobs 1 --cores 2
timeout 60 "$program" events --follow --json > "$dir/followed" & follower=$!
ok pcluster map --trials 0-9 -- true
code 1 pcluster map --trials 0-0 -- false
ok pcluster events --json
same "$(lines '[x["event"] for x in e].count("task_done")')" 10 "tasks that are done"
same "$(lines '{x["version"] for x in e} == {1}')" True "versions"
same "$(lines '[x["seq"] for x in e] == sorted({x["seq"] for x in e})')" True "numbers"
same "$(lines 'all(x["time"] for x in e if x["event"] != "launcher_started")')" True "times"
same "$(lines '[(x["task"], x["exit_code"]) for x in e if x["event"] == "task_failed"]')" \
  "[('2.0', 1)]" "the failure"
names='{"worker_joined", "workload_added", "tasks_assigned", "submit_began"}'
same "$(lines "$names <= {x['event'] for x in e}")" True "names"
last=$(lines 'e[-1]["seq"]')
ok pcluster events --since "$last" --json
silent_on out
ok pcluster events --since "$((last - 1))"
same "$(wc -l < "$dir/out")" 1 "lines behind the last but one"
says "task_failed" "task=2.0"
ok pcluster events --since 2020-01-01 --json
same "$(lines 'len(e) > 10')" True "since a day"
code 2 pcluster events --since soon
says "10m"
code 130 timeout --foreground --preserve-status -s INT 1 "$program" events --follow
stopped
got=0; wait "$follower" || got=$?
same "$got" 0 "code of a follower of a stopped cluster"
cp "$dir/followed" "$dir/out"
same "$(lines '[x["event"] for x in e].count("task_done")')" 10 "tasks done that the follower saw"
same "$(lines '"stop_asked" in {x["event"] for x in e}')" True "that it saw the end"
ok pcluster events --json                 # without a launcher
same "$(lines '[x["event"] for x in e].count("task_done")')" 10 "after stop"
