#!/usr/bin/env bash
# On the testbed: a task that says how long it takes begins only where the job lasts that long.
# PCLUSTER_CHAOS=1: jobs of a minute that really run out of time, one after the other.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

ok pcluster submit --partition 16GBXL --jobs 1 --cores 1 --time 1m
begin=$SECONDS
id=$(pcluster map --quiet --detach --time-request 2m --trials 1-1 -- true)
ok timeout 20 "$program" map --quiet --time-request 15s --trials 1-2 -- true
ok pcluster results "$id" --json
same "$(json 'len(i) and i[0]["state"]')" queued "a task that takes longer than its job lasts"
ok pcluster explain "$id.0"
says "no worker's job lasts that long still"
# One that will last.
ok pcluster submit --partition 16GBXL --jobs 1 --cores 1 --time 20m --pool long
ok timeout 20 "$program" wait "$id"
ok pcluster results "$id" --json
same "$(json 'i[0]["state"]')" "done" "the task, once a job lasts long enough"

if [[ ${PCLUSTER_CHAOS:-} == 1 ]]; then
  ok pcluster scale 0 --pool long
  ok pcluster scale --pool default --min 2 --max 2
  tasks=60
  mkdir "$dir/ran"
  ok pcluster map --quiet --time-request 12s --trials "1-$tasks" -- \
    sh -c 'echo x >> "$1/$0"; exec sleep 6' '{trial}' "$dir/ran"
  same "$(cat "$dir"/ran/* | wc -l)" "$tasks" "starts of tasks that said how long they take"
  ok pcluster map --quiet --trials 1-12 -- sleep 20      # handed back, and begun anew
  ok pcluster results last --json
  same "$(json 'len(i), {x["state"] for x in i} == {"done"}')" "12 True" "results"
  ok pcluster events
  if grep -E "task_lost|task_failed" "$dir/out" >&2; then fail "the end of a job cost a try"; fi
  jobs=$(grep -c " job_ended " "$dir/out")
  report "$tasks tasks with estimates: no start too many over $jobs jobs that ended;" \
    "in all $((SECONDS - begin)) s"
fi
stopped_on_slurm
