// Channels, as the core has them: bytes to the client that feeds them and to no other, and what
// becomes of each attempt.
// SPDX-License-Identifier: MIT
#include "tests/core/bench.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

struct Talking : Bench {  // two tasks that talk to client 7, on a worker with two slots
  std::string token = jobs({"1", "2"});
  LinkId link = join(hello(token, "1", 2));
  WorkloadId id{};
  AttemptId attempt;

  explicit Talking(std::uint32_t loss_retries = 9) {
    auto spec = Bench::trials(2);
    spec.task.channel = true;
    spec.loss_retries = loss_retries;
    id = add(spec);
    attempt = given(link).front();
    say(link, Report{0, {}, {attempt, other()}});
  }
  AttemptId other() const { return {{id, 1}, 1, 1}; }
  void gone(std::uint64_t client) { handle(event::ClientGone{ClientId{client}}); }
  void wrote(std::uint64_t at, std::string bytes, bool end = false) {
    say(link, ChannelBytes{attempt, std::move(bytes), at, end});
  }
  template <class T>
  static std::vector<T> told(const std::vector<Effect>& effects, std::uint64_t client = 7) {
    std::vector<T> found;
    for (const auto& send : of<effect::SendClient>(effects))
      if (send.client == ClientId{client})
        if (const auto* one = std::get_if<T>(&send.reply)) found.push_back(*one);
    return found;
  }
  std::vector<ChannelState> states(std::uint64_t client = 7) const {
    CHECK(told<ChannelState>(last.now, client).empty());  // never before what it promises
    return told<ChannelState>(last.after, client);
  }
  // The bytes that the client got at once, or behind the journal.
  std::string now(std::uint64_t client = 7) const { return text(last.now, client); }
  std::string later(std::uint64_t client = 7) const { return text(last.after, client); }

 private:
  static std::string text(const std::vector<Effect>& effects, std::uint64_t client) {
    std::string all;
    for (const auto& one : told<ChannelBytes>(effects, client)) all += one.bytes;
    return all;
  }
};

}  // namespace

TEST_CASE("a channel's client hears of its attempts as they begin and end") {
  Talking bench;
  REQUIRE(bench.states().size() == 2);
  CHECK(bench.states()[0].attempt == bench.attempt);
  CHECK(bench.states()[0].state == TaskState::running);
  CHECK(bench.states()[0].host == "host-1");
  bench.say(bench.link, Report{0, {}, {bench.attempt}});  // said again on a new connection
  CHECK(bench.states().empty());
  auto failed = result(bench.attempt, TaskState::failed);
  failed.exit_code = 3;
  failed.message = "why";
  bench.say(bench.link, report({failed, result(bench.other())}));
  const auto over = bench.states();
  REQUIRE(over.size() == 2);
  CHECK(over[0].state == TaskState::failed);
  CHECK(over[0].exit_code == 3);
  CHECK(over[0].message == "why");
  CHECK_FALSE(over[0].again);
  CHECK(over[0].worker == WorkerId{0});
  CHECK(over[1].state == TaskState::done);
}

TEST_CASE("bytes wait with the answers until the client is known to have heard of the attempt") {
  Talking bench;
  bench.wrote(0, "ready");
  CHECK(bench.later() == "ready");
  CHECK(bench.last.append.empty());
  bench.ask(ChannelTaken{bench.attempt, 5, 1000}, 7);
  auto taken = bench.to<ChannelTaken>(bench.link);
  REQUIRE(taken.size() == 1);
  CHECK_FALSE(taken[0].again);
  CHECK(taken[0].room == 1000);
  CHECK(bench.last.after.empty());  // nor an answer
  bench.wrote(5, " steady");
  CHECK(bench.now() == " steady");
  bench.wrote(0, "ready steady");  // its worker was connected anew
  CHECK(bench.now().empty());
  bench.wrote(0, "ready steady go", true);
  CHECK(bench.now() == "ready steady go");
}

TEST_CASE("bytes that a client confirms before it has all that went slowly are sent once more") {
  Talking bench;
  bench.wrote(0, "slow");
  bench.ask(ChannelTaken{bench.attempt, 0, 1000}, 7);
  REQUIRE(bench.to<ChannelTaken>(bench.link).size() == 1);
  CHECK(bench.to<ChannelTaken>(bench.link)[0].again);
  bench.wrote(4, " on its way");  // would overtake
  CHECK(bench.now().empty());
  bench.wrote(0, "slow on its way");
  CHECK(bench.now() == "slow on its way");
}

TEST_CASE("nobody else gets the bytes, and those of another attempt are nobody's") {
  Talking bench;
  bench.ask(Follow{bench.id}, 8);
  CHECK(bench.states(8).empty());
  bench.wrote(0, "bytes");
  CHECK(bench.later(8).empty());
  auto late = bench.attempt;
  ++late.number;
  bench.say(bench.link, ChannelBytes{late, "late", 0, false});
  CHECK(bench.later().empty());
  bench.ask(ChannelTaken{late, 0, 1000}, 7);
  CHECK(bench.to<ChannelTaken>(bench.link).empty());
  bench.ask(TaskInput{late, "late", false, 0}, 7);
  CHECK(bench.to<TaskInput>(bench.link).empty());
}

TEST_CASE("channels end with their client, and with no other") {
  Talking bench;
  bench.ask(Follow{bench.id}, 8);
  bench.gone(8);
  CHECK(bench.to<CancelTasks>(bench.link).empty());
  bench.gone(7);
  REQUIRE(bench.to<CancelTasks>(bench.link).size() == 1);
  CHECK(bench.to<CancelTasks>(bench.link)[0].attempts.size() == 2);
}

TEST_CASE("a lost worker's channels are tried again, and their client is told") {
  Talking bench;
  bench.wrote(0, "bytes");
  bench.handle(event::WorkerCut{bench.link, "gone"});
  CHECK(bench.states().empty());
  bench.tick(30 * second);
  auto over = bench.states();
  REQUIRE(over.size() == 2);
  CHECK(over[0].state == TaskState::lost);
  CHECK(over[0].again);
  CHECK(over[0].message == "worker w0 was lost: no word for 15.0s");
  const auto link = bench.join(bench.hello(bench.token, "2", 2));
  const auto next = bench.given(link);
  REQUIRE(next.size() == 2);
  bench.say(link, Report{0, {}, next});
  CHECK(bench.states().size() == 2);
  bench.say(link, ChannelBytes{next[0], "new", 0, false});
  CHECK(bench.later() == "new");
  bench.say(link, Bye{"its job ends", next});
  over = bench.states();
  REQUIRE(over.size() == 2);
  CHECK(over[0].again);
  CHECK(over[0].message == "worker w1 left: its job ends");
}

TEST_CASE("without a try left a lost channel is over") {
  Talking bench(0);
  bench.handle(event::WorkerCut{bench.link, "gone"});
  bench.tick(30 * second);
  const auto over = bench.states();
  REQUIRE(over.size() == 2);
  CHECK(over[0].state == TaskState::lost);
  CHECK_FALSE(over[0].again);
  CHECK(bench.progress(bench.id).finished);
}

TEST_CASE("cancelled channels are over, those that wait too") {
  Talking bench;
  auto spec = Bench::trials(1);
  spec.task.channel = true;
  const auto waits = bench.add(spec);
  bench.ask(CancelWorkload{{waits, {}}}, 7);
  REQUIRE(bench.states().size() == 1);
  CHECK(bench.states()[0].state == TaskState::cancelled);
  CHECK_FALSE(bench.states()[0].again);
  bench.ask(CancelWorkload{{bench.id, 0}}, 7);
  CHECK(bench.states().empty());
  CHECK(bench.to<CancelTasks>(bench.link).size() == 1);
  bench.say(bench.link, Bye{"gone", {bench.attempt, bench.other()}});
  REQUIRE(bench.states().size() == 2);
  CHECK(bench.states()[0].state == TaskState::lost);
  CHECK(bench.states()[1].state == TaskState::cancelled);
}

TEST_CASE("a client that comes back to a new launcher is told what runs, and goes on") {
  Talking bench;
  bench.wrote(0, "before");
  bench.restart();
  auto back = bench.hello(bench.token, "1", 2);
  back.resumed = WorkerId{0};
  back.last_epoch = 1;
  back.held = {bench.attempt, bench.other()};
  bench.link = bench.join(back);
  bench.say(bench.link, Report{0, {}, back.held});
  bench.wrote(0, "before");  // nobody is there
  CHECK(bench.later(9).empty());
  bench.ask(Follow{bench.id}, 9);
  CHECK(bench.states(9).size() == 2);
  CHECK(bench.told<Accepted>(bench.last.after, 9).size() == 1);
  bench.ask(ChannelTaken{bench.attempt, 3, 1000, true}, 9);
  CHECK(bench.to<ChannelTaken>(bench.link).at(0).again);
  bench.wrote(3, "ore");
  CHECK(bench.now(9) == "ore");
  for (int i = 0; i < 30; ++i) {
    bench.tick(3 * second);
    CHECK(bench.to<CancelTasks>(bench.link).empty());
    bench.say(bench.link, Heartbeat{});
  }
  bench.gone(9);
  CHECK(bench.to<CancelTasks>(bench.link).size() == 1);
}

TEST_CASE("what a client takes while the worker is away is told when it is back") {
  Talking bench;
  bench.ask(ChannelTaken{bench.attempt, 0, 10}, 7);
  bench.wrote(0, "0123456789");
  bench.handle(event::WorkerCut{bench.link, "gone"});
  bench.ask(ChannelTaken{bench.attempt, 10, 20}, 7);
  auto back = bench.hello(bench.token, "1", 2);
  back.resumed = WorkerId{0};
  back.last_epoch = 1;
  back.held = {bench.attempt, bench.other()};
  bench.link = LinkId{99};
  bench.say(bench.link, back);
  auto taken = bench.to<ChannelTaken>(bench.link);
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].have == 10);
  CHECK(taken[0].room == 20);
  CHECK(Bench::of<effect::SendWorker>(bench.last.now).empty());
  bench.ask(ChannelTaken{bench.attempt, 10, 30}, 7);  // still behind its Welcome
  CHECK(bench.to<ChannelTaken>(bench.link).size() == 1);
  CHECK(bench.last.now.empty());
  bench.wrote(0, "0123456789");
  CHECK(bench.now().empty());
  CHECK(bench.states().empty());
  bench.wrote(10, "more");
  CHECK(bench.now() == "more");
}

TEST_CASE("channels whose client does not come back to a new launcher are cancelled") {
  Talking bench;
  bench.restart();
  auto back = bench.hello(bench.token, "1", 2);
  back.resumed = WorkerId{0};
  back.last_epoch = 1;
  back.held = {bench.attempt, bench.other()};
  bench.link = bench.join(back);
  Effects all;
  for (int i = 0; i < 20; ++i) {
    bench.tick(3 * second);
    for (auto& one : bench.last.now) all.now.push_back(one);
    bench.say(bench.link, Heartbeat{});
  }
  bench.last = std::move(all);
  CHECK(bench.to<CancelTasks>(bench.link).size() == 1);
}
