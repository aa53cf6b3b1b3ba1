/* Latency and bandwidth between pairs of ranks: within each host, and between hosts.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

enum {
  tag_go = 10,
  tag_told,
  tag_again,
  tag_data,
  most_pairs = 64,
  hosts_all_with_all = 4, /* above: the first with each other one */
  window = 4,
  most_samples = 1000,
  warm_up = 50,
  mebibyte = 1 << 20
};
static const double longest = 0.5; /* seconds for one size of message */

struct pair {
  int a, b;
};
struct told {
  double latency_us, mb_s;
};

void ask_for_transport(char** argv) {
  if (getenv("PCLUSTER_PROBE_ASKS") != NULL) return;
  setenv("PCLUSTER_PROBE_ASKS", "1", 0);
  setenv("OMPI_MCA_btl_base_verbose", "1", 0);
  setenv("OMPI_MCA_pml_base_verbose", "10", 0);
  setenv("OMPI_MCA_mtl_base_verbose", "10", 0);
  setenv("UCX_LOG_LEVEL", "info", 0);
  /* Libraries that are linked have read their variables before main: once more from the start. */
  execv("/proc/self/exe", argv);
}

/* Ranks that have nothing to do must not spin beside those that are measured. */
static void receive_idly(void* buffer, int size, int from, int tag) {
  const struct timespec moment = {0, 200000};
  int there = 0;
  for (;;) {
    MPI_Iprobe(from, tag, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
    if (there) break;
    nanosleep(&moment, NULL);
  }
  MPI_Recv(buffer, size, MPI_BYTE, from, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static int by_size(const void* left, const void* right) {
  const double a = *(const double*)left, b = *(const double*)right;
  return (a > b) - (a < b);
}
static double median(double* values, int count) {
  qsort(values, (size_t)count, sizeof *values, by_size);
  return values[count / 2];
}

static void say_again(int peer, long again) {
  MPI_Send(&again, sizeof again, MPI_BYTE, peer, tag_again, MPI_COMM_WORLD);
}
static long hear_again(int peer) {
  long again = 0;
  MPI_Recv(&again, sizeof again, MPI_BYTE, peer, tag_again, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  return again;
}

static double latency(int peer) {
  double samples[most_samples], begun = MPI_Wtime();
  int i, count = 0;
  for (i = 0; i < warm_up + most_samples; i++) {
    const double start = MPI_Wtime();
    say_again(peer, 1);
    hear_again(peer);
    if (i == warm_up) count = 0;
    samples[count++] = MPI_Wtime() - start;
    if (MPI_Wtime() - begun > longest) break;
  }
  say_again(peer, 0);
  return median(samples, count) / 2 * 1e6;
}

static double bandwidth(int peer, char* buffer, int size) {
  double samples[most_samples], begun = MPI_Wtime();
  int count = 0, i;
  do {
    MPI_Request requests[window];
    MPI_Status statuses[window];
    double start;
    say_again(peer, size);
    start = MPI_Wtime();
    for (i = 0; i < window; i++)
      MPI_Isend(buffer + (size_t)i * size, size, MPI_BYTE, peer, tag_data, MPI_COMM_WORLD,
                &requests[i]);
    MPI_Waitall(window, requests, statuses);
    hear_again(peer);
    samples[count++] = (double)size * window / (MPI_Wtime() - start) / 1e6;
  } while (count < 100 && MPI_Wtime() - begun < longest);
  return median(samples, count);
}

static struct told measure(int peer, char* buffer) {
  struct told told = {0, 0};
  int mib;
  told.latency_us = latency(peer);
  for (mib = 1; mib <= 4; mib *= 2) {
    const double rate = bandwidth(peer, buffer, mib * mebibyte);
    if (rate > told.mb_s) told.mb_s = rate;
  }
  say_again(peer, 0);
  return told;
}

static void answer(int peer, char* buffer) {
  long size;
  int i;
  while (hear_again(peer) != 0) say_again(peer, 1);
  while ((size = hear_again(peer)) != 0) {
    MPI_Request requests[window];
    MPI_Status statuses[window];
    for (i = 0; i < window; i++)
      MPI_Irecv(buffer + (size_t)i * (size_t)size, (int)size, MPI_BYTE, peer, tag_data,
                MPI_COMM_WORLD, &requests[i]);
    MPI_Waitall(window, requests, statuses);
    say_again(peer, 1);
  }
}

static int same_host(const char* hosts, int a, int b) {
  return strcmp(hosts + (size_t)a * host_size, hosts + (size_t)b * host_size) == 0;
}

/* All ranks come to the same list: within each host its first two, then between the hosts. */
static int choose_pairs(const char* hosts, int size, struct pair* pairs) {
  int count = 0, firsts[most_pairs], found = 0, rank, other, i, j;
  for (rank = 0; rank < size && found < most_pairs; rank++) {
    for (other = 0; other < rank && !same_host(hosts, rank, other); other++) continue;
    if (other == rank) firsts[found++] = rank;
  }
  for (i = 0; i < found && i < hosts_all_with_all; i++)
    for (rank = firsts[i] + 1; rank < size; rank++)
      if (same_host(hosts, firsts[i], rank)) {
        pairs[count++] = (struct pair){firsts[i], rank};
        break;
      }
  for (i = 0; i < found; i++)
    for (j = i + 1; j < found && count < most_pairs; j++)
      if (i == 0 || found <= hosts_all_with_all)
        pairs[count++] = (struct pair){firsts[i], firsts[j]};
  return count;
}

static void lead(const struct me* me, const char* hosts, const struct pair* pairs, int count,
                 char* buffer) {
  int i, rank, end = -1;
  for (i = 0; i < count; i++) {
    const struct pair pair = pairs[i];
    struct told told;
    if (pair.a != 0) MPI_Send(&i, sizeof i, MPI_BYTE, pair.a, tag_go, MPI_COMM_WORLD);
    MPI_Send(&i, sizeof i, MPI_BYTE, pair.b, tag_go, MPI_COMM_WORLD);
    if (pair.a == 0)
      told = measure(pair.b, buffer);
    else
      receive_idly(&told, sizeof told, pair.a, tag_told);
    printf("pair %s %d %s %d latency_us %.2f mb_s %.1f\n", hosts + (size_t)pair.a * host_size,
           pair.a, hosts + (size_t)pair.b * host_size, pair.b, told.latency_us, told.mb_s);
    fflush(stdout);
  }
  for (rank = 1; rank < me->size; rank++)
    MPI_Send(&end, sizeof end, MPI_BYTE, rank, tag_go, MPI_COMM_WORLD);
  printf("measured %d pairs\n", count);
}

static void follow(const struct me* me, const struct pair* pairs, char* buffer) {
  for (;;) {
    int i;
    receive_idly(&i, sizeof i, 0, tag_go);
    if (i < 0) return;
    if (pairs[i].a == me->rank) {
      const struct told told = measure(pairs[i].b, buffer);
      MPI_Send(&told, sizeof told, MPI_BYTE, 0, tag_told, MPI_COMM_WORLD);
    } else {
      answer(pairs[i].a, buffer);
    }
  }
}

int speed(const struct me* me) {
  struct pair pairs[most_pairs + hosts_all_with_all];
  char* hosts = calloc((size_t)me->size, host_size);
  char* buffer = calloc(window, 4 * mebibyte);
  int count;
  if (hosts == NULL || buffer == NULL) MPI_Abort(MPI_COMM_WORLD, 1);
  MPI_Allgather((void*)me->host, host_size, MPI_CHAR, hosts, host_size, MPI_CHAR, MPI_COMM_WORLD);
  count = choose_pairs(hosts, me->size, pairs);
  if (me->rank == 0)
    lead(me, hosts, pairs, count, buffer);
  else
    follow(me, pairs, buffer);
  free(buffer);
  free(hosts);
  return 0;
}
