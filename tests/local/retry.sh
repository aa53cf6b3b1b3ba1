#!/usr/bin/env bash
# `retry` runs what failed or was cancelled, with the index and the words that it had.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ok pcluster submit --jobs 1 --cores 2
cat > trial.sh <<'TRIAL'
echo "$1 $2 $PCLUSTER_INDEX $OMP_NUM_THREADS" >> ran
[ -e good ] || [ $(($2 % 3)) -ne 0 ]
TRIAL
printf 'name,n\na b,3\nc,4\nd,6\n' > t.csv

code 1 pcluster map -a t.csv --output 'out-{index}' -- sh trial.sh '{name}' '{n}'
code 1 pcluster retry
says "workload 2: 2 of 3 tasks of workload 1"
touch good; rm ran
ok pcluster retry 2 --cores 2 --retries 1
says "workload 3: 2 of 2 tasks of workload 2" "2 done"
same "$(sort ran)" "$(printf 'a b 3 0 2\nd 6 2 2')" "what ran again"
[[ -e out-0 && -e out-2 && ! -e out-3 ]] || fail "--output by index"
ok pcluster results --json
same "$(json '[(x["name"], x["n"], x["index"]) for x in i]')" \
  "('a b', '3', '0') ('d', '6', '2')" "columns"
ok pcluster retry 3
says "nothing to retry"
ok pcluster retry 3 --json
same "$(json 'len(i)')" 0 "an empty document"
rm ran; ok pcluster retry 1.0
same "$(cat ran)" "a b 3 0 1" "one task"
code 2 pcluster retry 1.7
says "they are 0-2"

# One that still runs may do well; what a cancel left has no row of its own.
ok pcluster map --detach --tag long --trials 0-5 -- sleep 60
eventually 10 sh -c "'$program' status workloads --json | grep -q '\"running\":2'"
code 3 pcluster retry long
says "still runs: 2 running, 4 queued" "pcluster cancel"
ok pcluster cancel long
code 1 pcluster wait long
ok pcluster retry long --detach --time 1
id=$(cat "$dir/out")
ok pcluster cancel "$id"
code 1 pcluster wait "$id"
ok pcluster results "$id" --json
same "$(json 'len(i), i[5]["trial"], i[5]["index"]')" "6 5 5" "all that was cancelled"
stopped
