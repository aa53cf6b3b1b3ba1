#!/usr/bin/env bash
# The end of a job: warned, no more tasks begin; told to end, what runs is handed back and runs
# elsewhere, though nothing may be lost or tried again.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

job_of() { json "[x['job'] for x in i if x['id'] == '$1'][0]"; }
state_is() {
  pcluster status --json > "$dir/out" &&
    [[ $(json "[x['state'] for x in i if x['id'] == '$1']") == "$2" ]]
}
begun() { [[ $(find "$dir/work" -name "$1.*" | wc -l) -ge $2 ]]; }

ok pcluster submit --partition 16GBXL --jobs 1 --cores 1 --time 20m --dry-run
says "#SBATCH --signal=B:USR1@90" 'PCLUSTER_JOB_END="${SLURM_JOB_END_TIME'
ok pcluster submit --partition 16GBXL --cores 1 --time 20m --time-min 10m --warning 0 --dry-run
says "#SBATCH --time-min=00:10:00"
if grep -q -- --signal "$dir/out"; then fail "a signal that nobody wants"; fi

# One worker of two slots: two tasks run, two wait.  It is warned as Slurm does it: the batch shell.
ok pcluster submit --partition 16GBXL --jobs 1 --cores 2 --time 20m
ok pcluster status --json
first=$(job_of w0)
task='touch "$0.$PCLUSTER_ATTEMPT.$PCLUSTER_WORKER"
while [ ! -e go ] || [ -e "hold.$PCLUSTER_WORKER" ]; do sleep 0.05; done'
touch hold.w0
pcluster map --trials 1-4 --detach -- sh -c "$task" "{trial}" > "$dir/id" 2> "$dir/err"
eventually 5 begun '[1-4]' 2
command scancel --batch --signal USR1 "$first"
eventually 5 state_is w0 leaving
ok pcluster status --json
says "its job ends in"
# Another comes home: what waited runs there, what runs goes on where it is.
ok pcluster submit --partition 16GBXL --jobs 2 --cores 2 --time 20m --no-wait
eventually 8 begun "[1-4]" 4
same "$(find . -name '*.1.w0' | wc -l)" 2 "tasks of the first worker"

# The end, as when it is preempted or out of time: CONT and TERM to all of it.
command scancel "$first"
touch go
ok pcluster wait "$(cat "$dir/id")"
ok pcluster results "$(cat "$dir/id")" --json
same "$(json 'sorted(x["state"] for x in i)')" "done done done done" "states"
same "$(find . -name '*.2.w[1-9]' | wc -l)" 2 "tasks that ran again"
ok pcluster events
if grep -qi "lost" "$dir/out"; then show; fail "a loss was counted"; fi
rm -f go ./*.w*

# A job of several nodes, and one with an epilogue: the warning reaches the workers.
ok pcluster submit --partition 16GBXL --jobs 1 --nodes 2 --cores 1 --time 20m --pool wide
ok pcluster status --json
wide=$(json '[x["job"] for x in i if x["pool"] == "wide"][0]')
command scancel --batch --signal USR1 "$wide"
gone() {
  pcluster status --json > "$dir/out" &&
    [[ $(json "sum(x['job'] == '$1' and x['state'] != 'gone' for x in i)") == 0 ]]
}
eventually 8 gone "$wide"             # nothing ran there: they leave
ok pcluster submit --partition 16GBXL --jobs 1 --cores 1 --time 20m --pool tidy \
  --epilogue "touch $dir/work/tidied"
ok pcluster status --json
tidy=$(json '[x["job"] for x in i if x["pool"] == "tidy"][0]')
command scancel --batch --signal USR1 "$tidy"
eventually 8 gone "$tidy"
eventually 5 test -e "$dir/work/tidied"
stopped_on_slurm
