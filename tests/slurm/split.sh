#!/usr/bin/env bash
# One model split over the hosts of separate jobs: the spikes of one rank; ranks that stay for all
# trials; an mpiexec whose input reaches the first rank.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
command -v mpicc > /dev/null && command -v mpiexec > /dev/null || skip "no MPI is installed"

cat > stays.c <<'C'
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char** argv) {
  int rank, size, in = 0, out = 0;
  char host[256] = "", line[4096];
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  gethostname(host, sizeof host - 1);
  FILE *trials = NULL, *answers = NULL, *inits = fopen("inits", "a");
  fprintf(inits, "rank %d on %s\n", rank, host);
  fclose(inits);
  if (rank == 0) {
    sscanf(getenv("PCLUSTER_RESIDENT"), "%d,%d", &in, &out);
    trials = fdopen(in, "r"), answers = fdopen(out, "w");
    setvbuf(answers, NULL, _IOLBF, 0);
    fprintf(answers, "{\"ready\":true}\n");
  }
  for (;;) {
    int trial = -1, mine, sum = 0;
    if (rank == 0 && fgets(line, sizeof line, trials) != NULL)
      trial = atoi(strstr(line, "\"trial\":\"") + 9);
    MPI_Bcast(&trial, 1, MPI_INT, 0, MPI_COMM_WORLD);
    if (trial < 0) break;
    mine = trial * (rank + 1);
    MPI_Reduce(&mine, &sum, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0) fprintf(answers, "{\"done\":true,\"result\":{\"sum\":%d}}\n", sum);
  }
  MPI_Finalize();
  return 0;
}
C
compile() { mpicc -O1 -o "$@" > "$dir/out" 2> "$dir/err" || { show; fail "mpicc $1"; }; }
compile ring "$here/examples/ring.c" -lm
compile stays stays.c

# More than half of a host's 8 processors: each job has a host of its own, where two are real.
ok pcluster submit --jobs 3 --cores 5
ok pcluster run -- ./ring 64 300
alone=$(< "$dir/out")
[[ $alone == "ring: 64 cells, 30 spikes, hash "* ]] || fail "the ring alone: $alone"
for ranks in 2 4 6; do
  ok pcluster run -np $ranks -- ./ring 64 300
  same "$(< "$dir/out")" "$alone" "the ring on $ranks ranks, two a host"
  ok pcluster results --json
  same "$(json 'i[0]["state"]')" "done" "the ring on $ranks ranks"
done

# One MPI_Init for fifty trials, on two hosts.
ok pcluster map --resident --ranks 4 --trials 0-49 -- ./stays
same "$(cut -d' ' -f1-2 inits | sort | xargs)" "rank 0 rank 1 rank 2 rank 3" "MPI_Init"
same "$(awk '{ print $4 }' inits | sort -u | wc -l)" 2 "hosts of the ranks that stay"
ok pcluster results --json
same "$(json 'sum(int(x["sum"]) for x in i)')" $((10 * 49 * 50 / 2)) "the sum of the sums"

# In the place of mpiexec: the first rank reads what comes in, here as on one host.
head -c 300000 /dev/urandom > input
# shellcheck disable=SC2016
timeout 30 "$program" mpiexec -np 4 sh -c 'if [ "$OMPI_COMM_WORLD_RANK" = 0 ]; then sha256sum; fi' \
  < input > "$dir/out" 2> "$dir/err" || { show; fail "mpiexec over two hosts"; }
same "$(cut -d' ' -f1 "$dir/out")" "$(sha256sum < input | cut -d' ' -f1)" "what rank 0 read"
stopped_on_slurm
