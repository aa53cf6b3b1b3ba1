// The core's parts and what each kind of event does to them (private to launcher/core).  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "launcher/core/core.hpp"
#include "launcher/core/fleet.hpp"
#include "launcher/core/ledger.hpp"
#include "launcher/core/place.hpp"

namespace pcluster {

// One event being handled.
struct Turn {
  Time now = 0;
  Micros unix_now = 0;
  Effects out;
  std::set<WorkerId> spoke;  // workers whose situation changed
  bool idle = false;         // nothing happened that could place a task, unless there are records
  bool passes = false;       // bytes went through, and nothing else follows from that
  std::string why{};         // attempts are lost
};

struct Shrunk {  // jobs
  std::uint32_t cancelled = 0, ending = 0, draining = 0;
};

// Tasks of this as a worker is told of them (assign.cpp).
Assignment to_message(const Workload&, const Run&);

struct Telling {           // of what an attempt writes to its channel, as it goes to a client
  std::uint64_t next = 0;  // it was sent what comes before
  bool at_once = false;    // it is known to have heard of the attempt
  ChannelTaken taken{};    // as it said last
};

struct Follower {
  ClientId client{};
  WorkloadId workload{};
  Time next = 0;    // not to be told anything before
  bool due = true;  // there is something to tell
  Progress told;
  bool feeds = false;       // its tasks read this client's standard input, or talk to it
  bool comes_back = false;  // to be told of the channels that run
  std::map<AttemptId, Telling> streams;
};

struct Core::State {
  State(std::string name, Epoch own, Policy limits)
      : cluster(std::move(name)), epoch(own), policy(limits), fleet(limits) {}

  std::string cluster;
  Epoch epoch;
  Policy policy;
  Ledger ledger;
  Fleet fleet;
  std::vector<Follower> followers;
  bool stop_asked = false, quit = false, loaded = false;
  Time stop_at = 0, quit_at = 0;  // quit_at: to look again whether all have left
  std::set<WorkerId> to_gather;   // they may run what a launcher before us gave and did not record
  Time gather_until = 0;
  Time silence_at = 0;  // nobody is silent for too long before
  // Workers write to our disk in their loop: while it hangs, their silence is no news.
  bool disk_hangs = false;
  Time disk_tried = -1;
  Time last_now = 0;  // of the last event
  Micros unix_now = 0;
  std::optional<Time> orphans_at;  // channels whose clients have not come back are cancelled
  std::optional<Time> expected;    // when the next event was due at the latest
  Keeps keeps;
  // The last order that each had given out when it began to be kept.
  std::map<WorkloadId, std::map<WorkerId, std::uint64_t>> kept_since;
  std::vector<WorkerId> relays;  // that we have told of

  // Of automatic pools.
  struct Idle {
    Time since = 0;  // its workers are home and have nothing
    std::uint64_t tasks_done = 0;
  };
  struct Now {
    std::map<std::string, Idle> idle;
    std::optional<Time> spare_since;  // more jobs than there is work for
  };
  std::map<PoolId, Now> capacity;
  std::optional<Time> adapt_at;  // to look again how many jobs there is work for
  Time adapt_next = 0;           // but not before

  // core.cpp
  void apply(const Record&);
  void commit(Turn&, Record);  // applies it and has it written
  void begin(Turn&);
  void wake(Time now);
  bool gathers(Time now);  // workers of before: nothing is given out yet
  void finish(Turn&);      // what follows from any event: timers, placing, telling
  std::optional<Time> deadline() const;

  // joining.cpp: who comes home
  void on(Turn&, const event::WorkerSaid&);
  void hello(Turn&, LinkId, const Hello&);
  void refuse_version(Turn&, LinkId, const Hello&);
  bool bury(Turn&, LinkId, const Hello&);
  Worker& admit(Turn&, const Hello&);
  void welcome(Turn&, Worker&, const Hello&);
  std::vector<AttemptId> reconcile(Turn&, Worker&, const Hello&);
  void take_from_absent(Turn&, const AttemptId& claimed);
  void note_end(Worker&) const;
  void refuse(Turn&, LinkId, const std::string& reason);

  // reports.cpp: what workers say, and their silence
  void on(Turn&, Worker&, const Report&);
  void on(Turn&, Worker&, const Returned&);
  void on(Turn&, Worker&, const Heartbeat&);
  void on(Turn&, Worker&, const Bye&);
  void on(Turn&, Worker&, const InputWanted&);
  void on(Turn&, Worker&, const Hello&) {}  // joining.cpp has it
  void on(Turn&, Worker&, const Leaving&);
  void hand_back_waiting_gangs(Turn&, const Worker&);
  void on(Turn&, const event::WorkerCut&);
  void result(Turn&, Worker&, const TaskResult&);
  void doubt(const std::vector<WorkerId>& unreachable);
  void stop_failing(Turn&, const std::set<WorkloadId>&);
  void disconnect(Turn&, Worker&);
  void lose(Turn&, Worker&, const std::string& reason, bool blame);
  void find_silent(Turn&);
  // Its Welcome is on its way, or waits for our own disk: it cannot speak yet.
  static bool unwelcomed(const Worker& worker) {
    return worker.link && !worker.ready && !worker.leaving;
  }
  Time silent_at(const Worker&) const;
  Time suspect_at(const Worker& worker) const {
    return silent_at(worker) - policy.worker_silence / 2;
  }
  void watch(const Worker& worker) {
    const auto suspect = suspect_at(worker);
    if (!worker.gone)
      silence_at = std::min(silence_at, suspect > last_now ? suspect : silent_at(worker));
  }

  // requests.cpp: what clients ask
  void on(Turn&, const event::ClientSaid&);
  void on(Turn&, const event::ClientGone&);
  Reply answer(Turn&, ClientId, const SubmitJobs&);
  Reply answer(Turn&, ClientId, const CancelJobs&);
  Reply answer(Turn&, ClientId, const AddWorkload&);
  Reply answer(Turn&, ClientId, const Follow&);
  Reply answer(Turn&, ClientId, const CancelWorkload&);
  Reply answer(Turn&, ClientId, const GetStatus&);
  Reply answer(Turn&, ClientId, const GetRunning&);
  Reply answer(Turn&, ClientId, const StopCluster&);
  Reply answer(Turn&, ClientId, const Ping&);
  Reply answer(Turn&, ClientId, const ScaleJobs&);
  Reply answer(Turn&, ClientId, const Explain&);
  Scaled automate(Turn&, PoolId, const ScaleJobs&);
  Reply answer(Turn&, ClientId, const TaskInput&);
  std::optional<Refusal> refuses(const Request&) const;
  bool all_home() const;
  RunningTasks running(WorkloadId) const;
  void stop(Turn&, Worker&, const std::string& reason);
  void cancel(Turn&, const Workload&, std::vector<std::uint32_t> only, bool by_failures);
  void tell(Turn&);
  void cancel_doomed(Turn&);
  void lose_pinned(Turn&);
  void quit_when_empty(Turn&);
  void dismiss_idle(Turn&);
  bool has_work(const Pool&) const;

  // channels.cpp: what tasks and clients say to each other
  void on(Turn&, Worker&, const ChannelBytes&);
  Reply answer(Turn&, ClientId, const ChannelTaken&);
  bool fed(WorkloadId) const;  // by a client that is here
  void channel_runs(Turn&, const Worker&, const AttemptId&);
  void channel_over(Turn&, ChannelState, WorkerId at);
  void tell_channels(Turn&, const Follower&) const;
  void end_channels(Turn&, const Record&);
  void cancel_waiting_channels(Turn&, const WorkloadCancelled&);
  void repeat_taken(Turn&, const Worker&) const;
  void expect_clients(Time now);
  void cancel_orphans(Turn&);

  // shrinking.cpp: more jobs than are wanted
  void shrink(Turn&);
  Shrunk shrink(Turn&, PoolId);
  void mark_draining(Turn&, Worker&);
  void end_drained(Turn&);
  bool drained(const std::string& job_id) const;

  // capacity.cpp: as many jobs as there is work for
  struct JobsOf {
    std::uint32_t busy = 0, useless = 0;  // useless: idle, and nothing that waits could begin there
    double waiting_there = 0;             // tasks behind busy slots, in workers
    std::map<std::string, Idle> idle;
    std::vector<std::string> absent;
  };
  void adapt(Turn&);
  void adapt(Turn&, PoolId, double share);
  std::map<PoolId, double> waiting_work() const;
  bool useful(const Worker&) const;
  JobsOf jobs_of(PoolId, Now&) const;

  // asking.cpp: what is wrong with a request
  std::optional<Refusal> refuses(const SubmitJobs&) const;
  std::optional<Refusal> refuses(const AddWorkload&) const;
  std::optional<Refusal> refuses(const ScaleJobs&) const;
  std::optional<Refusal> refuses(const WorkloadSpec&, std::uint32_t tasks) const;
  std::optional<Refusal> no_workload(WorkloadId) const;
  std::optional<Refusal> no_task(const TaskRef&) const;

  // the scheduler's answers (core.cpp)
  void on(Turn&, const event::Submitted&);
  void on(Turn&, const event::SubmitFailed&);
  void on(Turn&, const event::SubmitUnanswered&);
  void on(Turn&, const event::LookedUp&);
  void on(Turn&, const event::Polled&);
  void on(Turn&, const event::Tick&) {}

  // relays.cpp: who hands connections on
  void tell_relays(Turn&);
  std::string relays_broken() const;

  // assign.cpp: a placement becomes messages
  void assign(Turn&);
  void assign(Turn&, Worker&, const std::vector<std::pair<WorkloadId, std::uint32_t>>& gives);
  void define(Turn&, Worker&, const Workload&);
  void give_pinned(Turn&, const Pin&);
  Micros pace() const;
  void forget_finished(Turn&);

  // lending.cpp: gangs
  Assignment gang_message(const Workload&, const Run&, const Gang&) const;
  void give_gang(Turn&, const GiveGang&);
  void release_parts(Turn&);
  void reconcile_lent(Turn&, Worker&, const std::vector<AttemptId>& lent);
  void cancel_gangs_at(Turn&, const Worker&);
  void keep(const Keeps&);

  // check_gangs.cpp
  std::string gangs_broken() const;
  std::string waiting_gangs_broken() const;
  std::string keep_broken(const Workload&, const std::set<WorkerId>& workers) const;

  // status.cpp, check.cpp
  Progress progress(const Workload&) const;
  Progress progress(WorkloadId) const;  // of one that ended long ago, too
  Status status() const;

  // explain.cpp
  Explanation explain(const TaskRef&) const;
  std::string place_of(const TaskId&) const;
  std::string why_queued(const Workload&) const;
  std::string kept_for(const Workload&) const;
  std::string workers_line() const;
  std::string jobs_line(const Pool&) const;
  std::string broken() const;

  void send(std::vector<Effect>& to, const Worker& worker, ToWorker message) const {
    if (worker.link) to.push_back(effect::SendWorker{*worker.link, std::move(message)});
  }
};

}  // namespace pcluster
