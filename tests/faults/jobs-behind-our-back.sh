#!/usr/bin/env bash
# On the testbed: jobs that somebody else cancels, requeues or suspends.  Each is noticed and said,
# what ran there runs elsewhere, and what was asked for can be had again at once.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

others() { PATH=$outer_path "$@"; }       # what is not ours is not counted
status() { pcluster status --json > "$dir/out"; }
job_of() { status; json "[x['job'] for x in i if x['id'] == '$1'][0]"; }
home_is() { [[ $(workers_home) == "$1" ]]; }
says_of() { pcluster status > "$dir/out" 2>&1; grep -E "^$1 " "$dir/out" | grep -qE "$2"; }
ran_at_least() { (($(find "$dir/ran" -name "$1" | wc -l) >= $2)); }
mkdir "$dir/ran"
tasks=0
# Many tasks that say where they ran; who follows them comes back with `follow`.
start_tasks() {
  tasks=$1
  rm -f "$dir"/ran/*
  pcluster map --trials "1-$tasks" -- sh -c 'echo x >> "$1/$0.$PCLUSTER_WORKER"; exec sleep 0.2' \
    '{trial}' "$dir/ran" > "$dir/map" 2>&1 &
  map=$!
}
all_done() {
  wait "$map" || { cat "$dir/map" >&2; fail "map ended with $?"; }
  ok pcluster results last --json
  same "$(json 'len(i), {x["state"] for x in i} == {"done"}')" "$tasks True" "results"
}

ok pcluster submit --partition 16GBXL --jobs 3 --cores 1 --time 20m
same "$(workers_home)" 3 "workers"

# Cancelled: one of three.  The queue is not asked for it.
start_tasks 24
eventually 10 ran_at_least '*.w0' 2
job=$(job_of w0)
begin=$(now_ms)
others scancel "$job"
eventually 10 home_is 2
cancelled=$(($(now_ms) - begin))
says_of "$job" "its worker left: the job was told to end|CANCELLED" ||
  { show; fail "nothing is said of it"; }
# What was asked for can be had again at once, though the queue was not asked since.
ok pcluster submit --partition 16GBXL --jobs 3 --cores 1 --time 20m
same "$(workers_home)" 3 "workers, topped up"
all_done

# All of them, while tasks wait: that is said, and they go on when jobs are there again.
start_tasks 15
eventually 10 ran_at_least '*' 3
others scancel --me
eventually 10 grep -q "no worker is home: the tasks wait; pcluster submit" "$dir/map"
ok pcluster submit --partition 16GBXL --jobs 2 --cores 1 --time 20m
all_done
# The pool that the launcher fills by itself needs nobody.
ok pcluster scale --min 2 --max 2
others scancel "$(job_of w4)"
eventually 20 home_is 2
ok pcluster scale 2

# One that has not started, told by the queue itself.
ok pcluster submit --partition 16GBXL --jobs 1 --cores 1 --time 20m --pool later --no-wait \
  --directive "--begin=now+1hour"
job=$(others squeue --me -h -t pending -o %i)
others scancel "$job"
eventually 5 says_of "$job" "ended +CANCELLED"

# Requeued, which only an administrator can do with our jobs: the same job comes with another
# worker, and the one before it is not believed any more.
if (($(id -u) == 0)); then
  worker=$(status; json "[x['id'] for x in i if x['state'] in ('idle', 'busy')][0]")
  job=$(job_of "$worker")
  start_tasks 30
  eventually 10 ran_at_least "*.$worker" 2
  others scontrol update "job=$job" requeue=1
  others scontrol requeue "$job"
  # shellcheck disable=SC2317        # called by eventually
  another_is_home() {
    status
    [[ $(json "sum(x['job'] == '$job' and x['id'] != '$worker' and x['state'] in ('idle', 'busy')
      for x in i), sum(x['id'] == '$worker' and x['state'] != 'gone' for x in i)") == "1 0" ]]
  }
  eventually 20 another_is_home
  all_done

  # Suspended: silent, so that its tasks go to others; it comes back as it was.
  worker=$(status; json "[x['id'] for x in i if x['state'] in ('idle', 'busy')][0]")
  job=$(job_of "$worker")
  start_tasks 90
  eventually 10 ran_at_least "*.$worker" 2
  begin=$(now_ms)
  others scontrol suspend "$job"
  eventually 20 home_is 1
  suspended=$(($(now_ms) - begin))
  at_most "$suspended" 17000 "ms until a suspended worker is given up"
  [[ ${PCLUSTER_CHAOS:-} != 1 ]] || eventually 32 says_of "$job" "SUSPENDED"
  others scontrol resume "$job"
  eventually 15 home_is 2
  status
  same "$(json "[x['job'] for x in i if x['id'] == '$worker'][0]")" "$job" "who is back"
  all_done
  report "cancelled: $cancelled ms, suspended: $suspended ms until it was noticed"
fi
ok pcluster events
if grep "task_lost" "$dir/out" >&2; then fail "a task was lost"; fi
stopped_on_slurm
