#!/usr/bin/env bash
# Residents with MPI ranks: one mpiexec and one MPI_Init for all trials.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
command -v mpicc > /dev/null && command -v mpiexec > /dev/null || skip "no MPI is installed"
(($(nproc) >= 2)) || skip "it takes two cores"

cat > ranks.c <<'C'
#define _DEFAULT_SOURCE
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char** argv) {
  int rank, in = 0, out = 0;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  FILE *trials = NULL, *answers = NULL, *inits = fopen("inits", "a");
  fprintf(inits, "%d %d\n", rank, getenv("PCLUSTER_RESIDENT") != NULL);
  fclose(inits);
  FILE* pids = fopen("pids", "a");
  fprintf(pids, "%d %d %s\n", rank, getpid(), getenv("PCLUSTER_WORKER"));
  fclose(pids);
  if (rank == 0) {
    sscanf(getenv("PCLUSTER_RESIDENT"), "%d,%d", &in, &out);
    trials = fdopen(in, "r"), answers = fdopen(out, "w");
    setvbuf(answers, NULL, _IOLBF, 0);
    fprintf(answers, "{\"ready\":true}\n");
  }
  for (;;) {
    char line[4096] = "";
    int trial[2] = {-1, 0}, mine, sum = 0;
    if (rank == 0 && fgets(line, sizeof line, trials) != NULL) {
      trial[0] = atoi(strstr(line, "\"trial\":\"") + 9);
      trial[1] = atoi(strstr(line, "\"attempt\":") + 10);
    }
    MPI_Bcast(trial, 2, MPI_INT, 0, MPI_COMM_WORLD);
    if (trial[0] < 0) break;
    if (argc > 1 && trial[0] == atoi(argv[1]) && trial[1] == 1 && rank == 1) abort();
    if (argc > 2) usleep(1000 * atoi(argv[2]));
    mine = trial[0] * (rank + 1);
    MPI_Reduce(&mine, &sum, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
    printf("rank %d, trial %d\n", rank, trial[0]);
    fflush(stdout);
    if (rank == 0) fprintf(answers, "{\"done\":true,\"result\":{\"sum\":%d}}\n", sum);
  }
  MPI_Finalize();
  return 0;
}
C
mpicc -o ranks ranks.c > "$dir/out" 2> "$dir/err" || { show; fail "mpicc"; }

ok pcluster submit --jobs 1 --cores 2
ok pcluster map --resident --ranks 2 --trials 0-49 -- ./ranks
same "$(sort inits | tr '\n' ' ')" "0 1 1 0 " "MPI_Init, and who has the descriptors"
ok pcluster results --json
same "$(json 'sum(int(x["sum"]) for x in i)')" 3675 "the sum of the sums"
ok pcluster logs last.7
says "rank 0, trial 7"

# A rank that dies costs its trial an attempt; all ranks are started anew.
rm inits
ok pcluster map --resident --ranks 2 --retries 1 --trials 0-9 -- ./ranks 4
same "$(wc -l < inits)" 4 "ranks started"
ok pcluster results --json
same "$(json '[x["attempt"] for x in i]')" "1 1 1 1 2 1 1 1 1 1" "attempts"

# Two at once would not fit; the ranks of the idle ones go when one task needs the cores.
ok pcluster map --ranks 2 --trials 0-1 -- true

# In Python, over whichever there is.
cat > model.py <<'PY'
from pcluster_resident import serve
print("loaded", flush=True)
serve(lambda trial: {"twice": 2 * int(trial.trial)})
PY
cp "$here/examples/pcluster_resident.py" .
if python3 -c 'import mpi4py' 2> "$dir/err" || python3 -c 'import neuron' 2> "$dir/err"; then
  ok pcluster map --resident --ranks 2 --trials 0-9 -- python3 model.py
  ok pcluster results --json
  same "$(json 'sum(int(x["twice"]) for x in i)')" 90 "the sum in Python"
fi
stopped

# Over two workers, ranks on the second one stay with those on the first.  Each has a core of its
# own: else the ranks of both would be started by one.
own_core='taskset -pc $((PCLUSTER_JOB_INDEX % 2)) $$ > /dev/null'
rm inits pids
ok pcluster submit --jobs 2 --cores 1 --setup "$own_core"
ok pcluster map --resident --ranks 2 --trials 0-49 -- ./ranks
same "$(sort inits | tr '\n' ' ')" "0 1 1 0 " "MPI_Init over two workers"
same "$(awk '{ print $3 }' pids | sort | xargs)" "w0 w1" "workers of the ranks"
ok pcluster results --json
same "$(json 'sum(int(x["sum"]) for x in i)')" 3675 "the sum over two workers"

# They give way to what is more urgent, and are started anew after it.
rm inits
ok pcluster map --detach --resident --ranks 2 --trials 0-5 -- ./ranks -1 200
id=$(cat "$dir/out")
eventually 10 test -s inits
ok pcluster map --priority 9 --trials 0-1 -- true
ok pcluster wait "$id"
same "$(wc -l < inits)" 4 "ranks started with an interruption"

# A worker that dies under them: the trial is given to others.
ok pcluster submit --jobs 3 --cores 1 --setup "$own_core"
rm pids
ok pcluster map --detach --resident --ranks 2 --trials 0-5 -- ./ranks -1 200
id=$(cat "$dir/out")
eventually 10 grep -q "^1 " pids
sleep 0.3  # the first trial has ended, or is about to
kill -9 "$(worker_above "$(sed -n "s/^1 \([0-9]*\) .*/\1/p" pids | head -n 1)")"
ok pcluster wait "$id"
ok pcluster results "$id" --json
same "$(json 'sum(int(x["sum"]) for x in i)')" 45 "the sum when a part's worker dies"
stopped
