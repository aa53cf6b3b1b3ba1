// Recognises the allocation, and makes a request of it.
// SPDX-License-Identifier: MIT
#include "launcher/cli/here.hpp"

#include <fmt/format.h>

#include <iterator>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

// What the allocation says already, or what is of its own submit.
constexpr std::string_view not_here[] = {"partition", "jobs",        "nodes",         "cores",
                                         "memory",    "time",        "account",       "directive",
                                         "template",  "keep-queued", "drop-directive"};

void check_options(const Arguments& arguments) {
  for (const auto name : not_here)
    if (arguments.has(name))
      throw Error(Exit::usage,
                  fmt::format("--here takes the allocation as it is, and --{} is said", name),
                  fmt::format("leave --{} out, or leave --here out for a job of its own", name));
}

std::string ways_to_get_one() {
  std::vector<std::string> ways;
  for (const auto* adapter : adapters())
    if (!adapter->get_allocation.empty()) ways.emplace_back(adapter->get_allocation);
  return join(ways, ", or ");
}

}  // namespace

Here find_allocation(const Session& session, const Arguments& arguments, const Adapter& site) {
  check_options(arguments);
  std::vector<const Adapter*> all{&site};
  std::ranges::copy(adapters(), std::back_inserter(all));
  for (const auto* adapter : all) {
    if (adapter->allocation == nullptr) continue;
    if (auto found = adapter->allocation(session.variables, read_file_if_there))
      return {adapter->here, std::move(*found)};
  }
  const auto how = site.get_allocation.empty() ? ways_to_get_one() : site.get_allocation;
  throw Error(Exit::usage, "--here, and this shell is in no allocation",
              fmt::format("get one first: {}; then, in its shell: pcluster submit --here", how));
}

void size_by(const Here& here, Configuration& asked, SiteProfile& site) {
  const auto& [adapter, allocation] = here;
  const auto origin = "allocation " + allocation.job_id;
  asked.partition = allocation.job_id;
  asked.jobs = 1;
  asked.nodes = allocation.nodes;
  asked.cores = asked.memory_mb = {};
  if (allocation.per_node.cores > 0) asked.cores = allocation.per_node.cores;
  if (allocation.per_node.memory_mb > 0) asked.memory_mb = allocation.per_node.memory_mb;
  asked.time = {}, asked.account = {}, asked.job_template = {};
  asked.directives.clear(), asked.drop_directives.clear();
  for (const auto* key : {"partition", "jobs", "nodes", "cores", "memory"})
    asked.origins.insert_or_assign(key, origin);
  for (const auto* key : {"time", "account", "template", "directives", "drop_directives"})
    asked.origins.erase(key);
  site.partitions.clear(), site.exclude.clear();
  site.default_partition.clear(), site.account.clear(), site.job_template.clear();
  site.account_required = false;
  site.directives.clear(), site.drop_directives.clear();
  site.setup.insert(site.setup.begin(), allocation.setup.begin(), allocation.setup.end());
}

}  // namespace pcluster
