// Which workers are named to those that cannot reach the launcher themselves.  Pure: no clock, no
// I/O.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <set>

#include "launcher/core/state.hpp"

namespace pcluster {
namespace {

constexpr std::size_t most_relays = 8;

}  // namespace

// One per host first, then more of the same ones; those who were named before others: the file that
// names them is read by all.
void Core::State::tell_relays(Turn& turn) {
  const auto& can = ledger.workers.can_relay();
  const auto before = std::exchange(relays, {});
  std::set<std::string> hosts;
  for (const bool more : {false, true}) {
    const auto most = more ? most_relays : std::min(most_relays, ledger.workers.relay_hosts());
    const auto name = [&](WorkerId id) {
      if (relays.size() == most || std::ranges::find(relays, id) != relays.end()) return;
      if (hosts.insert(ledger.workers.find(id)->who.host).second || more) relays.push_back(id);
    };
    for (const auto id : before)
      if (can.contains(id)) name(id);
    for (auto id = can.begin(); id != can.end() && relays.size() < most; ++id) name(*id);
  }
  if (relays == before) return;
  effect::Relays told;
  for (const auto id : relays) {
    const auto& worker = *ledger.workers.find(id);
    told.list.push_back({id, worker.who.host, worker.addresses, worker.relay_port});
  }
  turn.out.now.push_back(std::move(told));
}

std::string Core::State::relays_broken() const {
  const auto& all = ledger.workers.all();
  const auto can = [](const Worker& worker) {
    return worker.link && worker.ready && !worker.draining && !worker.leaving && !worker.gone &&
           worker.relay_port != 0;
  };
  const std::set<WorkerId> named(relays.begin(), relays.end());
  if (named.size() != relays.size()) return "a relay is named twice";
  for (const auto id : relays)
    if (!can(all.at(id))) return to_string(id) + " is named as a relay, and is none";
  if (relays.size() > most_relays) return "too many relays are named";
  std::set<std::string> hosts;
  for (const auto id : relays) hosts.insert(all.at(id).who.host);
  for (const auto& [id, worker] : all) {
    if (!can(worker) || named.contains(id)) continue;
    if (relays.size() < most_relays) return to_string(id) + " would be a relay, and is not named";
    if (hosts.size() < relays.size() && !hosts.contains(worker.who.host))
      return "hosts have several relays, and that of " + to_string(id) + " has none";
  }
  return {};
}

}  // namespace pcluster
