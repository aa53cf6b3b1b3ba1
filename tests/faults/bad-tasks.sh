#!/usr/bin/env bash
# Tasks that kill their worker, and that ignore TERM; a program that is replaced and deleted under
# its workers.  PCLUSTER_CHAOS=1: a worker that is stopped for 30 s, too.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# A copy that may be replaced; the tests' own looks after what it has done.
mkdir "$dir/bin"
cp "$program" "$dir/bin/pcluster"
copy=$dir/bin/pcluster
beside=$(dirname "$(dirname "$(realpath "$program")")")
ln -s "$beside/share" "$beside/lib" "$dir/"
jobs_of() { pcluster status --json > "$dir/out" && json 'sorted({x["job"] for x in i})'; }

ok "$copy" submit --jobs 2 --cores 1
before=$(jobs_of)

# Poison: each try kills the worker.  It fails when its tries are used up; others run once each, and
# both workers are home again, in the same jobs.
code 1 pcluster map --trials 0-39 -- \
  sh -c 'echo "$0" >> "$1"; sleep 0.05; [ "$0" != 7 ] || kill -9 $PPID; exec sleep 0.05' \
  '{trial}' "$dir/ran"
ok pcluster results last --json
same "$(json 'len(i), [x["trial"] for x in i if x["state"] != "done"]')" "40 ['7']" "not done"
same "$(sort -n "$dir/ran" | uniq -c | awk '$1 != 1 { print $2 ": " $1 }')" "7: 4" "more than once"
both_home() { [[ $(workers_home) == 2 ]]; }
eventually 5 both_home
same "$(jobs_of)" "$before" "jobs"

# TERM is ignored: KILL comes after the grace of 5 s, and not before.
ok pcluster map --detach --trials 0 -- sh -c 'trap "" TERM; echo $$ > "$0"; exec sleep 600' \
  "$dir/deaf"
eventually 10 test -s "$dir/deaf"
begin=$(now_ms)
ok pcluster cancel last
while kill -0 "$(cat "$dir/deaf")" 2> /dev/null; do sleep 0.02; done
took=$(($(now_ms) - begin))
at_most 4950 "$took" "ms until KILL, at least"
at_most "$took" 6500 "ms until KILL"

# The program is replaced, then deleted: what runs goes on, and a worker that is killed meanwhile is
# followed by another; jobs begin with the new one.
ok pcluster map --detach --trials 0-59 -- sleep 0.1
id=$(cat "$dir/out")
cp "$program" "$dir/bin/new"
mv "$dir/bin/new" "$copy"
ok timeout 30 "$copy" submit --jobs 3 --cores 1
rm "$copy"
kill -9 "$(workers_below_guards "$state" | shuf -n 1)"
ok pcluster wait "$id"
ok pcluster results "$id" --json
same "$(json 'len(i), {x["state"] for x in i} == {"done"}')" "60 True" "results"
# Its launcher, of whose file nothing is left, starts jobs for another program, and ends them.
ok timeout 60 "$program" submit --jobs 1 --cores 1
report "a task that kills its worker ran 4 times; KILL came $took ms after TERM"

if [[ ${PCLUSTER_CHAOS:-} == 1 ]]; then
  # Stopped for 30 s: what ran there runs elsewhere once; when it goes on, it ends its own.
  ok pcluster map --detach --trials 0-1 -- \
    sh -c 'echo "$$ $PCLUSTER_ATTEMPT" >> "$0-$1"; exec sleep 40' "$dir/slow" '{trial}'
  id=$(cat "$dir/out")
  eventually 10 test -s "$dir/slow-1"
  eventually 10 test -s "$dir/slow-0"
  pid=$(cut -d' ' -f1 "$dir/slow-0")
  worker=$(worker_above "$pid")
  kill -STOP "$worker"
  begin=$(now_ms)
  two() { (($(wc -l < "$dir/slow-0") == 2)); }
  eventually 25 two
  noticed=$(($(now_ms) - begin))
  sleep $(((30000 - noticed) / 1000))
  kill -CONT "$worker"
  first_ends() { ! kill -0 "$pid"; }
  eventually 15 first_ends
  ok pcluster wait "$id"
  ok pcluster results "$id" --json
  same "$(json '[x["state"] for x in i]')" "done done" "results"
  same "$(wc -l < "$dir/slow-0") $(wc -l < "$dir/slow-1")" "2 1" "starts"
  report "stopped: given to another after $noticed ms"
  at_most "$noticed" 20000 "ms until it was given to another"
fi
stopped
