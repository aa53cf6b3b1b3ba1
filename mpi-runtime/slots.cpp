// Who sits where: the slots of a worker with their cores and gpus, given out and taken back.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/slots.hpp"

#include <algorithm>

namespace pcluster {

Slots::Slots(std::uint32_t count, const std::vector<int>& cores, std::vector<std::string> gpus)
    : free_(count, true), cores_(count), free_gpus_(std::move(gpus)) {
  if (cores.empty()) return;
  for (std::uint32_t slot = 0; slot < count; ++slot) {
    // More slots than cores: several share one.
    std::size_t first = slot * cores.size() / count, end = (slot + 1) * cores.size() / count;
    end = std::max(end, first + 1);
    for (std::size_t i = first; i < end; ++i) cores_[slot].push_back(cores[i]);
  }
}

std::optional<Seat> Slots::take(std::uint32_t slots, std::uint32_t gpus) {
  Seat seat;
  for (std::uint32_t slot = 0; slot < count() && seat.slots.size() < slots; ++slot)
    if (free_[slot]) seat.slots.push_back(slot);
  if (slots == 0 || seat.slots.size() < slots || free_gpus_.size() < gpus) return std::nullopt;
  for (std::uint32_t slot : seat.slots) {
    free_[slot] = false;
    seat.cores.insert(seat.cores.end(), cores_[slot].begin(), cores_[slot].end());
  }
  take_gpus(seat, gpus);
  return seat;
}

std::optional<Seat> Slots::take_beside(std::uint32_t gpus) {
  const auto place = std::find(beside_.begin(), beside_.end(), true);
  if (place == beside_.end() || free_gpus_.size() < gpus) return std::nullopt;
  *place = false;
  Seat seat{{count() + static_cast<std::uint32_t>(place - beside_.begin())}, {}, {}};
  take_gpus(seat, gpus);
  return seat;
}

void Slots::take_gpus(Seat& seat, std::uint32_t gpus) {
  seat.gpus.assign(free_gpus_.begin(), free_gpus_.begin() + gpus);
  free_gpus_.erase(free_gpus_.begin(), free_gpus_.begin() + gpus);
}

Room Slots::free() const {
  return {static_cast<std::uint32_t>(std::count(free_.begin(), free_.end(), true)),
          static_cast<std::uint32_t>(free_gpus_.size())};
}

void Slots::give_back(const Seat& seat) {
  for (std::uint32_t slot : seat.slots)
    slot < count() ? free_[slot] = true : beside_[slot - count()] = true;
  free_gpus_.insert(free_gpus_.end(), seat.gpus.begin(), seat.gpus.end());
  std::sort(free_gpus_.begin(), free_gpus_.end());
}

}  // namespace pcluster
