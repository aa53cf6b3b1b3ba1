// Who stays: the residents of a worker by slot.  An idle one keeps its seat until a trial of its
// workload comes, or its seat is needed.
// SPDX-License-Identifier: MIT
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include "mpi-runtime/recipe.hpp"
#include "mpi-runtime/resident.hpp"
#include "mpi-runtime/slots.hpp"

namespace pcluster {

class Residents {
 public:
  Residents(Resident::Hands, std::uint32_t slots);

  bool at(std::uint32_t slot) const { return at_[slot] != nullptr; }
  // The slot of an idle one that was started as that trial's would be.
  std::optional<std::uint32_t> idle_for(const TaskStart&) const;
  void give(std::uint32_t slot, const TaskStart& start) { at_[slot]->give(start); }

  // What is about to be started in this slot will be a resident.  Changes the program
  // accordingly, and returns its mark; then comes started() or discard().  Throws Error.
  std::string prepare(std::uint32_t slot, const TaskStart&, const Seat&, const WorkerFacts&,
                      const Recipe&, Program&);
  void started(std::uint32_t slot) { at_[slot]->started(); }
  void discard(std::uint32_t slot) { at_[slot].reset(); }

  void write(std::uint32_t slot, Stream stream, std::string_view bytes) {
    at_[slot]->write(stream, bytes);
  }
  bool has(std::uint32_t slot, const AttemptId& attempt) const {
    return at_[slot] && at_[slot]->has(attempt);
  }
  // False: it has not come to that trial, and is told when it does.
  bool signal(std::uint32_t slot, const AttemptId& attempt, int signal) {
    return at_[slot]->signal(attempt, signal);
  }
  void signal_all(int signal);
  void forget(WorkloadId);        // its templates go away
  void end_workload(WorkloadId);  // its idle ones
  // Ends idle ones until `missing` will be free; says what will be.
  Room make_room(Room missing);
  Resident::Left ended(const Ended&);

 private:
  const Resident::Hands hands_;
  std::vector<std::unique_ptr<Resident>> at_;
  std::uint64_t started_ = 0;
  std::vector<std::string> environment_;  // of the one that is being started
  std::vector<const char*> entries_;
};

}  // namespace pcluster
