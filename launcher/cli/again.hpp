// Some trials of a workload once more: what `retry` and `map --resume` send.  Pure: no clock, no
// I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "launcher/model/spec.hpp"

namespace pcluster {

// The trials at these places, each with the index that it has now: {index} and $PCLUSTER_INDEX mean
// the same again.  `trials` are in hand even when the spec names only a file of them.
WorkloadSpec some_of(const WorkloadSpec&, const Trials& trials,
                     const std::vector<std::uint32_t>& places);

// Whether a finished trial of the one need not run in the other: the same words, directory,
// columns, output, ranks and resources.
bool same_work(const WorkloadSpec&, const WorkloadSpec&);

class Finished {
 public:
  // The trial of this line finished at this place of a workload with these columns.
  void add(const std::vector<std::string>& columns, std::string line, std::uint32_t place);
  // The places of trials that did not finish; a trial that occurs twice must have finished twice.
  // Those that finished at the same index count first.
  std::vector<std::uint32_t> left(const WorkloadSpec&);

 private:
  // By the values of a trial: the indices at which it finished.
  std::unordered_map<std::string, std::multiset<std::string>> at_;
};

}  // namespace pcluster
