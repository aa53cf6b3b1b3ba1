// What /proc/PID/stat tells of a process: whether it lives, its session, when it began.
// SPDX-License-Identifier: MIT
#include "launcher/io/proc_stat.hpp"

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {

std::optional<ProcStat> read_proc_stat(const std::string& pid) {
  std::optional<std::string> text;
  try {
    text = read_file_if_there("/proc/" + pid + "/stat");
  } catch (const Error&) {  // it ended while we read: ESRCH
  }
  if (!text) return {};
  const auto name_end = text->rfind(") ");  // the second field, its name, may hold anything
  if (name_end == std::string::npos) return {};
  const auto field = split(std::string_view(*text).substr(name_end + 2), ' ');
  constexpr std::size_t state = 0, session = 3, start = 19;
  if (field.size() <= start) return {};
  return ProcStat{static_cast<pid_t>(to_integer(field[session]).value_or(0)), field[start],
                  field[state] == "Z" || field[state] == "X"};
}

}  // namespace pcluster
