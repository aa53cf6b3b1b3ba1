// How many descriptors this process may have open: one for each worker and client, and some for
// files.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>

#include "launcher/base/units.hpp"

namespace pcluster {

// The soft limit becomes the hard one; what it is then.
std::uint64_t raise_descriptor_limit();
std::uint64_t descriptor_limit();  // the soft one
// Connections that are not ours yet may have descriptors below this one.  The last ones are for
// files, commands, and clients of this host.
std::uint64_t end_for_strangers();
bool room_for_stranger(int fd);

// Somebody was turned away for want of descriptors; and: was that so of late?
void note_turned_away(Time);
bool turned_away(Time now);

// While it lives the soft limit is as it was before it was raised: commands inherit it, and a
// scheduler hands it on to jobs.
class LimitAsBefore {
 public:
  LimitAsBefore();
  ~LimitAsBefore();
  LimitAsBefore(const LimitAsBefore&) = delete;
  LimitAsBefore& operator=(const LimitAsBefore&) = delete;
};

}  // namespace pcluster
