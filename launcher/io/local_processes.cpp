// Reads /proc: pids, sessions, environments.
// SPDX-License-Identifier: MIT
#include "launcher/io/local_processes.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/proc_stat.hpp"

namespace pcluster {
namespace {

std::string proc_file(const std::string& pid, const char* name) {
  try {
    return read_file_if_there("/proc/" + pid + "/" + name).value_or("");
  } catch (const Error&) {
    return {};  // gone, or not ours to read
  }
}

}  // namespace

std::string Process::id() const { return fmt::format("{}.{}", pid, start_ticks); }

std::optional<Process> look_at(const std::string& pid) {
  const auto stat = read_proc_stat(pid);
  if (!stat) return {};
  return Process{static_cast<pid_t>(to_integer(pid).value_or(0)), stat->session, stat->start_ticks,
                 stat->dead};
}

std::vector<Process> own_processes() {
  std::vector<Process> all;
  for (const auto& entry : list_directory("/proc")) {
    struct stat info {};
    if (!to_integer(entry) || stat(("/proc/" + entry).c_str(), &info) != 0) continue;
    if (info.st_uid != geteuid()) continue;
    if (auto process = look_at(entry); process && !process->zombie) all.push_back(*process);
  }
  return all;
}

std::string variable(const Process& process, std::string_view name) {
  const auto wanted = std::string(name) + "=";
  for (const auto& entry : split(proc_file(std::to_string(process.pid), "environ"), '\0'))
    if (entry.starts_with(wanted)) return entry.substr(wanted.size());
  return {};
}

std::string job_led_by(const Process& process) {
  if (process.pid != process.session) return {};
  auto id = variable(process, job_id_name);
  const bool within = id.ends_with(fmt::format("+{}", process.pid));
  return id == process.id() || within ? id : "";
}

bool leads_one_of(const std::vector<std::string>& ids, const Process& leader) {
  return std::ranges::find(ids, leader.id()) != ids.end() ||
         std::ranges::find(ids, job_led_by(leader)) != ids.end();
}

}  // namespace pcluster
