/* Where a rank is, and what there bears on MPI: cores, limits, interfaces, fabrics, variables.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "probe.h"

extern char** environ;

struct line {
  char text[8192];
  size_t used;
};

/* A word " KEY=VALUE", without blanks; nothing when it does not fit. */
static void add(struct line* line, const char* format, ...) {
  char* word = line->text + line->used;
  const size_t room = sizeof line->text - line->used - 2;
  va_list values;
  int length, i;
  va_start(values, format);
  length = vsnprintf(word + 1, room - 1, format, values);
  va_end(values);
  if (length < 0 || (size_t)length >= room - 1) return;
  word[0] = ' ';
  for (i = 1; i <= length; i++)
    if ((unsigned char)word[i] <= ' ') word[i] = '_';
  line->used += (size_t)length + 1;
}

static void add_limits(struct line* line) {
  struct rlimit memlock;
  struct statvfs shm;
  if (getrlimit(RLIMIT_MEMLOCK, &memlock) == 0) {
    if (memlock.rlim_cur == RLIM_INFINITY)
      add(line, "memlock_kb=unlimited");
    else
      add(line, "memlock_kb=%llu", (unsigned long long)memlock.rlim_cur / 1024);
  }
  if (statvfs("/dev/shm", &shm) == 0)
    add(line, "shm_mb=%llu", (unsigned long long)shm.f_bavail * shm.f_frsize >> 20);
}

static void add_interfaces(struct line* line) {
  struct ifaddrs *all, *one;
  char address[INET_ADDRSTRLEN];
  if (getifaddrs(&all) != 0) return;
  for (one = all; one != NULL; one = one->ifa_next) {
    if (one->ifa_addr == NULL || one->ifa_addr->sa_family != AF_INET) continue;
    if (!(one->ifa_flags & IFF_UP) || (one->ifa_flags & IFF_LOOPBACK)) continue;
    if (inet_ntop(AF_INET, &((struct sockaddr_in*)(void*)one->ifa_addr)->sin_addr, address,
                  sizeof address) != NULL)
      add(line, "net=%s=%s", one->ifa_name, address);
  }
  freeifaddrs(all);
}

/* InfiniBand and its like, and Omni-Path. */
static void add_fabrics(struct line* line, const char* directory, const char* prefix) {
  DIR* entries = opendir(directory);
  struct dirent* one;
  if (entries == NULL) return;
  while ((one = readdir(entries)) != NULL)
    if (one->d_name[0] != '.' && strncmp(one->d_name, prefix, strlen(prefix)) == 0)
      add(line, "fabric=%s", one->d_name);
  closedir(entries);
}

static void add_variables(struct line* line) {
  static const char* const names[] = {"OMPI_MCA_pml", "OMPI_MCA_btl",  "OMPI_MCA_mtl", "UCX_TLS",
                                      "UCX_NET",      "I_MPI_FABRICS", "FI_PROVIDER"};
  char** one;
  size_t i;
  for (one = environ; *one != NULL; one++)
    for (i = 0; i < sizeof names / sizeof *names; i++)
      if (strncmp(*one, names[i], strlen(names[i])) == 0 && strchr(*one, '=') != NULL)
        add(line, "set=%s", *one);
}

void say_place(const char* host) {
  struct line line;
  char cores[cores_size];
  strcpy(line.text, "place");
  line.used = strlen(line.text);
  cores_text(cores, sizeof cores);
  add(&line, "host=%s", host);
  add(&line, "cores=%s", cores);
  add_limits(&line);
  add_interfaces(&line);
  add_fabrics(&line, "/sys/class/infiniband", "");
  add_fabrics(&line, "/dev", "hfi1_");
  add_variables(&line);
  line.text[line.used++] = '\n';
  if (write(STDOUT_FILENO, line.text, line.used) < 0) return;
}
