// What happened to tasks that ran before.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/core/histories.hpp"

namespace pcluster {

const History* Histories::find(std::uint32_t index) const {
  const auto block = blocks_.find(index / block_size);
  if (block == blocks_.end()) return nullptr;
  const auto kind = block->second.kinds[index % block_size];
  return kind == 0 ? nullptr : &kinds_[kind - 1].history;
}

std::optional<std::uint32_t> Histories::next(std::uint32_t index) const {
  auto block = blocks_.lower_bound(index / block_size);
  for (; block != blocks_.end(); ++block) {
    const auto begin = block->first * block_size;
    for (auto i = index > begin ? index - begin : 0; i < block_size; ++i)
      if (block->second.kinds[i] != 0) return begin + i;
  }
  return {};
}

void Histories::set(std::uint32_t index, const History& history) {
  const auto now_is = history;  // it may be one of ours
  const auto kind = kind_of(now_is) + 1;
  auto& block = blocks_[index / block_size];
  auto& place = block.kinds[index % block_size];
  if (place == 0)
    ++block.used;
  else
    release(place - 1);
  place = kind;
}

void Histories::erase(std::uint32_t index) {
  const auto block = blocks_.find(index / block_size);
  if (block == blocks_.end()) return;
  auto& place = block->second.kinds[index % block_size];
  if (place == 0) return;
  release(place - 1);
  place = 0;
  if (--block->second.used == 0) blocks_.erase(block);
}

std::uint32_t Histories::kind_of(const History& history) {
  const auto known = known_.find(history);
  if (known != known_.end()) {
    ++kinds_[known->second].uses;
    return known->second;
  }
  auto kind = static_cast<std::uint32_t>(kinds_.size());
  if (free_.empty()) {
    kinds_.push_back({history, 1});
  } else {
    kind = free_.back();
    free_.pop_back();
    kinds_[kind] = {history, 1};
  }
  known_.emplace(history, kind);
  return kind;
}

void Histories::release(std::uint32_t kind) {
  if (--kinds_[kind].uses > 0) return;
  known_.erase(kinds_[kind].history);
  free_.push_back(kind);
}

std::size_t Histories::bytes() const {
  constexpr std::size_t node = 48;
  return blocks_.size() * (sizeof(Block) + node) + kinds_.capacity() * sizeof(Kind) +
         known_.size() * (sizeof(History) + node) + free_.capacity() * sizeof(std::uint32_t);
}

}  // namespace pcluster
