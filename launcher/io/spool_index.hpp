// One entry of a spool's index, of fixed size and with a sum, so that a torn one is skipped.
// launcher/io only.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "launcher/io/spool.hpp"

namespace pcluster {

// CRC-32C of the rest 4, stream 4, workload 4, index 4, number 4, epoch 4, offset 8, length 8.
inline constexpr std::size_t index_entry_size = 40;

struct IndexEntry {
  AttemptId attempt;
  Stream stream = Stream::out;
  std::uint64_t offset = 0, length = 0;
};
std::string index_bytes(const IndexEntry&);
std::optional<IndexEntry> parse_index(std::string_view bytes);

}  // namespace pcluster
