// The yardstick: N programs by a bare spawn loop, IN_FLIGHT at a time, output to /dev/null.
//   raw_spawn posix|vfork none N IN_FLIGHT [PROGRAM]
// Prints: tasks per second, seconds, microseconds of CPU per task (ours and the children's).
// SPDX-License-Identifier: MIT
#include "bare_loop.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

int main(int count, char** words) {
  if (count < 5 || std::string(words[2]) != "none") {
    std::fprintf(stderr, "usage: raw_spawn posix|vfork none N IN_FLIGHT [PROGRAM]\n");
    return 2;
  }
  auto how = std::string(words[1]) == "vfork" ? bench::Call::vfork : bench::Call::posix_spawn;
  auto cost = bench::bare_loop(how, std::atoi(words[3]), std::atoi(words[4]),
                               count > 5 ? words[5] : "/bin/true");
  std::printf("%.1f %.4f %.1f\n", cost.rate, cost.seconds, cost.cpu_us);
  return 0;
}
