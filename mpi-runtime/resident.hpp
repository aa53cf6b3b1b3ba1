// One resident: a program that stays alive for many trials, as its worker talks to it
// (docs/resident.md).
// SPDX-License-Identifier: MIT
#pragma once
#include <deque>
#include <functional>
#include <map>
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
    // Trials have their answers; the resident stays, with `next` in its hands.
    std::function<void(std::vector<TaskResult>, const std::optional<AttemptId>& next)> settled;
    // More of those that wait, for one that takes trials before it has answered; as the agent has
    // it.  What it does not come to goes back.
    std::function<std::vector<TaskStart>(const AttemptId& in_hand, std::uint32_t most)> ahead;
    std::function<void(const std::vector<TaskStart>&)> put_back;
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
  bool idle() const { return trials_.empty() && !ending_; }
  bool leaving() const { return trials_.empty() && ending_; }
  Time idle_since() const { return idle_since_; }
  bool serves(const TaskStart&) const;  // it was started as that trial's would be
  bool has(const AttemptId&) const;

  void forget() { same_ = nullptr; }  // templates of its workload
  void started();                     // its process runs, for the trial that it was made for
  void give(const TaskStart&);
  void write(Stream, std::string_view bytes);  // what it printed
  enum class Step { input, term, kill };
  void end(Step);  // from there on; what does not help is followed by the next one
  void signal(int);
  bool signal(const AttemptId&, int);  // false: it has not come to that trial; it will be then

  struct Left {
    std::vector<TaskResult> results;
    std::optional<TaskStart> untaken;  // a trial of which it never read a byte
    std::vector<TaskStart> ahead;      // those that it never came to
    bool ours = false;                 // we ended it
  };
  Left ended(const Ended&);

 private:
  bool read_answers();  // false: nobody writes any more
  void watch();
  void unwatch();
  void listen();
  void hear(std::string_view line);
  void hear_ready(const Answer&);
  void keep(const Answer&);
  void share_out();
  void condemn(std::string why);
  void report();
  void come_to_next();
  std::vector<TaskStart> take_all();
  std::size_t depth() const;
  void fill();
  void nap();
  void send(const TaskStart&);
  void flush();
  void silent();
  void deaf();
  void end_more();
  using Timer = std::optional<TimerId>;
  void set(Timer&, Micros delay, void (Resident::*work)());
  void stop(Timer&);
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
  std::deque<TaskStart> trials_;      // in the order of their lines; the first is in its hands
  std::vector<TaskResult> results_;   // answers to the first of these, not reported yet
  std::size_t shared_out_ = 0;        // of these have their times
  std::string lines_;                 // to be sent
  std::deque<std::size_t> sizes_;     // of the lines of trials that have no answer
  std::size_t sent_ = 0;              // their sum
  std::map<AttemptId, int> signals_;  // for trials that it has not come to
  std::uint32_t ahead_ = 0;           // how many it takes, as it says
  double each_ = 0;                   // microseconds of a trial, lately
  mutable const TaskTemplate* same_ = nullptr;  // as task_; forget() before that goes away
  Micros trial_unix_ = 0, cpu_before_ = 0;
  Time trial_at_ = 0;  // the same moment, on the clock that nobody sets
  std::uint64_t answered_ = 0, peak_kb_ = 0;
  Time idle_since_ = 0, peak_at_ = 0;
  bool ready_ = false, ending_ = false, leaves_ = false;
  bool watched_ = false, closed_ = false;  // its answers
  Step next_step_ = Step::input;
  std::string verdict_;                               // why we ended it
  std::string unread_;                                // the beginning of a line
  std::vector<std::pair<Stream, std::string>> held_;  // printed between two trials
  std::size_t held_bytes_ = 0;
  Timer patience_;  // with its silence, then with its end
  Timer later_;     // what is left to write, or to report
  Timer nap_;       // until the next look at its answers
};

}  // namespace pcluster
