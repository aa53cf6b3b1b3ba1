#!/usr/bin/env bash
# Templates, prologue and epilogue: their order, the scheduler's TERM, and the exit code.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# The template of docs/job-scripts.md, as a job of this machine.
cat > five.sh <<'END'
#!/bin/bash
export PCLUSTER_JOB_ID="{{job_id}}" PCLUSTER_JOB_INDEX="{{job_index}}"
export PCLUSTER_JOB_CORES="{{job_cores}}"
exec {{worker_command}}
END
ok pcluster submit --template five.sh --jobs 1 --cores 1
ok pcluster map --trials 0-1 -- true
stopped

# Order, and the variables that the worker has.
order=$dir/order
ok pcluster submit --jobs 1 --cores 1 --setup "echo setup >> $order; export SEEN=1" \
  --prologue "echo prologue \$SEEN >> $order; export SEEN=2" \
  --epilogue "echo epilogue \$SEEN >> $order" --epilogue "exit 9"
ok pcluster map --trials 0-0 -- sh -c "echo task \$SEEN >> $order"
stopped
same "$(paste -sd, "$order")" "setup,prologue 1,task 2,epilogue 2" "order"

# A script by itself, with a worker of ours: what it gets and gives.
cat > worker <<'END'
#!/bin/bash
trap 'echo TERM; sleep 0.2; exit 7' TERM
echo started
for ((i = 0; i < ${1:-100}; i++)); do sleep 0.05; done
exit 5
END
chmod 755 worker
script() {            # [--prologue LINE]: job.sh, which runs ./worker
  pcluster submit --jobs 1 --cores 1 --epilogue 'echo epilogue' "$@" --epilogue 'exit 9' --dry-run \
    -q | sed "s|^set -- .*|set -- $PWD/worker \$STEPS|; /^  --/d" > job.sh
  bash -n job.sh || fail "no shell script"
}
script
STEPS=2 code 5 bash job.sh
same "$(paste -sd, "$dir/out")" "started,epilogue" "a worker that fails"
mv worker gone
code 127 bash job.sh
same "$(cat "$dir/out")" epilogue "without a worker"
mv gone worker

# TERM to the shell alone, and to all, as schedulers do.
# set -e, of a set-up line, changes nothing.
script --setup 'set -e'
for target in shell all; do
  rm -f "$dir/out"
  setsid bash job.sh > "$dir/out" 2> "$dir/err" < /dev/null &
  pid=$!
  eventually 5 grep -q started "$dir/out"
  if [[ $target == all ]]; then kill -TERM -- "-$pid"; else kill -TERM "$pid"; fi
  got=0
  wait "$pid" || got=$?
  same "$got" 7 "exit code after TERM to the $target"
  same "$(LC_ALL=C sort -u "$dir/out" | paste -sd,)" "TERM,epilogue,started" "TERM to the $target"
done

# A second TERM, while the epilogue runs.
script --epilogue 'sleep 0.5' --epilogue 'echo whole'
rm -f "$dir/out"
STEPS=1 setsid bash job.sh > "$dir/out" 2> "$dir/err" < /dev/null &
pid=$!
eventually 5 grep -q epilogue "$dir/out"
kill -TERM -- "-$pid"
got=0
wait "$pid" || got=$?
same "$got" 5 "exit code after TERM in the epilogue"
grep -q whole "$dir/out" || fail "an epilogue that was cut off"

# A prologue that gives up: no worker, the epilogue all the same.
script --prologue 'exit 3'
code 3 bash job.sh
same "$(cat "$dir/out")" epilogue "after a prologue that gave up"

# Without an epilogue the worker takes the shell's place.
pcluster submit --jobs 1 --dry-run -q > plain.sh
grep -q '^become=exec$' plain.sh || fail "no exec"
if grep -q trap plain.sh; then fail "a trap without need"; fi
