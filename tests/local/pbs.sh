#!/usr/bin/env bash
# The adapter of PBS from end to end, on a FAKE of PBS's commands (tests/fake_pbs.sh), with what a
# real one does seldom: lost answers, no history, jobs that never start.
# SPDX-License-Identifier: MIT
if [[ ${2:-} != as-user && -z ${FAKE_PBS:-} ]]; then
  # What a real PBS must pass, first.
  here=$(dirname "$(realpath "$0")")/..
  FAKE_PBS=$(mktemp -d /var/tmp/pcl.XXXXXX)
  export FAKE_PBS
  for command in qsub qselect qstat qdel pbsdsh; do
    ln -s "$here/fake_pbs.sh" "$FAKE_PBS/$command"
  done
  code=0
  PATH=$FAKE_PBS:$PATH bash "$here/pbs/main.sh" "$1" || code=$?
  rm -rf "$FAKE_PBS"
  unset FAKE_PBS
  [[ $code == 0 ]] || exit "$code"
fi
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
export FAKE_PBS=$dir/fake PCLUSTER_SITE=generic-pbs
mkdir -p "$FAKE_PBS/bin"
for command in qselect qstat qdel pbsdsh pbs_tmrsh; do
  ln -s "$here/fake_pbs.sh" "$FAKE_PBS/bin/$command"
done
ln -s "$here/fake_pbs.sh" "$FAKE_PBS/qsub"
printf '#!/bin/sh\necho >> %s\nexec %s "$@"\n' "$FAKE_PBS/calls" "$FAKE_PBS/qsub" \
  > "$FAKE_PBS/bin/qsub"
chmod 755 "$FAKE_PBS/bin/qsub"
export PATH=$FAKE_PBS/bin:$PATH
calls() { wc -l < "$FAKE_PBS/calls"; }

# Queues: limits, a closed one, one that hands on.
code 2 pcluster submit --partition nosuch --jobs 1
says "workq, small, disabled, route"
code 3 pcluster submit --partition disabled --jobs 1
says "is down at the moment" "Queue is not enabled" "another with --partition"
ok pcluster submit --partition route --cores 8 --jobs 1 --dry-run
says "hands its jobs on to one of: small" "select=1:ncpus=2"
same "$(calls)" 1 "calls of qsub"

touch "$FAKE_PBS/down"
code 3 pcluster submit --jobs 1
says "the scheduler does not answer: Connection refused"
rm "$FAKE_PBS/down"

# Taken, but the answer is lost: found by its name, and not sent twice.
touch "$FAKE_PBS/lost" "$FAKE_PBS/no-history"
ok pcluster submit --jobs 2 --cores 1
says "2/2 workers available"     # workers prove it; the listing tells the ids, some seconds later

# Two nodes of one job: pbsdsh, which takes no environment along.
ok pcluster submit --jobs 1 --nodes 2 --cores 1 --setup 'export FROM_SETUP="a b"'
says "2/2 workers available"
four_home() { [[ $(workers_home) == 4 ]]; }
eventually 5 four_home
ok pcluster exec --on w2,w3 -- sh -c 'echo "set up: $FROM_SETUP"'
same "$(grep -c "set up: a b" "$dir/out")" 2 "environment of a job's nodes"

# It never starts, and says so.
code 4 pcluster submit --jobs 1 --cores 64 --timeout 4s
says "Can Never Run: Insufficient amount of resource: ncpus (R: 64" "fewer --cores"
listed() {
  pcluster status jobs --json > "$dir/out" &&
    [[ $(json 'sorted(x["id"] for x in i)') == '1[0] 1[1] 2'* ]]
}
eventually 15 listed
same "$(calls)" 4 "calls of qsub"

# Jobs that wait are taken back.
rm "$FAKE_PBS/no-history"
touch "$FAKE_PBS/full"
ok pcluster submit --jobs 1 --cores 3 --no-wait
stopped
grep -lx '[QR]' "$FAKE_PBS"/jobs/*/state > "$dir/out" || true
silent_on out

# Within an allocation, as `qsub -I` gives one: a worker per host, and no qsub.
code 2 pcluster submit --here
says "this shell is in no allocation" "qsub -I"
printf 'fake1\nfake1\nfake2\n' > nodes
before=$(calls)
within=(env PBS_JOBID=77.fake PBS_NODEFILE="$PWD/nodes" PBS_JOBCOOKIE=00 NCPUS=1 "$program")
ok "${within[@]}" submit --here --setup 'export FROM_SETUP="a b"'
says "2/2 workers available"
ok pcluster exec --on all -- sh -c 'echo "set up: $FROM_SETUP"'
same "$(grep -c "set up: a b" "$dir/out")" 2 "environment of the hosts"
ok pcluster status jobs --json
same "$(json '{x["id"].split("+")[0] for x in i}')" "{'77'}" "the allocation's id"
same "$(calls)" "$before" "calls of qsub"
stopped
