/* The MPI probe of `pcluster smoke`: each rank says where it is, then one collective is checked.
 * Built on the site with its own mpicc.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "0-3,8": the cores that this process may run on. */
static void cores_text(char* text, size_t size) {
  cpu_set_t set;
  size_t used = 0;
  int cpu = 0;
  text[0] = '\0';
  if (sched_getaffinity(0, sizeof set, &set) != 0) {
    snprintf(text, size, "?");
    return;
  }
  while (cpu < CPU_SETSIZE && used + 24 < size) {
    int first;
    if (!CPU_ISSET(cpu, &set)) {
      cpu++;
      continue;
    }
    first = cpu;
    while (cpu < CPU_SETSIZE && CPU_ISSET(cpu, &set)) cpu++;
    if (used > 0) text[used++] = ',';
    if (cpu - 1 == first)
      used += (size_t)snprintf(text + used, size - used, "%d", first);
    else
      used += (size_t)snprintf(text + used, size - used, "%d-%d", first, cpu - 1);
  }
}

int main(int argc, char** argv) {
  int rank, size, next;
  long mine, sum = 0, expected;
  char host[256] = "?", cores[512], line[1024];

  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  gethostname(host, sizeof host - 1);
  cores_text(cores, sizeof cores);
  snprintf(line, sizeof line, "hello from rank %d of %d on %s, cores %s", rank, size, host, cores);

  /* Rank 0 prints all lines: whole, and in order. */
  if (rank == 0) {
    printf("%s\n", line);
    for (next = 1; next < size; next++) {
      MPI_Recv(line, sizeof line, MPI_CHAR, next, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      printf("%s\n", line);
    }
  } else {
    MPI_Send(line, sizeof line, MPI_CHAR, 0, 1, MPI_COMM_WORLD);
  }

  mine = rank + 1;
  expected = (long)size * (size + 1) / 2;
  MPI_Allreduce(&mine, &sum, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
  if (sum != expected) {
    fprintf(stderr, "allreduce wrong on rank %d: %ld instead of %ld\n", rank, sum, expected);
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  if (rank == 0) printf("allreduce ok %ld\n", sum);
  MPI_Finalize();
  return 0;
}
