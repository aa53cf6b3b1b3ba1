// A resident in C: trials in, results out, one line of JSON each (docs/resident.md).
//   cc -o resident examples/resident.c && pcluster map --resident --trials 0-99 -- ./resident
// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The text after "KEY":" (of `trial`, or of a column); no JSON parser is needed for plain values.
static const char* value(const char* line, const char* key) {
  char quoted[64];
  snprintf(quoted, sizeof quoted, "\"%s\":\"", key);
  const char* at = strstr(line, quoted);
  return at == NULL ? "" : at + strlen(quoted);
}

int main(void) {
  int in = 0, out = 0;
  const char* told = getenv("PCLUSTER_RESIDENT");
  if (told == NULL || sscanf(told, "%d,%d", &in, &out) != 2) {
    fprintf(stderr, "resident: start me with pcluster map --resident\n");
    return 2;
  }
  FILE *trials = fdopen(in, "r"), *answers = fdopen(out, "w");
  setvbuf(answers, NULL, _IOLBF, 0);  // each line leaves at once
  fprintf(answers, "{\"ready\":true}\n");
  static char line[1 << 16];
  while (fgets(line, sizeof line, trials) != NULL) {
    const double x = atof(value(line, "trial"));
    printf("trial %g\n", x);
    fflush(stdout);  // before the answer: what is printed later belongs to the next trial
    fprintf(answers, "{\"done\":true,\"result\":{\"square\":%g}}\n", x * x);
  }
  return 0;  // end of file: no more trials
}
