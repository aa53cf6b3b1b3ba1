// Which rank failed, and how, from the last words of mpiexec.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/mpi_failure.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <regex>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

// What it prints, and what that means; $1... are its groups, of which `node` names a host.
struct Saying {
  const char* pattern;
  int node;
  const char* meaning;  // {0}, {1}: the first two groups; {2}: where it was
};

// Open MPI's, then Hydra's.  The more telling ones first.
constexpr std::array sayings{
    Saying{
        "process rank (\\d+) with PID \\d+ on\\s+node (\\S+) exited on signal (\\d+ \\([^)]*\\))",
        2, "rank {0}{2} ended by signal {1}"},
    Saying{"process rank (\\d+) with PID \\d+ on\\s+node (\\S+) exiting improperly", 2,
           "rank {0}{2} exited without MPI_Finalize while others still ran"},
    Saying{"MPI_ABORT was invoked on rank (\\d+) in communicator (?:.*)\\s+with errorcode (-?\\d+)",
           0, "rank {0} called MPI_Abort with {1}"},
    Saying{"Process name: \\[\\[\\d+,\\d+\\],(\\d+)\\]\\s+Exit code:\\s+(\\d+)", 0,
           "rank {0} exited with {1}"},
    Saying{"Executable: (\\S+)\\s+Node: (\\S+)", 2, "{0} cannot be run{2}"},
    Saying{"RUNNING AT (\\S+)\\s+=\\s+EXIT CODE: (\\d+)", 1, "a rank{2} exited with {1}"},
};

std::string place(const std::string& node, const std::vector<GangPart>& gang,
                  const std::string& host) {
  if (node.empty()) return "";
  for (const auto& part : gang)
    if (to_string(part.worker) == node) return fmt::format(" on {} ({})", node, part.host);
  return " on " + (node == "localhost" ? host : node);
}

}  // namespace

std::string mpi_failure(std::string_view last_words, const std::vector<GangPart>& gang,
                        const std::string& host) {
  const std::string text(last_words);
  for (const auto& saying : sayings) {
    std::smatch found;
    if (!std::regex_search(text, found, std::regex(saying.pattern))) continue;
    const auto group = [&](int number) {
      const auto at = static_cast<std::size_t>(number);
      return number > 0 && at < found.size() ? found[at].str() : std::string();
    };
    // The second value is the group that is not the node's.
    const auto other = group(saying.node == 2 ? 3 : 2);
    return fmt::format(fmt::runtime(saying.meaning), group(1), other,
                       place(group(saying.node), gang, host));
  }
  return {};
}

}  // namespace pcluster
