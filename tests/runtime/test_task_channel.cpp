// What tasks write to their channels: in order and once, in bounded memory, and all of it before
// their end.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "mpi-runtime/task_channel.hpp"

using namespace pcluster;

namespace {

constexpr std::uint64_t window = TaskChannels::window;

struct Writer {
  Writer() {
    signal(SIGPIPE, SIG_IGN);
    end = channels.open(id);
    fcntl(end.get(), F_SETFL, O_NONBLOCK);
    channels.started(id);
  }
  ~Writer() { signal(SIGPIPE, SIG_DFL); }

  // As much as there is room for.
  void write_some(std::string_view bytes) {
    const auto n = write(end.get(), bytes.data(), bytes.size());
    written += n > 0 ? static_cast<std::uint64_t>(n) : 0;
  }
  void turn() {
    loop.at(loop.now() + 2 * millisecond, [this] { loop.stop(); });
    loop.run();
  }
  // What a client that drops what it has knows.
  std::string got() const {
    std::string all;
    for (const auto& one : sent) {
      REQUIRE(one.at <= all.size());
      if (one.at + one.bytes.size() > all.size()) all.replace(one.at, std::string::npos, one.bytes);
    }
    return all;
  }
  void take(std::uint64_t have, std::uint64_t room = window, bool again = false) {
    channels.taken({id, have, static_cast<std::uint32_t>(room), again});
  }

  AttemptId id{{WorkloadId{7}, 0}, 1, 1};
  Loop loop;
  std::vector<ChannelBytes> sent;
  TaskChannels channels{loop, [this](ChannelBytes one) { sent.push_back(std::move(one)); }};
  Fd end;
  std::uint64_t written = 0;
  bool over = false;
};

}  // namespace

TEST_CASE("what a program writes is sent as it comes, and its end is said once") {
  Writer writer;
  writer.write_some("one");
  writer.turn();
  writer.write_some(" two");
  writer.turn();
  CHECK(writer.sent.size() == 2);
  CHECK(writer.got() == "one two");
  writer.end.reset();
  writer.turn();
  REQUIRE(writer.sent.size() == 3);
  CHECK(writer.sent.back().end);
  CHECK(writer.sent.back().at == 7);
  writer.take(7);
  writer.turn();
  CHECK(writer.sent.size() == 3);
}

TEST_CASE("a client that takes nothing stops the program, and memory stays bounded") {
  Writer writer;
  const std::string bytes(50'000, 'x');
  for (int i = 0; i < 50; ++i) {
    writer.write_some(bytes);
    writer.turn();
  }
  CHECK(writer.got().size() == window);
  CHECK(writer.written < window + 200'000);  // the rest is the pipe's
  writer.take(window, 1000);
  CHECK(writer.got().size() == window + 1000);
  writer.take(window + 1000, window);
  writer.turn();
  CHECK(writer.got().size() == writer.written);
  for (const auto& one : writer.sent) CHECK(one.bytes.size() <= TaskChannels::part);
}

TEST_CASE("a long stream arrives as it is taken") {
  Writer writer;
  std::string all;
  std::uint64_t had = 0;
  while (all.size() < 20 * window) {
    std::string bytes(30'011, static_cast<char>('a' + all.size() % 23));
    const auto before = writer.written;
    writer.write_some(bytes);
    all += bytes.substr(0, writer.written - before);
    writer.channels.taken({writer.id, had, window, false});
    for (const auto& one : writer.sent) {
      REQUIRE(one.at == had);
      REQUIRE(all.compare(one.at, one.bytes.size(), one.bytes) == 0);
      had += one.bytes.size();
    }
    writer.sent.clear();
  }
}

TEST_CASE("what is not confirmed is sent again, to a new launcher or when a client asks") {
  Writer writer;
  writer.write_some("abcdef");
  writer.turn();
  writer.take(2);
  writer.sent.clear();
  writer.channels.send_again();
  REQUIRE(writer.sent.size() == 1);
  CHECK(writer.sent[0].bytes == "cdef");
  CHECK(writer.sent[0].at == 2);
  writer.take(4, window, true);
  REQUIRE(writer.sent.size() == 2);
  CHECK(writer.sent[1].bytes == "ef");
  writer.take(3, window, true);   // it had more
  writer.take(99, window, true);  // nobody can have that
  CHECK(writer.sent.size() == 2);
  writer.end.reset();
  writer.turn();
  CHECK(writer.sent.back().end);
  writer.channels.send_again();
  CHECK(writer.sent.back().bytes == "ef");
  CHECK(writer.sent.back().end);
}

TEST_CASE("a task is over when its client has all that it wrote, and it left") {
  Writer writer;
  const std::string bytes(60'000, 'x');
  for (int i = 0; i < 12; ++i) {
    writer.write_some(bytes);
    writer.turn();
  }
  writer.channels.finish(writer.id, [&] { writer.over = true; });  // its pipe is held by another
  while (!writer.over) {
    const auto had = writer.got().size();
    writer.take(had);
    REQUIRE((writer.over || writer.got().size() > had));
  }
  CHECK(writer.got().size() == writer.written);
  CHECK(writer.sent.back().end);
  CHECK_FALSE(writer.channels.has(writer.id));
}

TEST_CASE("a task that wrote nothing is over at once; a cancelled one waits for nobody") {
  Writer silent;
  silent.end.reset();
  silent.channels.finish(silent.id, [&] { silent.over = true; });
  CHECK(silent.over);
  REQUIRE(silent.sent.size() == 1);
  CHECK(silent.sent[0].end);

  Writer cancelled;
  cancelled.write_some("bytes");
  cancelled.end.reset();
  cancelled.channels.give_up(cancelled.id);  // it runs still
  CHECK(cancelled.channels.has(cancelled.id));
  cancelled.channels.finish(cancelled.id, [&] { cancelled.over = true; });
  CHECK_FALSE(cancelled.over);
  cancelled.channels.give_up(cancelled.id);
  CHECK(cancelled.over);
  CHECK(cancelled.got() == "bytes");
}

TEST_CASE("a rank finds its channel by name, and what was written before it came") {
  Writer writer;
  const std::string path = "/tmp/pcluster-test-channel-" + std::to_string(getpid());
  const AttemptId named{{WorkloadId{7}, 1}, 1, 1};
  writer.channels.open_named(named, path);
  writer.channels.started(named);
  writer.turn();
  CHECK(writer.sent.empty());  // not ended: it has not begun
  Fd rank(open(path.c_str(), O_WRONLY | O_NONBLOCK));
  REQUIRE(rank);
  CHECK(write(rank.get(), "hello", 5) == 5);
  writer.turn();
  REQUIRE(writer.sent.size() == 1);
  CHECK(writer.sent[0].attempt == named);
  CHECK(writer.sent[0].bytes == "hello");
  writer.channels.close(named);
  CHECK(access(path.c_str(), F_OK) != 0);
}
