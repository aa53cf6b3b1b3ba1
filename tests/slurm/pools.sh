#!/usr/bin/env bash
# Pools on a real queue: scaling, its own reason in `explain`, and a cluster for one command.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

ok pcluster submit --partition 16GBXL --jobs 1
ok pcluster scale 3
says "3/3 workers available"
ok pcluster map --detach --trials 0-0 -- sh -c 'sleep 3; touch whole'
task_runs() { [[ $(pcluster explain 1.0) == *"running on w"* ]]; }
eventually 5 task_runs
ok pcluster scale 0
says "2 ending now" "1 draining"
ok pcluster wait 1
[[ -e whole ]] || fail "scaling down ended a task"
eventually 20 queue_is_empty

# Jobs that wait for their hour: explain has the reason in the words of the queue.
ok pcluster submit --partition 16GBXL --jobs 2 --directive=--begin=now+1hour --no-wait
ok pcluster map --detach --trials 0-3 -- true
explained() { [[ $(pcluster explain 2.3) == *"2 pending (BeginTime)"* ]]; }
eventually 60 explained
ok pcluster scale 1
one_is_left() { [[ $(squeue --me -h -r | wc -l) == 1 ]]; }
eventually 15 one_is_left
ok pcluster scale 0
eventually 15 queue_is_empty
stopped_on_slurm

ok pcluster with --partition 16GBXL --jobs 2 -- "$program" map --trials 0-9 -- true
says "10 done"
eventually 15 queue_is_empty
