// A bare spawn loop and what it costs, to measure ours against.
// SPDX-License-Identifier: MIT
#pragma once

namespace bench {

struct Cost {
  double rate = 0, seconds = 0, cpu_us = 0;  // tasks per second; in all; CPU per task
};

// Wall time, and CPU of this process and of all children that it waited for, from here on.
class Clock {
 public:
  Clock();
  Cost per_task(int tasks) const;

 private:
  double wall_, cpu_us_;
};

enum class Call { posix_spawn, vfork };
Cost bare_loop(Call, int tasks, int in_flight, const char* program);

}  // namespace bench
