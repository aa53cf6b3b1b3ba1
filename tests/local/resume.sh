#!/usr/bin/env bash
# `map --resume` runs what is left: after failures, a cancel, and a cluster that was stopped.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ran() { sort -n ran 2> /dev/null | tr '\n' ' '; }

ok pcluster submit --jobs 1 --cores 2
cat > trial.sh <<'TRIAL'
[ "$1" -lt "$(cat limit)" ] || exit 1
echo "$1 $PCLUSTER_INDEX" >> ran
TRIAL
again() { pcluster map --resume --trials 10-19 -- sh trial.sh '{trial}' "$@"; }

echo 13 > limit
code 1 again
says "nothing of this has finished before" "7 of 10 failed"
echo 15 > limit; rm ran
code 1 again
says "3 of 10 finished in workload 1; 7 left"
same "$(ran)" "13 3 14 4 " "second run: trials keep their index"
ok pcluster results --json
same "$(json 'len(i), i[0]["trial"], i[0]["index"]')" "7 13 3" "columns of what is left"

# Another command is other work; so is another list, but for the values that it shares.
rm ran; code 1 again other; says "nothing of this has finished before"
rm ran; printf '%s\n' 11 11 12 16 > list
code 1 pcluster map --resume -a list -- sh trial.sh '{trial}'
says "2 of 4 finished" "2 left"
same "$(ran)" "11 0 " "a trial that occurs twice must finish twice"

# A workload that still runs would run twice.
echo 99 > limit
ok pcluster map --detach --trials 0-1 -- sleep 60
code 3 pcluster map --resume --trials 0-1 -- sleep 60
says "still runs the same" "pcluster cancel"
ok pcluster cancel last

# A new cluster after a stop knows it, too; and what has all finished needs no cluster.
ok pcluster stop
ok pcluster submit --jobs 1 --cores 2
rm ran; ok again
says "5 of 10 finished in workloads" "(before a stop)" "5 left"
same "$(ran)" "15 5 16 6 17 7 18 8 19 9 " "after the stop"
rm ran; ok again
says "10 of 10 finished in workload" "nothing is left to run"
[[ ! -e ran ]] || fail "something ran again"
stopped
ok pcluster map --resume --json --trials 10-19 -- sh trial.sh '{trial}'    # needs no launcher
same "$(json 'd["kind"], len(i)')" "workloads 0" "an empty document"
says "10 of 10 finished" "nothing is left to run"
code 3 pcluster map --resume --trials 10-20 -- sh trial.sh '{trial}'
says "10 of 11 finished" "1 left" "no launcher runs"
