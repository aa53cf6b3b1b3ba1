/* Which cores a process may run on, as text.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "probe.h"

static void set_text(const cpu_set_t* set, char* text, size_t size) {
  size_t used = 0;
  int cpu = 0;
  text[0] = '\0';
  while (cpu < CPU_SETSIZE && used + 24 < size) {
    int first;
    if (!CPU_ISSET(cpu, set)) {
      cpu++;
      continue;
    }
    first = cpu;
    while (cpu < CPU_SETSIZE && CPU_ISSET(cpu, set)) cpu++;
    if (used > 0) text[used++] = ',';
    if (cpu - 1 == first)
      used += (size_t)snprintf(text + used, size - used, "%d", first);
    else
      used += (size_t)snprintf(text + used, size - used, "%d-%d", first, cpu - 1);
  }
}

void cores_text(char* text, size_t size) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    set_text(&set, text, size);
  else
    snprintf(text, size, "?");
}

/* Asks for all cores, looks at what it got, and takes the old ones again. */
void reach_text(char* text, size_t size) {
  cpu_set_t old, all, got;
  memset(&all, 0xff, sizeof all);
  snprintf(text, size, "?");
  if (sched_getaffinity(0, sizeof old, &old) != 0) return;
  if (sched_setaffinity(0, sizeof all, &all) != 0) return;
  if (sched_getaffinity(0, sizeof got, &got) == 0) set_text(&got, text, size);
  sched_setaffinity(0, sizeof old, &old);
}
