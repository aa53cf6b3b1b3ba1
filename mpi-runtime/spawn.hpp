// The spawn engine: one program per slot, its output in chunks, its end when its leader exits, and
// nothing of it left afterwards.  One per process: it reaps every child there is.
// SPDX-License-Identifier: MIT
#pragma once
#include <sys/resource.h>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>
#include "launcher/io/file.hpp"
#include "launcher/io/loop.hpp"
#include "launcher/io/spool.hpp"
#include "mpi-runtime/program.hpp"
#include "mpi-runtime/remains.hpp"

namespace pcluster {

struct Ended {
  std::uint32_t slot = 0;
  int exit_code = 0;  // -1 when a signal ended it
  int signal = 0;
  Micros start_unix = 0, end_unix = 0;
  Micros cpu = 0;  // of the leader and what it waited for
  std::uint64_t max_rss_kb = 0;
  std::string message;  // what a person should know; mostly empty
};

class Spawner {
 public:
  // `output` gets what slots write, in order per slot and stream, all of it before `ended`.  While
  // it does not return nothing more is read: a slow spool slows the tasks, and memory stays small.
  using Output = std::function<void(std::uint32_t slot, Stream, std::string_view bytes)>;
  Spawner(Loop&, std::uint32_t slots, Output, std::function<void(const Ended&)> ended);
  ~Spawner();  // ends what runs
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

  // `mark`: an entry of the program's environment that tells this slot's processes from all
  // others'.
  std::optional<StartFailure> start(std::uint32_t slot, const Program&, const std::string& mark);
  void signal(std::uint32_t slot,
              int signal);  // to all processes of its task; SIGKILL gets them all
  void spare(pid_t process) { remains_.spare(process); }  // a child that is no task's
  // Whether what it writes is left in its pipes, which then fill up and hold it.
  void hold(std::uint32_t slot, bool);
  void read_now(std::uint32_t slot);  // what it has printed so far goes to `output`
  pid_t leader(std::uint32_t slot) const { return slots_[slot].leader; }  // 0: none
  bool busy(std::uint32_t slot) const { return slots_[slot].leader != 0; }
  std::uint32_t running() const { return running_; }

 private:
  struct Channel {  // the two pipes of a slot, kept from task to task
    Fd read[2], write[2];
    bool watched = false, held = false;
    Micros started = 0, start_unix = 0, ended = 0;
    int status = 0;
    rusage usage{};
  };
  void reap();
  void settle();  // tells the ends of those that nothing holds up
  void finish(std::uint32_t slot, bool clean);
  void open_pipes(Channel&);
  bool drain(std::uint32_t slot, std::size_t limit);  // false: there may be more
  void watch(std::uint32_t slot);
  void unwatch(Channel&);
  void watch_long_ones();
  void look_later(Micros delay);

  Loop& loop_;
  Output output_;
  std::function<void(const Ended&)> ended_;
  Starter starter_;
  Remains remains_;
  std::vector<Occupant> slots_;
  std::vector<Channel> channels_;
  std::unordered_map<pid_t, std::uint32_t> leaders_;  // of running tasks
  std::vector<std::uint32_t> ending_;                 // slots whose leader is reaped
  std::vector<char> buffer_;
  Fd child_signals_;
  std::optional<TimerId> watch_timer_, look_timer_;
  std::uint64_t sequence_ = 0;
  std::uint32_t running_ = 0;
};

}  // namespace pcluster
