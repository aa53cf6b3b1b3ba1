#!/usr/bin/env bash
# kill -9 of a worker again and again under short tasks: each recorded once, none lost, what runs
# again is what ran in a worker that was killed, and another takes its place in the same job.
# PCLUSTER_CHAOS=1: the long form.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
command -v cc > /dev/null || skip "no compiler is installed"

workers=4 tasks=1000
[[ ${PCLUSTER_CHAOS:-} != 1 ]] || tasks=10000
cc -O1 -o brief "$here/faults/brief.c"
ok pcluster submit --jobs $workers --cores 1

begin=$(now_ms)
pcluster map --quiet --trials 0-$((tasks - 1)) -- ./brief '{trial}' "$dir/ran" > "$dir/map" 2>&1 &
map=$!
kills=0
while kill -0 $map 2> /dev/null; do
  sleep 0.2
  victim=$(workers_below_guards "$state" | shuf -n 1)
  [[ -n $victim ]] || continue
  if kill -9 "$victim" 2> /dev/null; then kills=$((kills + 1)); fi
done
wait $map || fail "map ended with $?: $(cat "$dir/map")"
wall=$(($(now_ms) - begin))

ok pcluster results last --json
same "$(json 'len(i), {x["state"] for x in i} == {"done"}, len({x["trial"] for x in i})')" \
  "$tasks True $tasks" "results"
same "$(sort -u "$dir/ran" | wc -l)" "$tasks" "trials that ran"
again=$(($(wc -l < "$dir/ran") - tasks))
report "$kills kills, $again reruns, $tasks tasks of 20 ms in $wall ms"
((kills >= tasks / 200)) || fail "only $kills kills"
at_most "$again" "$kills" "tasks that ran again"
[[ ${PCLUSTER_CHAOS:-} != 1 ]] || at_most "$wall" 58000 "ms in all"
all_home() { [[ $(workers_home) == "$workers" ]]; }
eventually 5 all_home
stopped
