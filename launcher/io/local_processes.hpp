// This user's processes, and which of them lead a local job: told by their environment.
// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pcluster {

inline constexpr const char *job_id_name = "PCLUSTER_JOB_ID", *job_name_name = "PCLUSTER_JOB_NAME";

struct Process {
  pid_t pid = 0, session = 0;
  std::string start_ticks;
  bool zombie = false;
  std::string id() const;  // "7381.22918": no other process has it, ever
};

std::optional<Process> look_at(const std::string& pid);
std::vector<Process> own_processes();
// The value of a variable that the process was started with.
std::string variable(const Process&, std::string_view name);

// The id of the job that it leads, "7381.22918" or "12+7381" within allocation 12; empty when it
// leads none.  A task has its job's id in its environment, too, but another pid.
std::string job_led_by(const Process&);
bool leads_one_of(const std::vector<std::string>& ids, const Process&);

}  // namespace pcluster
