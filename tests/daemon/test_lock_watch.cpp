// Another launcher takes the cluster over: this one writes nothing more, and is told.
// SPDX-License-Identifier: MIT
#include "launcher/daemon/lock_watch.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>

#include "launcher/io/file.hpp"
#include "tests/io/scratch.hpp"

using namespace pcluster;

TEST_CASE("once another has the lock nothing is written, and that is told once") {
  const Scratch scratch;
  const StateDirectory directory{scratch.path};
  const auto lock = take_lock(directory);
  Loop loop;
  int lost = 0;
  LockWatch watch(
      loop, lock,
      [&] {
        ++lost;
        loop.stop();
      },
      10 * millisecond);
  std::string written;
  Disk disk;
  disk.write = [&](int, const void* bytes, std::size_t size) {
    written.append(static_cast<const char*>(bytes), size);
    return static_cast<ssize_t>(size);
  };
  const auto fenced = watch.fenced(disk);
  CHECK(fenced.write(1, "a", 1) == 1);
  write_file(directory.lock(), "another's");
  SUBCASE("at a write") {
    CHECK(fenced.write(1, "b", 1) == -1);
    CHECK(errno == ESTALE);
  }
  SUBCASE("without one") {}
  loop.run();
  write_file(directory.lock(), lock.text);  // too late: the other may have begun
  CHECK(fenced.write(1, "c", 1) == -1);
  CHECK(written == "a");
  CHECK(lost == 1);
}
