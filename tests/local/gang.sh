#!/usr/bin/env bash
# One MPI program on two workers, which are two jobs on this host, each with a core of its own: the
# ranks, what they print, how they end, and what happens when a worker dies under them.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
command -v mpicc > /dev/null && command -v mpiexec > /dev/null || skip "no MPI is installed"
(($(nproc) >= 2)) || skip "it takes two cores"

cat > ranks.c <<'C'
#define _GNU_SOURCE
#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char** argv) {
  int rank, size, sum, cores = 0, core = -1;
  cpu_set_t mask;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  sched_getaffinity(0, sizeof mask, &mask);
  for (int i = 0; i < CPU_SETSIZE; ++i)
    if (CPU_ISSET(i, &mask)) ++cores, core = i;
  printf("rank %d of %d, sum %d, worker %s, pid %d, %d cores, the last %d\n", rank, size, sum,
         getenv("PCLUSTER_WORKER"), getpid(), cores, core);
  fprintf(stderr, "rank %d says so\n", rank);
  if (argc > 1 && rank == size - 1 && !strcmp(argv[1], "segv")) *(volatile int*)0 = 1;
  if (argc > 2) {
    fflush(stdout);
    sleep(atoi(argv[2]));
  }
  MPI_Finalize();
  return argc > 1 ? atoi(argv[1]) : 0;
}
C
mpicc -o ranks ranks.c > "$dir/out" 2> "$dir/err" || { show; fail "mpicc"; }

# Each job has a core, which makes its worker say that it has cores of its own.
own_core='taskset -pc $((PCLUSTER_JOB_INDEX % 2)) $$ > /dev/null'
begun() { (($(pgrep -cfx "$dir/work/ranks 0 600") == $1)); }

ok pcluster submit --jobs 2 --cores 1 --setup "$own_core"
ok pcluster run -np 2 -- ./ranks
says "rank 0 of 2, sum 1, worker w" "rank 1 of 2, sum 1, worker w"
same "$(grep -c ' 1 cores' "$dir/out")" 2 "ranks with one core each"
same "$(sed 's/.*last //' "$dir/out" | sort -u | wc -l)" 2 "different cores"
same "$(sed 's/.*worker //; s/,.*//' "$dir/out" | sort | xargs)" "w0 w1" "workers of the ranks"
same "$(grep ^rank "$dir/err" | sort)" "$(printf 'rank 0 says so\nrank 1 says so')" "standard error"
code 3 pcluster run -np 2 -- ./ranks 3
code 139 pcluster run -np 2 -- ./ranks segv
ok pcluster results --json
json 'i[0]["message"]' | grep -q "^rank 1 on w[01] (.*) ended by signal 11" ||
  fail "the message is $(json 'i[0]["message"]')"
ok pcluster run -np 2 -- sh -c 'echo "rank $OMPI_COMM_WORLD_RANK"'
same "$(sort "$dir/out")" "$(printf 'rank 0\nrank 1')" "a program that never calls MPI_Init"

# Cancelled: nothing is left within 4 s.
ok pcluster run -np 2 --detach -- "$dir/work/ranks" 0 600
eventually 10 begun 2
begin=$(now_ms)
ok pcluster cancel last
until begun 0; do
  (($(now_ms) - begin < 4000)) || { left_running >&2; fail "ranks are left 4 s after cancel"; }
  sleep 0.05
done
ok pcluster run -np 2 -- ./ranks

# A worker dies under its rank: the task is given to others, and that is no fault of its own.
ok pcluster submit --jobs 3 --cores 1 --setup "$own_core"
pcluster run -np 2 -- "$dir/work/ranks" 0 2 > "$dir/lost" 2>&1 &
running=$!
eventually 10 grep -q "^rank 1 .*worker w" "$dir/lost"
kill -9 "$(worker_above "$(sed -n 's/^rank 1 .*pid \([0-9]*\),.*/\1/p' "$dir/lost")")"
wait "$running" || { cat "$dir/lost" >&2; fail "a worker died, and the task with it"; }
ok pcluster results --json
same "$(json 'i[0]["state"], i[0]["attempt"]')" "done 2" "the task, given to others"
stopped
