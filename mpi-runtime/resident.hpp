// One resident: a program that stays alive for many trials, as its worker talks to it
// (docs/resident.md).
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include "launcher/io/loop.hpp"
#include "mpi-runtime/output.hpp"
#include "mpi-runtime/process_use.hpp"
#include "mpi-runtime/resident_lines.hpp"
#include "mpi-runtime/resident_pipes.hpp"
#include "mpi-runtime/slots.hpp"
#include "mpi-runtime/spawn.hpp"

namespace pcluster {

// Of the same ranks on the same workers.
bool same_gang(const std::vector<GangPart>&, const std::vector<GangPart>&);

class Resident {
 public:
  struct Hands {
    Loop& loop;
    Spawner& spawner;
    TaskOutput& output;
    std::function<void(const std::string&)> say;
    // The trial of that slot has its answer; the resident stays there.
    std::function<void(std::uint32_t slot, TaskResult)> settled;
  };
  // `base`: of the names of its pipes.  Throws Error.
  Resident(const Hands&, std::uint32_t slot, std::string name, const TaskStart&, Room,
           const std::string& base);
  ~Resident();
  Resident(const Resident&) = delete;
  Resident& operator=(const Resident&) = delete;

  const std::string& name() const { return name_; }
  const ResidentPipes& pipes() const { return pipes_; }
  WorkloadId workload() const { return workload_; }
  const Room& room() const { return room_; }
  bool idle() const { return !trial_ && !ending_; }
  bool leaving() const { return !trial_ && ending_; }
  Time idle_since() const { return idle_since_; }
  bool serves(const TaskStart&) const;  // it was started as that trial's would be

  void started();  // its process runs, for the trial that it was made for
  void give(const TaskStart&);
  void write(Stream, std::string_view bytes);  // what it printed
  enum class Step { input, term, kill };
  void end(Step);  // from there on; what does not help is followed by the next one
  void signal(int);

  struct Left {
    std::optional<TaskResult> result;
    std::optional<TaskStart> untaken;  // a trial of which it never read a byte
    bool ours = false;                 // we ended it
  };
  Left ended(const Ended&);

 private:
  bool read_answers();  // false: nobody writes any more
  void listen();
  void hear(std::string_view line);
  void hear_ready();
  void condemn(std::string why);
  void report();
  void send();
  void silent();
  void deaf();
  void end_more();
  using Timer = std::optional<TimerId>;
  void set(Timer&, Micros delay, void (Resident::*work)());
  void stop(Timer&);
  TaskResult result_of(const Answer&) const;
  TaskResult crashed(const Ended&) const;
  void note(const std::string&) const;

  const Hands& hands_;
  std::uint32_t slot_;
  std::string name_;
  WorkloadId workload_;
  TaskTemplate task_;  // a copy: a Forget, or a new Define, takes the worker's away
  Room room_;
  std::vector<GangPart> gang_;
  ResidentPipes pipes_;
  ProcessUse use_;
  std::optional<TaskStart> trial_;    // in its hands
  std::optional<TaskResult> result_;  // its answer to that, not reported yet
  Micros trial_unix_ = 0, cpu_before_ = 0;
  std::uint64_t answered_ = 0;
  Time idle_since_ = 0;
  bool ready_ = false, ending_ = false, listening_ = false;
  Step next_step_ = Step::input;
  std::string verdict_;                               // why we ended it
  std::string unread_;                                // the beginning of a line
  std::vector<std::pair<Stream, std::string>> held_;  // printed between two trials
  std::size_t held_bytes_ = 0;
  Timer patience_;  // with its silence, then with its end
  Timer later_;     // what is left to write, or to report
};

}  // namespace pcluster
