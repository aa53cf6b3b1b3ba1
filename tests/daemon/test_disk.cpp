// A disk that fills up, fails or hangs at each of 200 points under a launcher that works: what it
// has promised stands on the disk, it says why it takes no more, and it goes on as soon as it can.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <set>

#include "launcher/io/journal.hpp"
#include "tests/daemon/faulty_disk.hpp"
#include "tests/daemon/rig.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

constexpr int points = 200;
constexpr int calls_of_a_turn = 9;  // of the disk, about

// A journal in which a job has been submitted, so that its worker may join.
void begin_journal(const std::string& directory) {
  make_directories(directory);
  Journal journal(directory, 1, Disk{});
  PoolAsked pool;
  pool.name = "default";
  pool.spec.adapter = "none of ours";
  pool.jobs = 1;
  journal.add(EpochBegan{1});
  journal.add(pool);
  journal.add(SubmitBegan{"token", PoolId{0}, 1, 1});
  journal.add(SubmitAnswered{"token", {"1"}});
  REQUIRE(journal.flush().empty());
}

// One worker and one client of a launcher, by hand; what they have been told.
struct Turns {
  explicit Turns(const Rig& rig) : client(rig.client()), worker(rig.worker()) {
    Hello me;
    me.token = "token", me.job_id = "1", me.host = "here", me.incarnation = "only";
    me.size = {1, 1000, 0};
    say(me);
    while (!welcomed) REQUIRE(take_worker(5 * second));
    say(Heartbeat{});  // nothing is given to who has not said a word since
  }
  void say(const FromWorker& message) { worker.send(encode(message)); }

  bool take_worker(Micros patience) {
    const auto message = next<ToWorker>(worker, patience);
    if (!message) return false;
    if (std::holds_alternative<Welcome>(*message)) welcomed = true;
    if (const auto* ack = std::get_if<Ack>(&*message)) {
      if (ack->sequence == 0) ++beats;
      acknowledged = std::max(acknowledged, ack->sequence);
    }
    const auto* assign = std::get_if<Assign>(&*message);
    if (assign == nullptr) return true;
    for (const auto& item : assign->items) {
      Report report;
      TaskResult result;
      result.attempt = {{item.workload, item.first}, item.number, assign->epoch};
      result.state = TaskState::done;
      result.start_unix = 1, result.end_unix = 2;
      result.columns = "{\"rate\":1}";
      report.results = {result};
      report.sequence = ++reported;
      of_report.push_back(item.workload);
      say(report);
    }
    return true;
  }
  bool take_client(Micros patience) {
    const auto reply = next<Reply>(client, patience);
    if (!reply) return false;
    if (const auto* accepted = std::get_if<WorkloadAccepted>(&*reply))
      promised.insert(accepted->workload);
    if (const auto* no = std::get_if<Refusal>(&*reply)) refused = no->message;
    if (const auto* progress = std::get_if<Progress>(&*reply))
      if (progress->finished && progress->done == 1) finished.insert(progress->workload);
    return true;
  }
  // All that there is to hear within this time.
  void listen(Micros time) {
    while (take_worker(0) || take_client(0)) {}
    std::this_thread::sleep_for(std::chrono::microseconds(time));
    while (take_worker(0) || take_client(0)) {}
  }
  std::set<WorkloadId> done() const {  // the launcher said so, to one or the other
    auto all = finished;
    for (std::size_t i = 0; i < acknowledged; ++i) all.insert(of_report[i]);
    return all;
  }
  bool at_rest() const {
    return finished.size() == asked && promised.size() == asked && acknowledged == reported;
  }

  ClientSocket client, worker;
  bool welcomed = false;
  std::size_t asked = 0;
  int beats = 0;
  std::string refused;
  std::uint64_t reported = 0, acknowledged = 0;
  std::vector<WorkloadId> of_report;
  std::set<WorkloadId> promised, finished;
};

// Nothing that was said is not on the disk.
void check_promises(const Turns& turns, const std::string& journal) {
  std::set<WorkloadId> added, done;
  replay_journal(journal, [&](const Record& record) {
    if (const auto* one = std::get_if<WorkloadAdded>(&record)) added.insert(one->workload);
    if (const auto* one = std::get_if<TaskSettled>(&record))
      done.insert(one->result.attempt.task.workload);
  });
  CHECK(std::ranges::includes(added, turns.promised));
  CHECK(std::ranges::includes(done, turns.done()));
}

// While the disk is bad: the loop answers, workers are heard, and new work is refused with the
// reason, if the disk has told one.
void check_meanwhile(const Rig& rig, Turns& turns, const std::string& reason) {
  auto other = rig.client();
  ask(other, Ping{});
  CHECK(answer<Pong>(other, 5 * second));
  const auto before = turns.beats;
  turns.say(Heartbeat{});
  for (int i = 0; i < 500 && turns.beats == before; ++i) turns.listen(millisecond);
  CHECK(turns.beats > before);
  if (reason.empty()) return;
  ask(other, work(1, false));
  const auto refusal = answer<Refusal>(other, 5 * second);
  REQUIRE(refusal);
  CHECK(refusal->message.find(reason) != std::string::npos);
  CHECK(refusal->code == 3);
}

// A workload of one task: asked for, given out, reported, done; the fault strikes on the way.
void turn(const Rig& rig, Turns& turns, FaultyDisk& disk, Fault fault, int point,
          const std::string& reason, const std::string& crashed) {
  const bool lasts = !reason.empty() || fault == Fault::sync_hangs;
  disk.arm(fault, 1 + point % calls_of_a_turn);
  ++turns.asked;
  ask(turns.client, work(1, true));
  for (int i = 0; i < 5000 && !turns.at_rest() && !(lasts && disk.struck() > 0); ++i)
    turns.listen(100);
  if (lasts && disk.struck() > 0) {
    const int told = reason.empty() ? 1 : 4;  // a second attempt comes after the news of the first
    for (int i = 0; i < 1000 && disk.struck() < told; ++i) turns.listen(millisecond);
    check_meanwhile(rig, turns, reason);
    remove_tree(crashed);
    disk.crashed_to(crashed);
    check_promises(turns, crashed);
  }
  disk.mend();
  for (int i = 0; i < 5000 && !turns.at_rest(); ++i) turns.listen(millisecond);
  INFO(point, " ", turns.asked, " ", turns.promised.size(), " ", turns.finished.size(), " ",
       turns.reported, " ", turns.acknowledged, " ", turns.refused);
  REQUIRE(turns.at_rest());
}

}  // namespace

TEST_CASE("a disk that fills up, fails or hangs, at each of 200 points") {
  Fault fault = Fault::full;
  std::string reason;
  SUBCASE("full") { reason = "No space left on device"; }
  SUBCASE("quota") { fault = Fault::quota, reason = "Disk quota exceeded"; }
  SUBCASE("every write fails") { fault = Fault::error, reason = "Input/output error"; }
  SUBCASE("a write fails") { fault = Fault::error_once; }
  SUBCASE("a short write") { fault = Fault::short_write; }
  SUBCASE("a sync fails, and what it should have kept is lost") { fault = Fault::sync_fails; }
  SUBCASE("a sync hangs") { fault = Fault::sync_hangs; }
  const Scratch scratch;
  const StateDirectory directory{scratch / "state"};
  begin_journal(directory.journal());
  FaultyDisk disk(directory.journal());
  std::size_t asked = 0;
  std::set<WorkloadId> all;
  {
    const Rig rig(directory.root, disk.disk());
    Turns turns(rig);
    for (int point = 0; point < points; ++point)
      turn(rig, turns, disk, fault, point, reason, scratch / "crashed");
    asked = turns.asked, all = turns.finished;
    disk.crashed_to(scratch / "end");
    check_promises(turns, scratch / "end");
  }
  CHECK(all.size() == asked);
  // A new launcher knows all of it, as do those who read without one.
  const Rig again(directory.root, Disk{});
  auto client = again.client();
  ask(client, GetStatus{});
  const auto status = answer<Status>(client, 5 * second);
  REQUIRE(status);
  CHECK(status->workloads.size() == asked);
  for (const auto& row : status->workloads) CHECK(row.progress.done == 1);
  for (const auto id : all) CHECK(has_settled(directory, {id, 0}));
}
