/* The MPI probe of `pcluster smoke`: probe [hello|speed].  Built on the site with its own mpicc.
 * SPDX-License-Identifier: MIT */
#include "probe.h"

#include <mpi.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char** argv) {
  struct me me = {0, 1, "?"};
  const int measure = argc > 1 && strcmp(argv[1], "speed") == 0;
  int code;

  if (measure) ask_for_transport(argv);
  gethostname(me.host, sizeof me.host - 1);
  say_place(me.host);
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &me.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &me.size);
  code = measure ? speed(&me) : hello(&me);
  MPI_Finalize();
  return code;
}
