// The launcher's mind: an event and the time go in, effects come out.  Pure: no clock, no I/O,
// never throws.  State that must survive changes only in apply(record), which replay uses too, so
// a restarted launcher thinks exactly what it thought.
//
// The durability barrier: `append` goes to the journal; `now` may be done at once; `after` only
// when those records, and all appended before them, are durable: in order, and so even when
// `append` is empty (an Ack may repeat an answer whose record is not on disk yet).
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>
#include "launcher/model/messages.hpp"
#include "launcher/model/packed_lines.hpp"
#include "launcher/model/records.hpp"

namespace pcluster {

enum class LinkId : std::uint64_t {};    // one connection of a worker
enum class ClientId : std::uint64_t {};  // one connection of a client

// ---------------------------------------------------------------- events

namespace event {
struct WorkerSaid {
  LinkId link{};
  FromWorker message;
};
// Its connection ended.
struct WorkerCut {
  LinkId link{};
  std::string reason;
};
// Those that change or follow something.
struct ClientSaid {
  ClientId client{};
  Request request;
};
struct ClientGone {
  ClientId client{};
};
struct Submitted {
  std::string token;
  std::vector<std::string> job_ids;
};
// The scheduler refused.
struct SubmitFailed {
  std::string token;
  std::string message, hint;
  bool later = false;  // too many jobs: it would take them when others have ended
};
// Timed out, lost: look it up.
struct SubmitUnanswered {
  std::string token;
};
struct LookedUp {
  std::string token;
  std::vector<std::string> job_ids;
  bool answered = false;
};
struct Polled {
  std::vector<JobSeen> jobs;
  bool answered = false;
};               // one look at the queue
struct Tick {};  // deadline() has come
}  // namespace event
using Event = std::variant<event::WorkerSaid, event::WorkerCut, event::ClientSaid,
                           event::ClientGone, event::Submitted, event::SubmitFailed,
                           event::SubmitUnanswered, event::LookedUp, event::Polled, event::Tick>;

// ---------------------------------------------------------------- effects

// A worker that is home, and where others that cannot reach us may call it instead.
struct RelayAt {
  WorkerId worker{};
  std::string host;
  std::vector<std::string> addresses;
  std::uint16_t port = 0;
  bool operator==(const RelayAt&) const = default;
};

namespace effect {
struct SendWorker {
  LinkId link{};
  ToWorker message;
};
struct DropWorker {
  LinkId link{};
  std::string reason;
};
struct SendClient {
  ClientId client{};
  Reply reply;
};
// Render, submit.
struct Launch {
  std::string token;
  JobSpec spec;
  std::uint32_t count = 0;
};
// By name.
struct LookUp {
  std::string token;
  std::string adapter;
};
// One query for all.
struct Poll {
  std::string adapter;
  std::vector<std::string> tokens;
};
struct Cancel {
  std::string adapter;
  std::vector<std::string> job_ids;
};
// Who hands connections of others on to us, from now on: for launcher.json.
struct Relays {
  std::vector<RelayAt> list;
};
struct Quit {};  // the cluster has ended
}  // namespace effect
using Effect =
    std::variant<effect::SendWorker, effect::DropWorker, effect::SendClient, effect::Launch,
                 effect::LookUp, effect::Poll, effect::Cancel, effect::Quit, effect::Relays>;

struct Effects {
  std::vector<Record> append;
  std::vector<Effect> now, after;
};

struct Policy {
  Micros heartbeat = 3 * second;
  Micros worker_silence = 15 * second;  // no word for so long: lost, its tasks go to others
  Micros comeback = 30 * second;  // a known worker may take so long after a launcher's restart
  Micros gather = 5 * second;     // and gets no more before the known ones are home, or for so long
  Micros first_poll = 2 * second, poll = 30 * second;
  Micros lookup = 5 * second;           // between look-ups of a submit without an answer, at first
  Micros relaunch = 10 * second;        // the scheduler must not know a submit for so long
  Micros submit_limit = 60 * second;    // a submit command may run so long, also without us
  Micros longest_pause = 300 * second;  // between two questions to a scheduler that is away
  Micros cancel_again = 120 * second;   // a job that is listed still
  Micros short_task = 1500 * millisecond;  // median below: tasks wait at workers
  // So many for each slot there, or for so long if that is more, but never above the most of a
  // slot, nor of all slots: what is out is 100 bytes each here.
  std::uint32_t prefetch_least = 4, prefetch_most = 256, prefetch_all = 262'144;
  Micros prefetch_time = 800 * millisecond;
  // Reports that nobody waits for: so much apart for each worker that is home, so that a few tell
  // at once, and thousands are not too many.
  Micros report_share = 2 * millisecond;
  Micros progress = 100 * millisecond;  // least time between two Progress to one client
  Micros stop_grace = 10 * second;      // workers may take so long to say Bye on stop
  Micros submit_every = 10 * second;    // between two submits of a pool that nobody waits for
  Micros full = 60 * second, longest_full = 600 * second;  // the scheduler takes no more jobs
  std::uint32_t failures = 3;  // jobs in a row that die before a worker is home: a pause, longer
  Micros first_rest = 60 * second, longest_rest = 1800 * second;  // and longer
  std::uint32_t bad_node = 2;      // jobs that die on a node, and it is left out
  Micros calm = 30 * second;       // jobs that wait for work that is gone may wait for new so long
  Micros adapt = 1 * second;       // between two looks at how many jobs there is work for
  std::uint32_t quiet_polls = 10;  // looks without news: half as often, then a quarter
};

// What is wrong with trials, whether they come in a message or lie in a file.
std::optional<Refusal> refuses_trials(const PackedLines&);

class Core {
 public:
  Core(std::string cluster, Epoch epoch, Policy policy = {});
  ~Core();
  Core(Core&&) noexcept;
  Core& operator=(Core&&) noexcept;

  // Before the first event: the records of earlier epochs in order, then load_trials() for each of
  // missing_trials(), then begin().
  void apply(const Record&);
  void set_epoch(Epoch);  // where replay has to say which one this is: between apply() and begin()
  // As set_epoch, of ids that are on the disk though a damaged journal has lost them.
  // The disk of the journal hangs, or answers again (at the beginning it does).
  void disk_answers(bool, Time now);
  void pass_over(WorkloadId);
  void pass_over(WorkerId);
  Effects begin(Time now, Micros unix_now);
  Effects handle(const Event&, Time now, Micros unix_now);
  std::optional<Time> deadline() const;  // when to handle a Tick

  // A workload whose trials are a TrialFile is accepted and journaled as it is; its tasks go out
  // once its lines have been given here (in the order of the file; the deadline() is then at once).
  void load_trials(WorkloadId, PackedLines);
  std::vector<std::pair<WorkloadId, TrialFile>> missing_trials() const;

  Status status(Time now) const;
  RunningTasks running(WorkloadId) const;
  std::optional<Refusal> refuses(
      const Request&) const;   // what is wrong with it, before it is an event
  void check() const;          // ends the program when an invariant does not hold; tests call it
  std::string broken() const;  // the first invariant that does not hold; empty = all do

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pcluster
