// Output of a workload, or of one of its tasks, as it comes; for `run`, `smoke` and `logs -f`.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "launcher/base/units.hpp"
#include "launcher/io/spool_place.hpp"
#include "launcher/io/state.hpp"

namespace pcluster {

class OutputReader {
 public:
  using Sink = std::function<void(const SpoolPiece&, const std::string& bytes)>;
  // `place`: what stands before it is not looked at, for it is others'.
  OutputReader(StateDirectory state, TaskRef what, Micros pace = 100 * millisecond,
               SpoolPlace place = {})
      : state_(std::move(state)), what_(what), pace_(pace), place_(std::move(place)) {}

  std::vector<SpoolPiece> take_new();  // what is there since the last call
  void read_new(const Sink&);          // the same, read
  // Looking for output reads the spools' indexes: seldom enough to cost nothing.
  bool due() const;

 private:
  StateDirectory state_;
  TaskRef what_;
  Micros pace_;
  SpoolPlace place_;
  std::vector<std::pair<std::string, std::uint64_t>> seen_;  // per data file: up to here
  Time next_ = 0, news_ = 0;
};

}  // namespace pcluster
