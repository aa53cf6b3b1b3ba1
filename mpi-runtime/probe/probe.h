/* What the files of the MPI probe share.
 * SPDX-License-Identifier: MIT */
#ifndef PCLUSTER_PROBE_H
#define PCLUSTER_PROBE_H
#include <stddef.h>

enum { host_size = 256, cores_size = 512 };

struct me {
  int rank, size;
  char host[host_size];
};

/* "0-3,8": the cores that this process may run on, and those that it might if nothing but its
 * control group bound it. */
void cores_text(char* text, size_t size);
void reach_text(char* text, size_t size);

/* One line of what a rank can tell before MPI_Init: also one that hangs or dies there has said it.
 */
void say_place(const char* host);

int hello(const struct me*);
/* Has Open MPI and UCX say which transport they take; first of all, as it starts the program anew. */
void ask_for_transport(char** argv);
int speed(const struct me*);
#endif
