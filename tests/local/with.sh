#!/usr/bin/env bash
# A cluster for one command: it is torn down whatever happens, and the code is the command's.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

alone() { eventually 10 nothing_runs; }
with() { pcluster with --jobs 1 --cores 1 "$@"; }

ok with -- sh -c 'echo "in $PCLUSTER_CLUSTER"; "$0" map --trials 0-3 -- true' "$program"
says "in with-" "4 done"
alone
code 7 with -- sh -c 'exit 7'
alone
code 143 with -- sh -c 'kill -TERM $$'
alone
code 127 with -- no-such-program
says "no-such-program"
alone
code 2 pcluster with
code 125 with --timeout 20 --setup 'exit 9' -- true
alone

# Signals reach the command; then the cluster ends.
signalled() {  # SIGNAL CODE
  rm -f ready
  "$program" with --jobs 1 --cores 1 -- \
    bash -c 'trap "echo got it; exit 5" '"$1"'; touch ready; while :; do sleep 0.05; done' \
    > "$dir/out" 2> "$dir/err" & pid=$!
  eventually 20 test -e ready
  kill "-$1" "$pid"
  local got=0; wait "$pid" || got=$?
  same "$got" 5 "code after SIG$1"
  says "got it"
  alone
}
signalled TERM
signalled HUP
# SIGINT, sent to it alone: passed on, too.
code 130 timeout --foreground --preserve-status -s INT 6 "$program" with --jobs 1 --cores 1 -- \
  sleep 4711
alone

# Ctrl-C while the workers are starting.
code 130 timeout --foreground --preserve-status -s INT 2 "$program" with --jobs 1 --cores 1 \
  --setup 'sleep 4711' -- touch never
[[ ! -e never ]] || fail "the command ran without workers"
alone

# A cluster that ran before stays.
ok pcluster submit --cluster night --jobs 1 --cores 1
ok pcluster with --cluster night --jobs 1 --cores 1 -- "$program" status
ok pcluster status --cluster night
ok pcluster stop --cluster night
alone
