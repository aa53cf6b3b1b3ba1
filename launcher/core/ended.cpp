// Workloads that ended long ago.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/core/ended.hpp"

#include <algorithm>

namespace pcluster {

// Nearly in the order of their ids: what ends late goes between a few.
void EndedWorkloads::add(const EndedWorkload& ended) {
  const auto place = std::ranges::lower_bound(all_, ended.id, {}, &EndedWorkload::id);
  if (place != all_.end() && place->id == ended.id)
    *place = ended;
  else
    all_.insert(place, ended);
}

std::optional<EndedWorkload> EndedWorkloads::find(WorkloadId id) const {
  const auto place = std::ranges::lower_bound(all_, id, {}, &EndedWorkload::id);
  if (place == all_.end() || place->id != id) return {};
  return *place;
}

}  // namespace pcluster
