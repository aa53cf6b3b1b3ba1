// What happened to tasks of a workload that ran before: 4 bytes for each of many that are alike.
// Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "launcher/model/ids.hpp"

namespace pcluster {

// Kept only for tasks that were out and are not settled.
struct History {
  std::uint32_t number = 0;  // of the last attempt
  std::uint32_t failures = 0, losses = 0;
  // The last attempt whose own failure was counted: its worker may hold it still (the Ack was
  // lost), but must never have it counted again.
  Epoch counted_epoch = 0;
  std::uint32_t counted_number = 0;
  auto operator<=>(const History&) const = default;
};

class Histories {
 public:
  const History* find(std::uint32_t index) const;  // until the next change
  History of(std::uint32_t index) const {
    const auto* known = find(index);
    return known == nullptr ? History{} : *known;
  }
  std::optional<std::uint32_t> next(std::uint32_t index) const;  // the first that is no lower
  void set(std::uint32_t index, const History&);
  void erase(std::uint32_t index);
  bool empty() const { return blocks_.empty(); }
  std::size_t bytes() const;  // of memory, about

 private:
  static constexpr std::uint32_t block_size = 256;
  struct Block {
    std::uint32_t used = 0;
    std::array<std::uint32_t, block_size> kinds{};  // of each index; 0 = none, else one more
  };
  struct Kind {
    History history;
    std::uint32_t uses = 0;
  };

  std::uint32_t kind_of(const History&);  // which gets one use more
  void release(std::uint32_t kind);

  std::map<std::uint32_t, Block> blocks_;
  std::vector<Kind> kinds_;
  std::map<History, std::uint32_t> known_;
  std::vector<std::uint32_t> free_;  // kinds without use
};

}  // namespace pcluster
