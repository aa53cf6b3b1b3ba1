// The hosts of a gang as its mpiexec is told them.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/hosts.hpp"

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

// A name alone does not do: containers and laptops share theirs.
bool same_host(const GangPart& a, const GangPart& b) {
  return a.host == b.host && a.addresses == b.addresses;
}

}  // namespace

std::vector<HostEntry> host_entries(const std::vector<GangPart>& gang) {
  std::vector<HostEntry> entries;
  std::vector<const GangPart*> first;  // of each entry
  for (const auto& part : gang) {
    std::size_t at = 0;
    const auto joins = [&](const GangPart& one) {
      return same_host(one, part) && !one.confined && !part.confined;
    };
    while (at < first.size() && !joins(*first[at])) ++at;
    if (at == first.size()) {
      first.push_back(&part);
      entries.push_back({to_string(part.worker), 0});
    }
    entries[at].ranks += part.ranks;
  }
  return entries;
}

std::string host_list(const std::vector<HostEntry>& entries, const std::string& head) {
  std::vector<std::string> words;
  for (const auto& entry : entries)
    words.push_back((words.empty() ? head : entry.name) + ":" + std::to_string(entry.ranks));
  return join(words, ",");
}

std::uint32_t ranks_of(const std::vector<GangPart>& gang, WorkerId worker, std::uint32_t all) {
  for (const auto& part : gang)
    if (part.worker == worker) return part.ranks;
  return all;
}

}  // namespace pcluster
