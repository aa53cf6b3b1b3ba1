#!/usr/bin/env bash
# MPI programs over the hosts of separate one-node jobs: on two and on three of them, twenty at
# once, and with a host that goes off, or whose cable is cut, in the middle.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
command -v mpicc > /dev/null && command -v mpiexec > /dev/null || skip "no MPI is installed"

# N sums over all ranks, 10 ms apart, each of which must be right.
cat > sums.c <<'C'
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char** argv) {
  int rank, size, count = argc > 1 ? atoi(argv[1]) : 1;
  long total = 0;
  char host[256];
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  gethostname(host, sizeof host);
  printf("rank %d of %d on %s, job %s\n", rank, size, host, getenv("PCLUSTER_JOB_ID"));
  fflush(stdout);
  for (int i = 0; i < count; ++i) {
    int mine = rank + i, sum = 0;
    MPI_Allreduce(&mine, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (sum != size * (size - 1) / 2 + size * i) MPI_Abort(MPI_COMM_WORLD, 9);
    total += sum;
    usleep(10000);
  }
  if (rank == 0) printf("total %ld\n", total);
  MPI_Finalize();
  return 0;
}
C
mpicc -o sums sums.c > "$dir/out" 2> "$dir/err" || { show; fail "mpicc"; }
sums=$PWD/sums
hosts_of() { sed -n 's/^rank .* on \(node[0-9]*\), .*/\1/p' "$1" | sort -u | wc -l; }
jobs_of() { sed -n 's/^rank .*, job \([^ ]*\)$/\1/p' "$1" | sort -u | wc -l; }

# More than half of a host's 8 processors: each job has a host of its own, where two are real.
# Each has a local directory that the others do not see.
ok pcluster submit --jobs 3 --cores 5 --local-directory /tmp
for ranks in 4 6; do
  ok pcluster run -np $ranks -- "$sums" 5
  same "$(hosts_of "$dir/out") $(jobs_of "$dir/out")" "$((ranks / 2)) $((ranks / 2))" \
    "hosts and jobs of $ranks ranks"
  says "total $((5 * ranks * (ranks - 1) / 2 + ranks * 10))"
done
ok pcluster run -np 2 -- "$sums"
same "$(hosts_of "$dir/out")" 1 "hosts of what fits one worker"

# Twenty, as many at once as fit, and all of them right.
ok pcluster map --ranks 2 --trials 0-19 -- "$sums" 20
ok pcluster results --json
same "$(json 'len(i), {x["state"] for x in i} == {"done"}')" "20 True" "tasks of two ranks"
same "$(json 'len({x["host"] for x in i})')" 3 "hosts of their first ranks"
ok pcluster logs last
same "$(grep -c '^total 400$' "$dir/out")" 20 "right sums"

if (($(id -u) == 0)); then         # only root pulls plugs
  node='' plug=''
  plug_in() {
    case $plug in
      cut) testbed heal "$node" ;;
      kill-node) testbed start-node "$node" ;;
    esac
    if [[ -n $plug ]]; then scontrol update nodename="$node" state=resume; fi
  }
  undo() { plug_in || :; command scancel --me; } > /dev/null 2>&1
  # The host of the last rank: of a part, whose head is elsewhere.
  away() { sed -n 's/^rank 3 .* on \(node[0-9]*\), .*/\1/p' "$dir/run"; }
  # As it was: all hosts, a job on each.
  three_again() {
    pcluster submit --jobs 3 --cores 5 --local-directory /tmp --timeout 30
    [[ $(workers_home) == 3 ]]
  }
  for how in kill-node cut; do
    rm -f "$dir/run"
    pcluster run -np 4 -- "$sums" 300 > "$dir/run" 2>&1 &
    running=$!
    eventually 10 grep -qs "^rank 3" "$dir/run"
    node=$(away) plug=$how begin=$SECONDS
    testbed "$plug" "$node"
    wait "$running" || { cat "$dir/run" >&2; fail "$how: the run did not survive it"; }
    report "$how: done $((SECONDS - begin)) s later"
    same "$(grep '^total' "$dir/run")" "total $((6 * 300 + 4 * 300 * 299 / 2))" "the sums"
    ok pcluster results --json
    same "$(json 'i[0]["state"], i[0]["attempt"]')" "done 2" "$how: the task, given to others"
    plug_in > /dev/null 2>&1 || :
    plug=''
    eventually 60 three_again
  done
fi
stopped_on_slurm
