// A task of 20 ms that leaves a line: `brief TRIAL FILE`.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int count, char** words) {
  char line[64];
  const int length = count == 3 ? snprintf(line, sizeof line, "%s\n", words[1]) : 0;
  const int file = count == 3 ? open(words[2], O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
  if (file < 0 || write(file, line, (size_t)length) != length) return 1;
  const struct timespec wait = {0, 20 * 1000 * 1000};
  return nanosleep(&wait, NULL);
}
