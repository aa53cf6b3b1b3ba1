// Slurm's reservations: who has which nodes, and from when to when.  Pure.
// SPDX-License-Identifier: MIT
#include "adapters/slurm.hpp"
#include "launcher/base/text.hpp"

namespace pcluster::slurm_text {

Argv reservations() {
  return {"env", "SLURM_TIME_FORMAT=%s", "scontrol", "--oneliner", "show", "reservation"};
}

std::vector<Reservation> reservations_seen(const CommandResult& result) {
  std::vector<Reservation> all;
  if (result.exit_code != 0 || result.timed_out) return all;
  for (const auto& text : lines(result.out)) {
    const auto line = " " + text;
    const auto time = [&](std::string_view key) {
      return read_unix_seconds(value_of(line, key)).value_or(0);
    };
    Reservation one;
    one.name = value_of(line, "ReservationName");
    one.node_names = value_of(line, "Nodes");
    one.start_unix = time("StartTime"), one.end_unix = time("EndTime");
    one.nodes = nodes_in(one.node_names);
    for (const auto& flag : split(value_of(line, "Flags"), ','))
      one.maintenance = one.maintenance || flag == "MAINT";
    if (!one.name.empty() && one.end_unix > 0 && !one.nodes.empty()) all.push_back(std::move(one));
  }
  return all;
}

}  // namespace pcluster::slurm_text
