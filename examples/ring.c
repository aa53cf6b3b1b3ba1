/* A ring of integrate-and-fire cells, split over MPI ranks: cell i excites cell i+1.  For machines
 * without NEURON; as with examples/ring.py the spikes do not depend on the number of ranks.
 *
 *     mpicc -O2 -o ring examples/ring.c -lm && pcluster run -np 4 -- ./ring [CELLS [STEPS]]
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* One step lasts 0.1 ms: the membrane leaks with 10 ms, a spike arrives 1 ms later. */
enum { delay = 10 };

/* FNV-1a: equal for equal spikes in the same order. */
static uint64_t add_to(uint64_t hash, int value) {
  return (hash ^ (uint64_t)value) * 1099511628211u;
}

int main(int argc, char** argv) {
  int rank, ranks, step, i, spikes = 0;
  uint64_t hash = 14695981039346656037u;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const int cells = argc > 1 ? atoi(argv[1]) : 64, steps = argc > 2 ? atoi(argv[2]) : 20000;
  /* fired[d][i]: cell i fired d steps before the newest that is known everywhere. */
  unsigned char *fired = calloc((size_t)delay * cells, 1), *mine = malloc(cells);
  double* voltage = calloc(cells, sizeof *voltage);
  const double leak = exp(-0.1 / 10.0);

  for (step = 0; step < steps; step++) {
    unsigned char* arriving = fired + (size_t)(step % delay) * cells;
    for (i = 0; i < cells; i++) mine[i] = 0;
    for (i = rank; i < cells; i += ranks) {
      const int before = (i + cells - 1) % cells;
      voltage[i] = voltage[i] * leak + (arriving[before] ? 1.5 : 0) + (step == 0 && i == 0 ? 2 : 0);
      if (voltage[i] < 1) continue;
      voltage[i] = 0;
      mine[i] = 1;
    }
    MPI_Allreduce(mine, arriving, cells, MPI_UNSIGNED_CHAR, MPI_BOR, MPI_COMM_WORLD);
    for (i = 0; i < cells; i++)
      if (arriving[i]) hash = add_to(add_to(hash, step), i), spikes++;
  }
  if (rank == 0)
    printf("ring: %d cells, %d spikes, hash %016llx\n", cells, spikes, (unsigned long long)hash);
  MPI_Finalize();
  return 0;
}
