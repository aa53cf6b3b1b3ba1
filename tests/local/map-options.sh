#!/usr/bin/env bash
# Where trials come from, what a task sees, and what its options do.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

logs() { ok pcluster logs last; }

umask 002
ok pcluster submit --jobs 1 --cores 2
umask 022
ok pcluster run -- sh -c umask
says 0002  # tasks have the umask of whoever submitted

# A trial per line of standard input, as one argument whatever it holds.
printf '%s\n' 'a b' "it's" '$(x) {index}' '*' > lines
pcluster map -- printf '[%s|%s]\n' '{trial}' '{index}' < lines > "$dir/out" 2> "$dir/err" ||
  { show; fail "map of lines"; }
logs
says '[a b|0]' "[it's|1]" '[$(x) {index}|2]' '[*|3]'

ok pcluster map --trials 1-9:4 -- echo 'step {trial} {{trial}} {other} {{1}}'
logs
says "step 1 {trial} {other} {1}" "step 5" "step 9"
same "$(grep -c step "$dir/out")" 3 "trials with a step"

# --output: a file per task, and logs says so.
code 2 pcluster map --trials 0-2 --output all.out -- echo hello
ok pcluster map --trials 0-2 --output 'one-{trial}.out' -- echo hello
same "$(cat one-2.out)" hello "a file per task"
logs
says "one-{trial}.out"

# What the design promises that a task sees.
ok pcluster map --trials 5-5 --env GREETING='hello you' -- env
logs
says "GREETING=hello you" PCLUSTER_CLUSTER=default PCLUSTER_WORKLOAD= PCLUSTER_TASK= \
  PCLUSTER_TRIAL=5 PCLUSTER_INDEX=0 PCLUSTER_ATTEMPT=1 PCLUSTER_WORKER=w0 PCLUSTER_CORES=1 \
  PCLUSTER_MEM_MB= PCLUSTER_LOCAL_DIR= PCLUSTER_RESULT= OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
ok pcluster map --trials 0-0 --cores 2 -- env
logs
says PCLUSTER_CORES=2 OMP_NUM_THREADS=2

# It runs where map ran.
mkdir here
(cd here && pcluster map --trials 0-0 -- pwd > "$dir/out" 2> "$dir/err") || { show; fail "map"; }
logs
says "$PWD/here"

# --time kills, --retries runs again.
code 1 pcluster map --trials 0-0 --time 1 -- sleep 30
ok pcluster results --json
same "$(json 'i[0]["state"], i[0]["end"] > i[0]["start"]')" "failed True" "what --time ended"
ok pcluster map --trials 0-0 --retries 2 -- sh -c 'test "$PCLUSTER_ATTEMPT" = 3'
ok pcluster results --json
same "$(json 'i[0]["attempt"]')" 3 "attempts"

# --detach gives the id; wait comes back to it; cancel ends it.
ok pcluster map --detach --trials 0-3 -- sleep 0.2
id=$(cat "$dir/out")
[[ $id =~ ^[0-9]+$ ]] || { show; fail "--detach prints the id"; }
ok pcluster wait "$id"
ok pcluster map --detach --trials 0-3 -- sleep 60
id=$(cat "$dir/out")
ok pcluster cancel "$id"
code 1 pcluster wait "$id"
ok pcluster results "$id" --json
same "$(json '{x["state"] for x in i} == {"cancelled"}')" True "cancelled"
stopped
