// What the commands of schedulers print, read by every adapter: the first byte is the exit code.
// SPDX-License-Identifier: MIT
#include <string>

#include "adapters/adapter.hpp"
#include "launcher/base/error.hpp"
#include "tests/fuzz/target.hpp"

namespace pcluster::fuzz {
namespace {

void read(const Adapter& adapter, const CommandResult& said) {
  const JobIdentity job{"default", "pcl-default-k3x9", "k3x9", "/home/ann/.pcluster/default", 3};
  const auto answer = adapter.submitted(said, job);
  must(answer.kind != SubmitAnswer::Kind::accepted || answer.job_ids.size() == job.count,
       "an accepted submit names each of its jobs");
  if (const auto listed = adapter.seen(said))
    for (const auto& [name, one] : *listed) static_cast<void>(adapter.remedy(one.reason));
  static_cast<void>(adapter.limits_seen(said));
  std::vector<PartitionLimits> limits(1);
  if (adapter.nodes_seen != nullptr) adapter.nodes_seen(said, limits);
  if (adapter.add_limits != nullptr) adapter.add_limits({"ann", "", ""}, {&said, 1}, limits);
  if (adapter.accounts_seen != nullptr) static_cast<void>(adapter.accounts_seen(said));
  if (adapter.estimated != nullptr) static_cast<void>(adapter.estimated(said));
  if (adapter.reservations_seen != nullptr) static_cast<void>(adapter.reservations_seen(said));
  if (adapter.is_mine != nullptr) static_cast<void>(adapter.is_mine(said));
  if (adapter.fit != nullptr) static_cast<void>(adapter.fit(said));
  if (adapter.nodes_in != nullptr) static_cast<void>(adapter.nodes_in(said.out));
}

}  // namespace

void run(std::string_view input) {
  if (input.empty()) return;
  const int code = input.front() & 1;
  const std::string text(input.substr(1));
  for (const auto* adapter : adapters()) {
    for (const auto* one : {adapter, adapter->by_library, adapter->here}) {
      if (one == nullptr) continue;
      read(*one, {code, false, text, {}});
      read(*one, {code, false, {}, text});
    }
  }
}

}  // namespace pcluster::fuzz
