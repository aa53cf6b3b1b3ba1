#!/usr/bin/env bash
# A program straight to chosen workers, beside what runs there.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ok pcluster submit --jobs 2 --cores 1
ok pcluster map --detach --trials 0-1 -- sleep 4711   # all slots are busy
busy() { [[ $(pcluster status) == *"2 of 2 slots busy"* ]]; }
eventually 5 busy
ok pcluster exec --on all -- sh -c 'echo "I am $PCLUSTER_WORKER"; echo wrong >&2; printf open'
same "$(sort "$dir/out" | tr '\n' '|')" "w0: I am w0|w0: open|w1: I am w1|w1: open|" "stdout"
same "$(sort "$dir/err" | tr '\n' '|')" "w0: wrong|w1: wrong|" "stderr"
ok pcluster exec --on w1 -- sh -c 'echo "{trial} $PCLUSTER_WORKER"'
same "$(cat "$dir/out")" "w1: w1 w1" "the only worker's output"

# One program's code is ours; of several any failure is 1.
code 7 pcluster exec --on w0 -- sh -c 'exit 7'
code 143 pcluster exec --on w0 -- sh -c 'kill -TERM $$'
code 1 pcluster exec --on w0-w1 -- sh -c '[ $PCLUSTER_WORKER = w0 ] || exit 9'
says "w1: exit code 9"
code 1 pcluster exec --on w0,w1 --json -- sh -c '[ $PCLUSTER_WORKER = w1 ]'
same "$(json '[x["worker"] + " " + x["state"] for x in i] == ["w0 failed", "w1 done"]')" True \
  "the document"
code 2 pcluster exec --on w0,w7 -- true
says "worker w7 is not home" "w0, w1"
code 2 pcluster exec --on nobody -- true
code 2 pcluster exec -- true
says "--on all"
ok pcluster status
says "2 of 2 slots busy"                 # what ran there runs on

# Scaling down lets the program go on; a worker that is lost takes it with it.
pcluster exec --on w1 -- sleep 4712 > "$dir/out" 2> "$dir/err" & exec_pid=$!
began() { [[ $(left_running) =~ [0-9]\ sleep\ 4712 ]]; }
eventually 5 began
"$program" scale 0 2> /dev/null
sleep 0.5
kill -0 "$exec_pid" || fail "scaling down ended the program"
for pid in $(processes_of "$dir"); do
  [[ $(show_processes "$pid" 2> /dev/null) != *"pcluster worker "* ]] ||
    kill -9 "$pid" 2> /dev/null || true      # it may have ended with the one before
done
got=0; wait "$exec_pid" || got=$?
same "$got" 125 "code of a program whose worker was lost"
says "worker w1 was lost"
stopped
