// The worker's hands: starts what the agent says on slots of its own, keeps the output, and tells
// how each task ended. SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>
#include "mpi-runtime/agent.hpp"
#include "mpi-runtime/gang_head.hpp"
#include "mpi-runtime/output.hpp"
#include "mpi-runtime/recipe.hpp"
#include "mpi-runtime/residents.hpp"
#include "mpi-runtime/size.hpp"
#include "mpi-runtime/slots.hpp"
#include "mpi-runtime/spawn.hpp"
#include "mpi-runtime/task_channel.hpp"
#include "mpi-runtime/task_input.hpp"
#include "mpi-runtime/task_memory.hpp"

namespace pcluster {

// A batch system that ends the job signals tasks and worker at once.  Such a task is lost with its
// worker, not failed: what may be one waits until our own signal would have come.
constexpr Micros signal_follows = second / 4;
bool may_be_the_jobs_end(const Ended&);

// What residents that take trials in advance ask of the agent, and tell it.
struct AheadCalls {
  std::function<std::vector<TaskStart>(const AttemptId& in_hand, std::uint32_t most)> ahead;
  std::function<void(std::vector<TaskResult>, const std::optional<AttemptId>& next)> answered;
  std::function<void(const std::vector<TaskStart>&)> put_back;
};

class Tasks {
 public:
  using Say = std::function<void(const std::string&)>;
  Tasks(
      Loop&, WorkerFacts, WorkerSize, std::uint32_t slots, Say,
      std::function<void(TaskResult)> finished, std::function<void(const InputWanted&)> wants,
      std::function<void(ChannelBytes)> to_client = [](const ChannelBytes&) {}, AheadCalls = {});

  // The worker has its name: cores are put in order, the spool is opened (each once; throws Error,
  // and may then be called again).
  void welcome(WorkerId, const std::string& spool_directory, const MpiSettings& = {});
  const std::string& worker() const { return recipes_.worker().worker; }  // "w3"
  void start(const TaskStart&);
  void signal(const AttemptId&, int signal);
  void signal_all(int signal);
  void feed(const TaskInput& input) { inputs_.feed(input); }
  void taken(const ChannelTaken& taken) { channels_.taken(taken); }
  void send_again() { channels_.send_again(); }
  void forget(WorkloadId);
  void end_residents(WorkloadId workload) { residents_.end_workload(workload); }
  std::uint32_t running() const { return spawner_.running(); }
  TaskOutput& output() { return output_; }

  // For parts.hpp: seats of other workers' gangs, and what their heads start on them, whose output
  // and end are theirs.
  struct Guest {
    std::function<void(Stream, std::string_view)> output;
    std::function<void(const Ended&)> ended;
  };
  using Seated = std::function<void(std::optional<Seat>)>;
  void seat(const TaskStart&, Seated);  // perhaps later; nothing: it cannot be had
  bool stop_waiting(const AttemptId&);  // false: it does not wait for a seat
  void give_back(const Seat&);
  // What else may end idle processes to make room; it says what will become free.
  void on_need(std::function<Room(Room missing)> make_room) { make_room_ = std::move(make_room); }
  // Why it could not be started, if so.
  std::optional<std::string> start_part(const TaskStart&, const Seat&, const std::string& line,
                                        Guest);
  void kill(const Seat&);
  void forget_memory();  // that killed ranks of parts left; none runs
  void spare(pid_t process) { spawner_.spare(process); }  // a child that is no task's
  void hold(const Seat& seat, bool yes) { spawner_.hold(seat.slots.front(), yes); }

 private:
  struct Sitting {
    Seat seat;
    AttemptId attempt;
    bool signalled = false;  // by us
    Guest guest;             // not a task of ours
    // Of a task with ranks:
    std::vector<GangPart> gang;
    bool ranks = false;
    std::string last_words;    // on either stream: Hydra has them on its standard output
    bool interactive = false;  // somebody may wait for what it answers
  };
  struct Waiting {  // for the seats of residents that are about to end
    TaskStart start;
    Seated seated;  // empty: a task of ours
  };
  void want(Waiting);
  void wait(Waiting);
  bool begin(const TaskStart&, const Seated&);  // false: no seat is free
  bool make_room();
  void start_waiting();
  std::optional<Seat> take_seat(const TaskStart&);
  std::uint32_t gpus_of(const TaskStart&) const;
  std::uint64_t memory_limit_kb(const TaskStart&) const;
  std::optional<std::uint32_t> slot_at(const AttemptId&) const;
  void start_in(const TaskStart&, const Seat&);
  void start_at(const TaskStart&, const Seat&);
  // What becomes the program's own when it starts, of those that it was given.
  struct Ends {
    Fd read, write;
  };
  Ends open_input(const TaskStart&, Program&);
  void wrote(std::uint32_t slot, Stream, std::string_view bytes);
  void ended(const Ended&);
  void resident_ended(const Ended&);
  void answered(std::vector<TaskResult>, const std::optional<AttemptId>& next);
  void tell(const Ended&, const Sitting&, TaskResult);
  void settle(TaskResult, const Sitting&);
  void cannot(const AttemptId&, int code, const std::string& message);
  std::string result_path(std::uint32_t slot) const;

  Loop& loop_;
  Say say_;
  std::function<void(TaskResult)> finished_;
  AheadCalls calls_;
  std::string host_;
  WorkerId me_{};
  WorkerSize size_;
  Recipes recipes_;
  GangHead head_;
  TaskOutput output_;
  TaskInputs inputs_;
  TaskChannels channels_;
  Slots slots_;
  std::vector<Sitting> sitting_;  // by the first slot of each
  std::map<AttemptId, std::uint32_t> slot_of_;
  std::vector<Waiting> waiting_;
  std::function<Room(Room)> make_room_;
  Spawner spawner_;
  TaskMemory memory_;
  Residents residents_;
};

}  // namespace pcluster
