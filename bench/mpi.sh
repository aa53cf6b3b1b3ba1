#!/usr/bin/env bash
# The start-up of an MPI task: `pcluster run -np 2 -- ./hello` against plain `mpiexec -np 2 ./hello`
# and against mpiexec with the settings that the task gets, interleaved in one run.
#
#   bench/mpi.sh PCLUSTER [ROUNDS] [one|two]     prints medians, and medians of the paired ratios
#
# Those named best are of the least times: what else runs on the machine only adds to each.
# "task" is from its start to its end, as `results --json` has them; "client" is `pcluster run` from
# start to exit.  "two" brings up hosts made of namespaces (tests/testbed, root): there plain
# mpiexec reaches the other one through an agent of two lines that enters its namespaces.  That
# costs some ms, where ssh costs a hundred.
# SPDX-License-Identifier: MIT
set -euo pipefail
pcluster=$(realpath "$1") rounds=${2:-15} where=${3:-one}
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")

work=$(mktemp -d /var/tmp/pcl.bench.XXXXXX)
chmod 755 "$work"
testbed=$work/testbed
leave() {
  local code=$?
  "$pcluster" stop > /dev/null 2>&1 || true
  [[ ! -f $testbed/env ]] || bash "$here/../tests/testbed/slurm-testbed" down "$testbed" --purge
  rm -rf --one-file-system "$work"
  exit "$code"
}
trap leave EXIT
export PCLUSTER_DIR=$work/state TMPDIR=$work PCLUSTER_SITE=local
# As a user's mpiexec on a fresh login; root needs a word more.
for name in $(compgen -e | grep -E '^(OMPI|PMI|PRTE|SLURM|PBS)' || true); do unset "$name"; done
if (($(id -u) == 0)); then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
cd "$work"
mpicc -O1 -o hello "$here/hello.c"

quietly() { "$@" > out 2>&1 < /dev/null || { cat out >&2; exit 1; }; }

bring_up_one() {
  quietly "$pcluster" submit --jobs 1 --cores 2
  same=(--bind-to none --host localhost:2 --mca pml ob1 --mca btl "self,vader")
  same_variables=(PMIX_MCA_gds=hash)
}

# The jobs ask for more than half of a host's memory: each has a host of its own.
bring_up_two() {
  env -i -C / PATH="$PATH" "$here/../tests/testbed/slurm-testbed" up "$testbed" --hosts 2 --cpus 8
  # shellcheck disable=SC1091
  . "$testbed/env"
  quietly env PCLUSTER_SITE=generic-slurm \
    "$pcluster" submit --jobs 2 --cores 1 --memory 300000M
  for name in $(compgen -e | grep '^SLURM' || true); do unset "$name"; done
  cat > agent << SH
#!/bin/sh
host=\$1; shift
exec nsenter -t "\$(cat $testbed/run/\$host.init)" -m -u -i -n -p --wd="$work" -- sh -c "\$*"
SH
  chmod 755 agent
  plain=(--host "localhost:1,node2:1" --mca plm rsh --mca plm_rsh_agent "$work/agent")
  same=("${plain[@]}" --bind-to none --mca plm_rsh_no_tree_spawn 1
    --mca orte_leave_session_attached 1)
}

plain=() same=() same_variables=()
"bring_up_$where"
quietly "$pcluster" run -np 2 -- hostname
hosts=$(sort -u out | grep -c .)
[[ $hosts == 1 && $where == one || $hosts == 2 && $where == two ]] || { cat out >&2; exit 1; }

seconds() {       # CMD...: how long it takes, as the shell sees it
  local begin=$EPOCHREALTIME
  quietly "$@"
  awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.1f\n", (b - a) * 1000}'
}
run_plain() { seconds mpiexec "${plain[@]}" -np 2 ./hello; }
run_same() { seconds env "${same_variables[@]}" mpiexec "${same[@]}" -np 2 ./hello; }
run_client() { seconds "$pcluster" run -np 2 -- "$work/hello"; }
task_of_last() {
  "$pcluster" results last --json | python3 -c 'import datetime, json, sys
at = lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
row = json.load(sys.stdin)["items"][0]
assert row["state"] == "done", row
print(round((at(row["end"]) - at(row["start"])) * 1000, 1))'
}

run_plain > /dev/null; run_same > /dev/null; run_client > /dev/null      # caches are warm
for ((round = 0; round < rounds; round++)); do
  # Whoever is first in a round is so by turns.
  for ((turn = 0; turn < 3; turn++)); do
    case $(((round + turn) % 3)) in
      0) bare=$(run_plain) ;;
      1) alike=$(run_same) ;;
      2) client=$(run_client) task=$(task_of_last) ;;
    esac
  done
  echo "$bare $alike $task $client"
done > rounds

median() { sort -g | awk '{v[NR] = $1}
  END {h = int(NR / 2); printf "%.4g\n", NR % 2 ? v[h + 1] : (v[h] + v[h + 1]) / 2}'; }
column() { awk -v c="$1" '{print $c}' rounds | median; }
ratio() { awk -v a="$1" -v b="$2" '{print $a / $b}' rounds | median; }
least() { awk -v c="$1" '{print $c}' rounds | sort -g | head -n 1; }
best() { awk -v a="$(least "$1")" -v b="$(least "$2")" 'BEGIN {printf "%.4g\n", a / b}'; }
printf '{"bench":"mpi","hosts":%s,"rounds":%d,"mpi":"%s",' "$hosts" "$rounds" \
  "$(mpiexec --version | head -n 1)"
printf '"plain_ms":%s,"same_ms":%s,"task_ms":%s,"client_ms":%s,' \
  "$(column 1)" "$(column 2)" "$(column 3)" "$(column 4)"
printf '"task_to_plain":%s,"task_to_same":%s,"client_to_plain":%s,"client_to_same":%s,' \
  "$(ratio 3 1)" "$(ratio 3 2)" "$(ratio 4 1)" "$(ratio 4 2)"
printf '"task_to_plain_best":%s,"task_to_same_best":%s,"client_to_plain_best":%s}\n' \
  "$(best 3 1)" "$(best 3 2)" "$(best 4 1)"
