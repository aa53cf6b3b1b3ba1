/* The resident of bench/rows/resident.py: a line in, a line out (docs/resident.md).
 *   resident_line [AHEAD [result]]      how many trials it takes in advance; with a result or none
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char** words) {
  int in = 0, out = 0;
  const char* told = getenv("PCLUSTER_RESIDENT");
  if (told == NULL || sscanf(told, "%d,%d", &in, &out) != 2) {
    fprintf(stderr, "resident_line: start me with pcluster map --resident\n");
    return 2;
  }
  FILE *trials = fdopen(in, "r"), *answers = fdopen(out, "w");
  setvbuf(answers, NULL, _IOLBF, 0); /* each line leaves at once */
  fprintf(answers, "{\"ready\":true,\"ahead\":%d}\n", count > 1 ? atoi(words[1]) : 0);
  const int results = count > 2 && strcmp(words[2], "result") == 0;
  static char line[1 << 16];
  while (fgets(line, sizeof line, trials) != NULL) {
    const char* trial = strstr(line, "\"trial\":\"");
    if (trial == NULL) return 3;
    if (results)
      fprintf(answers, "{\"done\":true,\"result\":{\"x\":%d}}\n", atoi(trial + 9));
    else
      fputs("{\"done\":true}\n", answers);
  }
  return 0; /* end of file: no more trials */
}
