#!/usr/bin/env bash
# The main job on the PBS or Torque whose commands are on PATH: ./dev test --pbs.
# SPDX-License-Identifier: MIT
#
# It asks for 3 cores at most, in the default queue ($PCLUSTER_TEST_QUEUE: another one), for 10
# minutes.  Its files are in the home directory, which the nodes must see.  tests/local/pbs.sh runs
# it with a fake of those commands.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
for command in qsub qstat qdel; do
  command -v $command > /dev/null || skip "no $command on PATH"
done
(($(id -u) != 0)) || [[ -n ${FAKE_PBS:-} ]] || skip "root may not submit jobs"
export TZ=FAR-14                   # far from any server's time
unset PCLUSTER_SITE                # its commands tell what it is

submit() {
  ok pcluster submit --timeout 10m --time 10m \
    ${PCLUSTER_TEST_QUEUE:+--partition "$PCLUSTER_TEST_QUEUE"} "$@"
}
jobs() { pcluster status jobs --json > "$dir/out" && json 'sorted(x["id"] for x in i)'; }
# A job that is over is not listed, or as F or C.
live() { qstat -f "$1" 2> /dev/null | grep -q ' job_state = [^FC]'; }
gone() { local id; for id; do ! live "$id" || return 1; done; }
undo() {
  # shellcheck disable=SC2046        # a list of ids
  qdel $(jobs 2> /dev/null) > /dev/null 2>&1
}

ok pcluster config show
grep -qE 'scheduler +.*(pbs|torque)|generic-(pbs|torque)' "$dir/out" || { show; fail "not found"; }

# Two jobs are an array.
submit --jobs 2 --cores 1
says "2/2 workers available"
same "$(workers_home)" 2 "workers at home"
[[ $(jobs) =~ ^[0-9]+\[0\]\ [0-9]+\[1\]$ ]] || fail "jobs: $(jobs)"
for log in $(json '[x["log"] for x in i]'); do
  [[ $log == *-[01].out && -e $log ]] || fail "no output while it runs: $log"
done

# Their end is 10 minutes after their start, wherever the clock stands here.
ends_in_time() {
  pcluster status jobs --json > "$dir/out" &&
    [[ $(json "all(x['end'] and 0 < at(x['end']) - $(date +%s) < 620 for x in i)") == True ]]
}
eventually 60 ends_in_time

ok pcluster map --trials 0-19 -- sh -c 'echo "{trial} with umask $(umask)"'
ok pcluster results --json
same "$(json 'len(i), {x["state"] for x in i} == {"done"}')" "20 True" "results"
ok pcluster logs last
same "$(grep -c ' with umask 0022$' "$dir/out")" 20 "outputs"

ok pcluster map --detach --trials 0-3 -- sleep 600
ok pcluster cancel last
code 1 pcluster wait last
says "4 cancelled"

# One is ended by its number, and the other one stays.
read -r -a before <<< "$(jobs)"
ok pcluster scale 1
one_is_gone() { gone "${before[0]}" || gone "${before[1]}"; }
eventually 90 one_is_gone
same "$(workers_home)" 1 "workers at home"

# One job is no array.
submit --jobs 1 --cores 2
says "1/1 workers available"
ok pcluster map --trials 0-3 -- true
ids=("${before[@]}")
for id in $(jobs); do ids+=("$id"); done
[[ ${ids[*]} =~ (^| )[0-9]+( |$) ]] || fail "no plain id: ${ids[*]}"
stopped
eventually 90 gone "${ids[@]}"
