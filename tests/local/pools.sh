#!/usr/bin/env bash
# Two pools of different shapes: tasks go where they fit, and the number of jobs of each changes.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ok pcluster submit --jobs 1 --cores 1
ok pcluster submit --jobs 1 --cores 2
says "pool pool-2: 1/1 workers available"
ok pcluster status
says "pool-2"
ok pcluster status pools --json
same "$(json '[(x["id"], x["workers"], x["cores"]) for x in i]')" \
  "('default', 1, 1) ('pool-2', 1, 2)" "both pools"

# A task of two cores fits the larger only, small ones run on both.
ok pcluster map --trials 0-5 --cores 2 -- true
ok pcluster results --json
same "$(json '{x["worker"] for x in i} == {"w1"}')" True "large tasks ran on the large worker only"
ok pcluster map --trials 0-5 -- sleep 0.5
ok pcluster results --json
same "$(json 'len({x["worker"] for x in i})')" 2 "small tasks ran on both"

# Up and down.
code 2 pcluster scale 2
says "several pools: default, pool-2" "--pool NAME"
ok pcluster scale 2 --pool default
says "2/2 workers available"
same "$(workers_home)" 3 "workers after scaling up"
ok pcluster scale 1 --pool default --json
same "$(json 'i[0]["pool"], i[0]["jobs"], i[0]["ending"]')" "default 1 1" "what scale did"

# A busy worker drains: its task ends as it would have, and no other begins there.
ok pcluster map --detach --trials 0-0 --cores 2 -- sh -c 'sleep 2; touch whole'
task_runs() { [[ $(pcluster explain 3.0) == *"running on w1"* ]]; }
eventually 5 task_runs
ok pcluster scale 0 --pool pool-2
says "1 draining (until their tasks have ended)"
ok pcluster status
says "draining"
pid=$(launcher_pid)
kill -9 "$pid"                # a new launcher goes on with it
ok pcluster wait last
[[ -e whole ]] || fail "scaling down ended a task"
ok pcluster results last --json
same "$(json 'i[0]["state"], i[0]["attempt"]')" "done 1" "the task of the worker that drained"
large_gone() {
  pcluster status pools --json > "$dir/out" && [[ $(json 'i[1]["workers"]') == 0 ]]
}
eventually 10 large_gone
ok pcluster scale 1 --pool pool-2
says "pool pool-2: 1/1 workers available"
ok pcluster map --trials 0-0 --cores 2 -- true
stopped
