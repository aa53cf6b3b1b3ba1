/* Each rank says where it is, then one collective is checked.
 * SPDX-License-Identifier: MIT */
#include "probe.h"

#include <mpi.h>
#include <stdio.h>

enum { tag_line = 1, line_size = 2048 };

int hello(const struct me* me) {
  long mine = me->rank + 1, sum = 0, expected = (long)me->size * (me->size + 1) / 2;
  char cores[cores_size], reach[cores_size], line[line_size];
  int next;

  cores_text(cores, sizeof cores);
  reach_text(reach, sizeof reach);
  snprintf(line, sizeof line, "hello from rank %d of %d on %s, cores %s of %s", me->rank, me->size,
           me->host, cores, reach);
  /* Rank 0 prints all lines: whole, and in order. */
  if (me->rank == 0) {
    printf("%s\n", line);
    for (next = 1; next < me->size; next++) {
      MPI_Recv(line, sizeof line, MPI_CHAR, next, tag_line, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      printf("%s\n", line);
    }
    fflush(stdout);
  } else {
    MPI_Send(line, sizeof line, MPI_CHAR, 0, tag_line, MPI_COMM_WORLD);
  }

  MPI_Allreduce(&mine, &sum, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
  if (sum != expected) {
    fprintf(stderr, "allreduce wrong on rank %d: %ld instead of %ld\n", me->rank, sum, expected);
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  if (me->rank == 0) printf("allreduce ok %ld\n", sum);
  return 0;
}
