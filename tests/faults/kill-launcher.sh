#!/usr/bin/env bash
# kill -9 of the launcher at random moments, then of launcher and worker together: nothing that has
# finished runs again, nothing is lost, workers are home within 5 s of whatever verb comes next,
# what runs goes on in its process, and what has finished can be read.  PCLUSTER_CHAOS=1: 20 times.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

rounds=3
[[ ${PCLUSTER_CHAOS:-} != 1 ]] || rounds=20
tasks=$((rounds * 60))
ok pcluster submit --jobs 3 --cores 1
ok pcluster map --detach --trials 0-4 -- \
  sh -c 'echo "said $0"; echo "{\"twice\": $((2 * $0))}" > "$PCLUSTER_RESULT"' '{trial}'
finished=$(cat "$dir/out")
ok pcluster wait "$finished"
ok pcluster map --detach --trials 0 -- sh -c 'echo $$ >> "$0"; exec sleep 600' "$dir/long"
long=$(cat "$dir/out")
eventually 10 test -s "$dir/long"

workers_are_home() { [[ $(workers_home) == 3 ]]; }
# What else may be the first verb after it.
again_by() {
  case $(($1 % 4)) in
    0) pcluster status ;;
    1) pcluster submit --jobs 3 --cores 1 ;;
    2) pcluster explain "$long" ;;
    3) pcluster map --detach --trials 0-1 -- true ;;
  esac > "$dir/verb" 2>&1 || { cat "$dir/verb" >&2; fail "verb $1 after the launcher's death"; }
}
slowest=0
back_after() {  # N: the Nth death
  local begin took
  begin=$(now_ms)
  again_by "$1"
  eventually 5 workers_are_home
  took=$(($(now_ms) - begin))
  at_most "$took" 5000 "ms until the workers are home"
  slowest=$((took > slowest ? took : slowest))
}

ok pcluster map --detach --trials 0-$((tasks - 1)) -- \
  sh -c 'echo "$0" >> "$1"; exec sleep 0.05' '{trial}' "$dir/ran"
id=$(cat "$dir/out")
for ((round = 0; round < rounds; round++)); do
  sleep "0.$((RANDOM % 900 + 100))"
  kill -9 "$(launcher_pid)"
  sleep "0.$((RANDOM % 5))"  # workers run on, and hold what they finish
  back_after $round
  kill -0 "$(cat "$dir/long")" || fail "the task that ran does so no more"
done
ok pcluster wait "$id"
same "$(sort -u "$dir/ran" | wc -l) $(wc -l < "$dir/ran")" "$tasks $tasks" "runs: each task once"

# Both at once: what ran in that worker runs again.
ok pcluster map --detach --trials 0-$((tasks - 1)) -- \
  sh -c 'echo "$0" >> "$1"; exec sleep 0.05' '{trial}' "$dir/both"
both=$(cat "$dir/out")
# The worker with the long task is left alone.
spared=$(worker_above "$(cat "$dir/long")")
for ((round = 0; round < rounds; round++)); do
  sleep "0.$((RANDOM % 900 + 100))"
  victim=$(workers_below_guards "$state" | grep -vx "$spared" | shuf -n 1)
  kill -9 "$(launcher_pid)" "$victim"
  back_after $round
done
ok pcluster wait "$both"
for one in "$id" "$both"; do
  ok pcluster results "$one" --json
  same "$(json 'len(i), {x["state"] for x in i} == {"done"}, len({x["trial"] for x in i})')" \
    "$tasks True $tasks" "results"
done
same "$(sort -u "$dir/both" | wc -l)" "$tasks" "trials that ran"
reruns=$(($(wc -l < "$dir/both") - tasks))
# And what had ended and was not on the disk yet: 50 ms, and the sync itself.
at_most "$reruns" $((3 * rounds)) "tasks that ran again"

same "$(wc -l < "$dir/long")" 1 "starts of the long task"
kill -0 "$(cat "$dir/long")" || fail "the long task is gone"
ok pcluster logs "$finished"
says "said 0" "said 4"
ok pcluster results "$finished" --json
same "$(json '[x["twice"] for x in i]')" "0 2 4 6 8" "results of what had finished before"
report "$((2 * rounds)) deaths of the launcher, $rounds of a worker with it: $reruns reruns," \
  "workers home within $slowest ms"
ok pcluster cancel "$long"
stopped
