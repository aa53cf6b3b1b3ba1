// The journal's bytes: records that are found again behind any damage.  Pure.
//
// A record: magic 4, length of the payload 4, CRC-32C of the rest 4, sequence 8, epoch 4, payload.
// SPDX-License-Identifier: MIT
#pragma once
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/model/ids.hpp"

namespace pcluster {

struct Position {  // of a record in the history of a cluster
  Epoch epoch = 0;
  std::uint64_t sequence = 0;  // from 1 in each epoch
  auto operator<=>(const Position&) const = default;
};

void append_record(std::string& bytes, Position, std::string_view payload);

struct Scan {
  struct Entry {
    Position position;
    std::string_view payload;
  };
  struct Damage {
    std::size_t offset = 0, size = 0;
  };
  std::vector<Entry> entries;
  std::vector<Damage> damages;
};
Scan scan_segment(std::string_view bytes);  // views into `bytes`

}  // namespace pcluster
