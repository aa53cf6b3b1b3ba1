// Who sits where: the slots of a worker with their cores and gpus, given out and taken back.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pcluster {

struct Seat {
  std::vector<std::uint32_t> slots;  // never empty; the first one's number stands for the task
  std::vector<int> cores;            // to bind to; empty = not bound
  std::vector<std::string> gpus;
};

struct Room {
  std::uint32_t slots = 0, gpus = 0;
  Room operator+(const Room& other) const { return {slots + other.slots, gpus + other.gpus}; }
  Room operator-(const Room& other) const {  // none below 0
    return {slots - std::min(slots, other.slots), gpus - std::min(gpus, other.gpus)};
  }
  bool covers(const Room& other) const { return slots >= other.slots && gpus >= other.gpus; }
};

class Slots {
 public:
  // `cores`, neighbours side by side, are shared out evenly; empty = tasks are not bound.
  Slots(std::uint32_t count, const std::vector<int>& cores, std::vector<std::string> gpus);

  // The lowest free ones; nothing when there are not enough.
  std::optional<Seat> take(std::uint32_t slots, std::uint32_t gpus);
  // One beside all slots, numbered behind them and bound to no cores.
  std::optional<Seat> take_beside(std::uint32_t gpus);
  void give_back(const Seat&);
  Room free() const;
  std::uint32_t count() const { return static_cast<std::uint32_t>(free_.size()); }
  static constexpr std::uint32_t most_beside = 16;

 private:
  void take_gpus(Seat&, std::uint32_t gpus);

  std::vector<bool> free_;
  std::vector<bool> beside_ = std::vector<bool>(most_beside, true);  // free
  std::vector<std::vector<int>> cores_;                              // of each slot
  std::vector<std::string> free_gpus_;
};

}  // namespace pcluster
