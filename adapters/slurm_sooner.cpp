// When Slurm would start a job: `sbatch --test-only`, which submits nothing.  Pure.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "adapters/slurm.hpp"
#include "launcher/base/text.hpp"

namespace pcluster::slurm_text {

Argv estimate(const JobSpec& spec) {
  auto argv = sbatch(spec, {"--test-only"});
  // Seconds since 1970.
  argv.insert(std::ranges::find(argv, "sbatch"), "SLURM_TIME_FORMAT=%s");
  return argv;
}

// "sbatch: Job 3 to start at 1795310268 using 4 processors on nodes node1 in partition 16GBXL", on
// the error stream, behind what else it has to say.
std::optional<Estimate> estimated(const CommandResult& result) {
  if (result.exit_code != 0 || result.timed_out) return {};
  for (const auto& line : lines(result.err)) {
    const auto after = [&](std::string_view words) -> std::string {
      const auto at = line.find(words);
      if (at == line.npos) return {};
      const auto rest = std::string_view(line).substr(at + words.size());
      return std::string(rest.substr(0, rest.find(' ')));
    };
    const auto start = read_unix_seconds(after(" to start at "));
    if (start && *start > 0) return Estimate{*start, after(" in partition "), after(" on nodes ")};
  }
  return {};
}

}  // namespace pcluster::slurm_text
