#!/usr/bin/env bash
# On the testbed: 200 daemons of a task on every host, half of them forked twice, are gone within a
# second when it is cancelled, when its worker is killed, and when its job ends.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

hosts=3
# More than half of a host's processors: each job has a host of its own.  All hosts' processes are
# to be seen from here.
ok pcluster submit --jobs $hosts --cores 5
cores=$(nproc)   # a whole worker: its host claims more than there are
number=4$RANDOM$((RANDOM % 10)).5
alive() { pgrep -cfx "sleep $number" || true; }
all_began() { (($(alive) == 201 * hosts)); }

begin_daemons() {
  ok pcluster map --detach --cores "$cores" --trials 1-$hosts -- sh -c '
    [ "$PCLUSTER_ATTEMPT" = 1 ] || exit 0
    hostname >> "$1"
    i=0
    while [ $i -lt 100 ]; do
      setsid sleep "$0" > /dev/null 2>&1 &
      (env -i setsid sleep "$0" > /dev/null 2>&1 &)
      i=$((i + 1))
    done
    exec sleep "$0"' "$number" "$dir/hosts-$1"
  eventually 20 all_began
  same "$(sort -u "$dir/hosts-$1" | wc -l)" $hosts "hosts with daemons"
}
said=()
gone_after() {  # WHAT BEGAN MS
  local took
  while (($(alive) > 0)); do
    (($(now_ms) - $2 < 10000)) || fail "$(alive) daemons are left 10 s after $1"
    sleep 0.02
  done
  took=$(($(now_ms) - $2))
  said+=("$1 $took ms")
  at_most "$took" "$3" "ms until the last was gone after $1"
}

begin_daemons cancel
begin=$(now_ms)
ok pcluster cancel last
gone_after cancel "$begin" 1000

begin_daemons kill
begin=$(now_ms)
# shellcheck disable=SC2046  # pids
kill -9 $(workers_below_guards "$state")
gone_after "kill -9 of the workers" "$begin" 1000
ok pcluster wait last
ok pcluster results last --json
same "$(json '[x["state"] for x in i]')" "done done done" "tasks, given out again"
same "$(workers_home)" $hosts "workers in the same jobs"
same "$(calls sbatch)" 1 "submits"

begin_daemons end
begin=$(now_ms)
command scancel --me
gone_after scancel "$begin" 1000
report "of $((201 * hosts)) processes none was left after: ${said[*]}"
stopped_on_slurm
