#!/usr/bin/env bash
# One MPI program on one worker, started through the machine's own mpiexec.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
command -v mpicc > /dev/null && command -v mpiexec > /dev/null || skip "no MPI is installed"

cat > ranks.c <<'C'
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char** argv) {
  int rank, size, sum;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  printf("rank %d of %d, sum %d\n", rank, size, sum);
  MPI_Finalize();
  return argc > 1 ? atoi(argv[1]) : 0;
}
C
mpicc -o ranks ranks.c > "$dir/out" 2> "$dir/err" || { show; fail "mpicc"; }

ok pcluster submit --jobs 2 --cores 2
ok pcluster run -np 2 -- ./ranks
says "rank 0 of 2, sum 1" "rank 1 of 2, sum 1"
code 3 pcluster run -np 2 -- ./ranks 3

# Each trial over two ranks, as many trials at once as fit; every trial has all its own ranks.
ok pcluster map --ranks 2 --trials 0-19 --tag each -- ./ranks
ok pcluster logs each
for part in "rank 0 of 2, sum 1" "rank 1 of 2, sum 1"; do
  same "$(grep -cF "$part" "$dir/out")" 20 "$part"
done
ok pcluster results each --json
same "$(json 'len(i), {x["state"] for x in i}, len({x["worker"] for x in i})')" "20 {'done'} 2" \
  "results, and their workers"

# One mpiexec that ends takes nothing from another that starts: what they keep is not in a directory
# that the last one of a user removes.
ok pcluster run -np 2 -- sh -c 'ls "$OMPI_MCA_orte_top_session_dir" && ls "$TMPDIR"'
says "never-empty" "pid."
same "$(grep -c "^ompi" "$dir/out" || true)" 0 "session directories of Open MPI in \$TMPDIR"

# Ranks find programs where the user does, not where mpiexec lies.
mkdir "$dir/mine"
printf '#!/bin/sh\necho "mine: $OMPI_COMM_WORLD_RANK"\n' > "$dir/mine/python3"
chmod 755 "$dir/mine/python3"
PATH=$dir/mine:$PATH ok pcluster run -np 2 -- python3
says "mine: 0" "mine: 1"

# mpiexec found in a directory without a prefix, as /bin is for many users.
PATH=/bin:$PATH ok pcluster run -np 2 -- ./ranks

stopped
