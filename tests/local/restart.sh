#!/usr/bin/env bash
# kill -9 of the launcher amid a map: the next one takes the workers back and reruns nothing.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ok pcluster submit --jobs 2 --cores 2
ok pcluster map --detach --trials 0-59 -- sh -c 'echo "$0 $PCLUSTER_ATTEMPT" >> "$1"; sleep 0.2' \
  '{trial}' "$dir/ran"
id=$(cat "$dir/out")
sleep 1
kill -9 "$(launcher_pid)"
sleep 1                          # workers run on, and hold what they finish
ok pcluster submit --jobs 2 --cores 2
same "$(workers_home)" 2 "workers after the restart"
ok pcluster status --json
same "$(json 'sorted(x["id"] for x in i)')" "w0 w1" "the same workers"
ok pcluster wait "$id"
ok pcluster results "$id" --json
same "$(json 'len(i), {x["state"] for x in i} == {"done"}')" "60 True" "results"
# A map that is followed starts its launcher again by itself.
pcluster map --trials 0-19 -- sh -c 'sleep 0.4' > "$dir/out" 2> "$dir/err" &
follower=$!
sleep 1
kill -9 "$(launcher_pid)"
wait "$follower" || { show; fail "the map did not survive its launcher"; }
says "starting it again" "20 done"

# One that dies while a verb is connected to it, and had not answered yet, is replaced too.
held=$(launcher_pid)
kill -STOP "$held"
{ sleep 0.3; kill -9 "$held"; } &
ok pcluster status
says "starting it again"
[[ $(launcher_pid) != "$held" ]] || fail "no other launcher"

same "$(sort -u "$dir/ran" | wc -l) $(wc -l < "$dir/ran")" "60 60" "runs: each task once"
stopped
