// Output on its way to the spool: batches, and a disk that fills up.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cerrno>
#include <cstdlib>

#include "launcher/io/file.hpp"
#include "mpi-runtime/output.hpp"

using namespace pcluster;

namespace {

struct Spooled {
  Spooled() {
    char name[] = "/tmp/pcluster-test-output-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    directory.root = name;
    make_directories(directory.spool());
    Disk disk;
    disk.write = [this](int fd, const void* bytes, std::size_t size) -> ssize_t {
      if (!full) return ::write(fd, bytes, size);
      errno = ENOSPC;
      return -1;
    };
    disk.about = [](int, struct statfs* about) { return about->f_type = 0x6969, 0; };
    disk.sync_data = [this](int) { return sync_fails ? (errno = EDQUOT, -1) : 0; };
    output.open(directory.spool(), "w3", disk);
  }
  ~Spooled() { remove_tree(directory.root); }

  std::string message_of(std::uint32_t index) {
    std::vector<TaskResult> results(1);
    results[0].attempt = attempt(index);
    output.vouch_for(results);
    return results[0].message;
  }
  std::string text_of(std::uint32_t index) const {
    std::string text;
    for (const auto& piece : find_output(directory, WorkloadId{7}, index))
      text += read_piece(piece);
    return text;
  }
  void turn(Micros time) {
    loop.at(loop.now() + time, [this] { loop.stop(); });
    loop.run();
  }
  static AttemptId attempt(std::uint32_t index) { return {{WorkloadId{7}, index}, 1, 1}; }

  Loop loop;
  StateDirectory directory;
  bool full = false, sync_fails = false;
  std::vector<std::string> said;
  TaskOutput output{loop, [this](const std::string& text) { said.push_back(text); }};
};

}  // namespace

TEST_CASE("a report's output is in the spool before it leaves; other output soon") {
  Spooled s;
  s.output.write(s.attempt(1), Stream::out, "one\n");
  CHECK(s.message_of(1).empty());
  CHECK(s.text_of(1) == "one\n");
  s.output.write(s.attempt(2), Stream::err, "two\n");
  s.turn(800 * millisecond);
  CHECK(s.text_of(2) == "two\n");
  CHECK(s.said.empty());
}

TEST_CASE("disk full: said once, in the results too; what is kept is written when there is room") {
  Spooled s;
  s.full = true;
  s.output.write(s.attempt(1), Stream::out, "one\n");
  auto message = s.message_of(1);
  CHECK(message.find("its output was not kept whole: ") == 0);
  CHECK(message.find("No space left on device") != std::string::npos);
  CHECK(s.message_of(5).empty());  // it wrote nothing
  std::string much(1 << 20, 'x');
  for (int i = 0; i < 20; ++i)
    s.output.write(s.attempt(2), Stream::out, much);  // memory is bounded
  REQUIRE(s.said.size() == 1);
  CHECK(s.said[0].find("No space left on device") != std::string::npos);

  s.full = false;
  s.turn(800 * millisecond);
  CHECK(s.text_of(1) == "one\n");
  CHECK(s.message_of(1).empty());
  CHECK(s.text_of(2).size() < 8 << 20);
  CHECK(s.message_of(2).find("not kept whole") != std::string::npos);  // some was dropped for good
  s.output.write(s.attempt(3), Stream::out, "three\n");
  CHECK(s.message_of(3).empty());
  CHECK(s.text_of(3) == "three\n");
  CHECK(s.said.back() == "output of tasks is written again");
  s.output.forget(WorkloadId{7});
  CHECK(s.message_of(2).empty());
}

TEST_CASE("a quota that only the sync tells of: the results say so, and later ones are whole") {
  Spooled s;
  s.sync_fails = true;
  s.output.write(s.attempt(1), Stream::out, "one\n");
  CHECK(s.message_of(1).find("Disk quota exceeded") != std::string::npos);
  s.sync_fails = false;
  s.turn(800 * millisecond);
  CHECK(s.said.back() == "output of tasks is written again");
  CHECK(s.message_of(1).find("not kept whole") != std::string::npos);  // who knows
  s.output.write(s.attempt(2), Stream::out, "two\n");
  CHECK(s.message_of(2).empty());
  CHECK(s.text_of(2) == "two\n");
}
