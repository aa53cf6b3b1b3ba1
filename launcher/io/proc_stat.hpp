// What /proc/PID/stat tells of a process: whether it lives, its session, when it began.
// launcher/io only.
// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>

namespace pcluster {

struct ProcStat {
  pid_t session = 0;
  std::string start_ticks;  // with the pid it names one process, for as long as the host is up
  bool dead = false;        // and not yet waited for
};
std::optional<ProcStat> read_proc_stat(const std::string& pid);  // nothing: it is gone

}  // namespace pcluster
