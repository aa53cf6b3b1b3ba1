#!/usr/bin/env bash
# Ctrl-C: while mapping it ends the tasks, while waiting it cancels what was queued; 130 both times.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# Shells make background commands deaf to SIGINT; timeout does not.
interrupted() {
  local after=$1; shift
  code 130 timeout --foreground --preserve-status -s INT "$after" "$@"
}
nobody_sleeps() { [[ $(left_running) != *" sleep 4711"* ]]; }

ok pcluster submit --jobs 1 --cores 2
interrupted 1 "$program" map --trials 0-9 -- sleep 4711
eventually 7 nobody_sleeps
ok pcluster results --json
same "$(json '{x["state"] for x in i} == {"cancelled"}')" True "all cancelled"

# A task that does not heed TERM is killed 5 s later, and a second Ctrl-C does not wait.
interrupted 1 "$program" map --trials 0-0 -- sh -c 'trap "" TERM; while :; do sleep 4711; done'
eventually 8 nobody_sleeps

interrupted 1 "$program" submit --jobs 2 --cores 1 --pool slow --setup 'sleep 4711'
says "cancelled"
eventually 8 nobody_sleeps
same "$(workers_home)" 1 "the first pool's worker lives"
ok pcluster map --trials 0-3 -- true
stopped
