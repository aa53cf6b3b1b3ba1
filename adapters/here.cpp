// What workers in an allocation have in common: `pcluster local-jobs --within`.  Pure.
// SPDX-License-Identifier: MIT
#include "adapters/here.hpp"

namespace pcluster::here_text {

std::vector<std::string> directives(const JobSpec&, const JobIdentity&) { return {}; }

Argv submit(const std::string& script_path, const JobSpec& spec, const JobIdentity& job) {
  return {"pcluster", "local-jobs", "submit",   "--count",      std::to_string(job.count),
          "--name",   job.name,     "--within", spec.partition, script_path};
}

Argv status(const std::string& user, std::span<const std::string> names) {
  return local.status(user, names);
}

// `local` is asked when it is there: the order in which globals begin is nobody's.
SubmitAnswer submitted(const CommandResult& result, const JobIdentity& job) {
  return local.submitted(result, job);
}

Argv cancel(std::span<const std::string> job_ids) { return local.cancel(job_ids); }

Argv limits() { return {}; }

std::optional<std::vector<PartitionLimits>> limits_seen(const CommandResult&) {
  return std::vector<PartitionLimits>{};
}

std::string_view value(const Shell& shell, std::string_view name) {
  const auto found = shell.find(name);
  return found == shell.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace pcluster::here_text
