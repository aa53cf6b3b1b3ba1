// Standard input of tasks: bytes in order and once, bounded memory, and a program that stops
// reading. SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "mpi-runtime/task_input.hpp"

using namespace pcluster;

namespace {

struct Reader {
  Reader() {
    signal(SIGPIPE, SIG_IGN);
    end = inputs.open(id);
    fcntl(end.get(), F_SETFL, O_NONBLOCK);
    inputs.started(id);
  }
  ~Reader() { signal(SIGPIPE, SIG_DFL); }

  void feed(std::uint64_t at, std::string bytes, bool last = false) {
    inputs.feed({id, std::move(bytes), last, at});
  }
  void turn() {
    loop.at(loop.now() + 5 * millisecond, [this] { loop.stop(); });
    loop.run();
  }
  // What the pipe holds now.
  std::string read_some() {
    std::string all(1 << 20, ' ');
    const auto got = read(end.get(), all.data(), all.size());
    at_end = got == 0;
    all.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return all;
  }
  std::uint64_t limit() const { return wanted.back().from + wanted.back().bytes; }

  AttemptId id{{WorkloadId{7}, 0}, 1, 1};
  Loop loop;
  std::vector<InputWanted> wanted;
  TaskInputs inputs{loop, [this](const InputWanted& one) { wanted.push_back(one); }};
  Fd end;
  bool at_end = false;
};

constexpr auto window = TaskInputs::window;

}  // namespace

TEST_CASE("a task asks for a window of input, gets bytes as they are, and an end") {
  Reader reader;
  REQUIRE(reader.wanted.size() == 1);
  CHECK(reader.wanted[0].from == 0);
  CHECK(reader.wanted[0].bytes == window);
  const std::string bytes("a\0b\n", 4);
  reader.feed(0, bytes);
  CHECK(reader.read_some() == bytes);
  CHECK_FALSE(reader.at_end);
  CHECK(reader.wanted.size() == 1);  // a line is not worth a message
  reader.feed(4, "end", true);
  CHECK(reader.read_some() == "end");
  reader.read_some();
  CHECK(reader.at_end);
  reader.feed(7, "more");
  CHECK(reader.wanted.size() == 1);
}

TEST_CASE("more than a pipe holds waits in a bounded place, and arrives as the program reads") {
  Reader reader;
  std::string sent, got;
  while (sent.size() < 3 * window) {
    const auto room = reader.limit() - sent.size();
    CHECK(room <= window);
    std::string part(std::min<std::size_t>(room, 10'007),
                     static_cast<char>('a' + sent.size() % 23));
    if (!part.empty()) {
      reader.feed(sent.size(), part);
      sent += part;
      continue;
    }
    got += reader.read_some();  // all of the window is sent: only now it reads
    reader.turn();
  }
  reader.feed(sent.size(), "", true);
  for (int i = 0; i < 100 && !reader.at_end; ++i) {
    got += reader.read_some();
    reader.turn();
  }
  CHECK(reader.at_end);
  CHECK(got == sent);
  CHECK(reader.wanted.size() < 12);
}

TEST_CASE("what is sent twice is taken once, and nothing is taken after a gap") {
  Reader reader;
  reader.feed(0, "one ");
  reader.feed(0, "one two ");
  CHECK(reader.wanted.back().from == 8);  // it says where it is
  reader.feed(12, "four");
  CHECK(reader.wanted.back().from == 8);
  reader.feed(4, "two ");
  reader.feed(8, "three ");
  const auto asked = reader.wanted.size();
  reader.feed(14, "");  // how much is wanted?
  CHECK(reader.wanted.size() == asked + 1);
  CHECK(reader.wanted.back().from == 14);
  CHECK(reader.read_some() == "one two three ");
}

TEST_CASE("more than was wanted is not taken") {
  Reader reader;
  reader.feed(0, std::string(window + 1, 'x'));
  CHECK(reader.read_some().empty());
}

TEST_CASE("a program that reads no more is asked for nothing, and hurts nobody") {
  Reader reader;
  reader.feed(0, "first");
  reader.end.reset();
  const auto asked = reader.wanted.size();
  reader.feed(5, std::string(window / 2, 'x'));
  reader.feed(5 + window / 2, std::string(window / 2 - 5, 'x'), true);
  CHECK(reader.wanted.size() == asked);
  reader.inputs.close(reader.id);
  reader.feed(0, "nobody");
}

TEST_CASE("a full pipe that is closed wakes nobody up for ever") {
  Reader reader;
  reader.feed(0, std::string(window, 'x'));
  reader.turn();
  reader.end.reset();
  reader.turn();
  reader.inputs.close(reader.id);
  reader.turn();
  CHECK(reader.wanted.size() <= 2);
}

TEST_CASE("a rank that comes after its input has ended finds all of it by name") {
  Reader reader;
  const std::string path = "/tmp/pcluster-test-input-" + std::to_string(getpid());
  const AttemptId named{{WorkloadId{7}, 1}, 1, 1};
  reader.inputs.open_named(named, path);
  reader.inputs.feed({named, "early", true, 0});
  reader.end = Fd(open(path.c_str(), O_RDONLY | O_NONBLOCK));
  REQUIRE(reader.end);
  CHECK(reader.read_some() == "early");
  reader.read_some();
  CHECK(reader.at_end);
  reader.inputs.close(named);
  CHECK(access(path.c_str(), F_OK) != 0);
}
