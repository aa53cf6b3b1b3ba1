// Workloads that ended long ago.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/core/ended.hpp"

#include <algorithm>

namespace pcluster {

// Nearly in the order of their ids: what ends late goes between a few.
void EndedWorkloads::add(const Ended& ended) {
  const auto place = std::ranges::lower_bound(all_, ended.id, {}, &Ended::id);
  if (place != all_.end() && place->id == ended.id)
    *place = ended;
  else
    all_.insert(place, ended);
}

std::optional<Ended> EndedWorkloads::find(WorkloadId id) const {
  const auto place = std::ranges::lower_bound(all_, id, {}, &Ended::id);
  if (place == all_.end() || place->id != id) return {};
  return *place;
}

}  // namespace pcluster
