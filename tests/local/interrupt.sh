#!/usr/bin/env bash
# Ctrl-C: while mapping it ends the tasks, while waiting it cancels what was queued; 130 both times.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# Shells make background commands deaf to SIGINT; env does not leave them so.
begin() { env --default-signal=INT "$program" "$@" > "$dir/out" 2> "$dir/err" < /dev/null & }
# interrupted CMD...: Ctrl-C once CMD succeeds ends what was begun, with 130.
interrupted() {
  local got=0
  eventually 20 "$@"
  kill -INT $!
  wait $! || got=$?
  ((got == 130)) || { show; fail "ended with $got, not 130"; }
}
somebody_sleeps() { [[ $(left_running) == *" sleep 4711"* ]]; }
nobody_sleeps() { [[ $(left_running) != *" sleep 4711"* ]]; }

ok pcluster submit --jobs 1 --cores 2
begin map --trials 0-9 -- sleep 4711
interrupted somebody_sleeps
eventually 7 nobody_sleeps
ok pcluster results --json
same "$(json '{x["state"] for x in i} == {"cancelled"}')" True "all cancelled"

# A task that does not heed TERM is killed 5 s later, and a second Ctrl-C does not wait for that.
deaf=(sh -c 'trap "" TERM; while :; do sleep 4711; done')
begin map --trials 0-0 -- "${deaf[@]}"
interrupted somebody_sleeps
eventually 8 nobody_sleeps
begin map --trials 0-0 -- "${deaf[@]}"
eventually 20 somebody_sleeps
kill -INT $!
eventually 5 grep -q "Ctrl-C again" "$dir/err"
told=$(now_ms)
interrupted true
at_most $(($(now_ms) - told)) 1500 "ms from the second Ctrl-C to the end"
eventually 8 nobody_sleeps

begin submit --jobs 2 --cores 1 --pool slow --setup 'sleep 4711'
interrupted somebody_sleeps
says "cancelled"
eventually 8 nobody_sleeps
same "$(workers_home)" 1 "the first pool's worker lives"
ok pcluster map --trials 0-3 -- true
stopped
