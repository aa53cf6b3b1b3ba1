// A client of channels: every byte once and in order, attempts that follow each other, a launcher
// that goes and comes back.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/cli/channel_desk.hpp"
#include "tests/cli/frames.hpp"

using namespace pcluster;

namespace {

const WorkloadId id{7};
AttemptId attempt(std::uint32_t index, std::uint32_t number = 1, Epoch epoch = 1) {
  return {{id, index}, number, epoch};
}

ChannelState state(const AttemptId& of, TaskState now, bool again = false) {
  ChannelState said;
  said.attempt = of;
  said.worker = WorkerId{of.task.index};
  said.host = "n1";
  said.state = now;
  said.again = again;
  return said;
}

Progress progress(bool finished) {
  Progress now;
  now.workload = id;
  now.tasks = 2;
  now.slots = 2;
  now.finished = finished;
  return now;
}

struct Frame {
  int kind = 0;
  std::uint32_t channel = 0, number = 0;
  std::string payload;
  bool has(std::string_view part) const { return payload.find(part) != payload.npos; }
};

// A client with two channels, whose output is always taken at once.
struct Bench {
  ChannelDesk desk{id, 2};
  Time now = 0;

  void told(const Reply& reply) { desk.told(reply, now); }
  void running(const AttemptId& one) { told(state(one, TaskState::running)); }
  std::vector<Frame> frames() {
    desk.tick(now);
    const std::string out(desk.output());
    desk.written(out.size());
    std::vector<Frame> all;
    for (std::size_t at = 0; at < out.size();) {
      const auto number = [&](std::size_t from) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < 4; ++i)
          value |= std::uint32_t{static_cast<unsigned char>(out[at + from + i])} << (8 * i);
        return value;
      };
      all.push_back({out[at + 12], number(4), number(8), out.substr(at + 16, number(0))});
      at += 16 + number(0);
    }
    return all;
  }
  template <class T>
  std::vector<T> asked() {
    std::vector<T> found;
    for (const auto& one : desk.take_requests())
      if (const auto* request = std::get_if<T>(&one)) found.push_back(*request);
    return found;
  }
};

}  // namespace

TEST_CASE("a channel opens, carries bytes both ways, and closes after its last byte") {
  Bench bench;
  bench.running(attempt(0));
  bench.told(InputWanted{attempt(0), 8, 0, false});
  bench.desk.read(frame_of(data_in, 0, 1, "question") + frame_of(data_in, 0, 2, "other attempt"));
  auto input = bench.asked<TaskInput>();
  REQUIRE(input.size() == 1);
  CHECK(input[0].bytes == "question");
  bench.told(ChannelBytes{attempt(0), "answ", 0, false});
  bench.told(ChannelBytes{attempt(0), "answer", 0, false});  // sent again, and more
  bench.told(state(attempt(0), TaskState::done));
  auto frames = bench.frames();
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].kind == opened);
  CHECK(frames[0].has("\"worker\":\"w0\",\"host\":\"n1\",\"task\":\"7.0\""));
  CHECK(frames[1].payload == "answer");
  bench.told(ChannelBytes{attempt(0), "!", 6, true});
  frames = bench.frames();
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].payload == "!");
  CHECK(frames[1].kind == closed);
  CHECK(frames[1].has("\"state\":\"done\""));
  CHECK(frames[1].has("\"again\":false"));
  bench.desk.read(frame_of(data_in, 0, 1, "late"));
  CHECK(bench.asked<TaskInput>().empty());
}

TEST_CASE("what was written out is confirmed: by the window's quarter, and at the end") {
  Bench bench;
  bench.running(attempt(0));
  auto taken = bench.asked<ChannelTaken>();
  REQUIRE(taken.size() == 1);  // the first credit
  CHECK(taken[0].have == 0);
  CHECK(taken[0].room == ChannelDesk::window);
  const std::string part(ChannelDesk::window / 4 - 1, 'x');
  bench.told(ChannelBytes{attempt(0), part, 0, false});
  bench.frames();
  CHECK(bench.asked<ChannelTaken>().empty());
  bench.told(ChannelBytes{attempt(0), "yz", part.size(), false});
  CHECK(bench.asked<ChannelTaken>().empty());  // not written yet
  bench.frames();
  taken = bench.asked<ChannelTaken>();
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].have == part.size() + 2);
  bench.told(ChannelBytes{attempt(0), "", part.size() + 2, true});
  taken = bench.asked<ChannelTaken>();
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].have == part.size() + 2);
}

TEST_CASE("a program that failed is opened again, and what was for the old one is dropped") {
  Bench bench;
  bench.running(attempt(0));
  bench.desk.read(frame_of(data_in, 0, 1, "never taken"));
  bench.told(ChannelBytes{attempt(0), "", 0, true});
  bench.told(state(attempt(0), TaskState::failed, true));
  bench.running(attempt(0, 2));
  bench.told(InputWanted{attempt(0, 2), 100, 0, false});
  const auto frames = bench.frames();
  REQUIRE(frames.size() == 3);
  CHECK(frames[1].has("\"again\":true"));
  CHECK(frames[2].kind == opened);
  CHECK(frames[2].number == 2);
  CHECK(bench.asked<TaskInput>().empty());
  bench.running(attempt(0));  // an older word
  CHECK(bench.frames().empty());
}

TEST_CASE("the end of input: after all of it, and no other attempt") {
  Bench bench;
  bench.running(attempt(0));
  bench.told(InputWanted{attempt(0), 3, 0, false});
  bench.desk.read(frame_of(data_in, 0, 1, "abcdef"));
  bench.desk.end_all();
  CHECK(bench.desk.ours());
  const auto asked = bench.desk.take_requests();
  bool cancels = false, ends = false;
  for (const auto& one : asked) {
    if (const auto* cancel = std::get_if<CancelWorkload>(&one)) cancels |= cancel->what.index == 1;
    if (const auto* input = std::get_if<TaskInput>(&one)) ends |= input->end;
  }
  CHECK(cancels);  // 7.1 has not begun
  CHECK_FALSE(ends);
  bench.told(InputWanted{attempt(0), 8, 3, false});
  const auto input = bench.asked<TaskInput>();
  REQUIRE(input.size() == 2);
  CHECK(input[0].bytes == "def");
  CHECK(input[1].end);
  bench.told(state(attempt(0), TaskState::lost, true));
  const auto frames = bench.frames();
  CHECK(frames.back().has("\"again\":false"));
  CHECK(bench.asked<CancelWorkload>().size() == 1);
  bench.running(attempt(0, 2));
  CHECK(bench.frames().empty());
}

TEST_CASE("a launcher that comes back: what is not confirmed is asked for again") {
  Bench bench;
  bench.running(attempt(0));
  bench.running(attempt(1));
  bench.told(InputWanted{attempt(0), 100, 0, false});
  bench.desk.read(frame_of(data_in, 0, 1, "abc"));
  bench.told(ChannelBytes{attempt(0), "xyz", 0, false});
  bench.frames();
  bench.asked<TaskInput>();
  bench.desk.reconnected();
  CHECK(bench.asked<GetRunning>().size() == 1);
  bench.told(RunningTasks{{attempt(0)}, {WorkerId{0}}});
  const auto asked = bench.desk.take_requests();
  REQUIRE(asked.size() == 2);
  CHECK(std::get<ChannelTaken>(asked[0]).again);
  CHECK(std::get<ChannelTaken>(asked[0]).have == 3);
  CHECK(std::get<TaskInput>(asked[1]).bytes == "abc");
  const auto vanished = bench.desk.take_vanished();
  REQUIRE(vanished.size() == 1);
  CHECK(vanished[0] == attempt(1));
  bench.desk.ended(state(attempt(1), TaskState::lost, true), bench.now);
  CHECK(bench.frames().back().has("\"state\":\"lost\""));
}

TEST_CASE("an attempt that began while no launcher could say so opens at its first word") {
  Bench bench;
  bench.running(attempt(0));
  bench.frames();
  bench.desk.reconnected();
  WorkerRow row;
  row.worker = WorkerId{1};
  row.host = "n2";
  Status status;
  status.workers = {row};
  bench.told(status);
  bench.told(RunningTasks{{attempt(0, 2)}, {WorkerId{1}}});
  auto frames = bench.frames();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].has("lost"));
  bench.told(ChannelBytes{attempt(0, 2), "hello", 0, false});
  frames = bench.frames();
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].has("\"host\":\"n2\""));
  CHECK(frames[1].payload == "hello");
}

TEST_CASE("the last frame comes once all is closed, or after a while") {
  Bench bench;
  bench.running(attempt(0));
  bench.told(progress(true));
  auto frames = bench.frames();
  CHECK(frames.back().kind == note);
  CHECK_FALSE(bench.desk.finished());
  bench.now += ChannelDesk::patience;
  frames = bench.frames();
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].kind == closed);
  CHECK(frames[1].kind == finished);
  CHECK(bench.desk.finished());
}

TEST_CASE("standard input is read no further while too much of it waits") {
  Bench bench;
  bench.running(attempt(0));
  const auto header = frame_of(data_in, 0, 1, std::string(1 << 20, 'x'));
  for (int i = 0; i < 63; ++i) bench.desk.read(header);
  CHECK(bench.desk.wants_input());
  bench.desk.read(header);
  CHECK_FALSE(bench.desk.wants_input());
  bench.told(InputWanted{attempt(0), 512 << 10, 0, false});
  CHECK(bench.asked<TaskInput>().size() == 2);
  CHECK(bench.desk.wants_input());
  bench.told(state(attempt(0), TaskState::lost, true));
  for (int i = 0; i < 64; ++i) bench.desk.read(header);  // nobody's
  CHECK(bench.desk.wants_input());
}
