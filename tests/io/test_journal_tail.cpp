// Reading a journal while it is written.
// SPDX-License-Identifier: MIT
#include <fstream>

#include "launcher/io/journal.hpp"
#include "launcher/io/journal_tail.hpp"
#include "tests/io/disks.hpp"
#include "tests/io/scratch.hpp"

using namespace pcluster;

namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// "1:4 2:5": the numbers of the records, and which workers they are about.
std::string look(JournalTail& tail) {
  std::string text;
  tail.read_new([&](std::uint64_t number, const Record& record) {
    const auto* gone = std::get_if<WorkerGone>(&record);
    text += (text.empty() ? "" : " ") + std::to_string(number) + ":" +
            (gone == nullptr ? "?" : std::to_string(static_cast<std::uint32_t>(gone->worker)));
  });
  return text;
}

Record gone(std::uint32_t worker) { return WorkerGone{WorkerId{worker}, "why"}; }

}  // namespace

TEST_CASE("each look gives what is new, over the segments of several launchers") {
  const Scratch scratch;
  JournalTail tail(scratch.path);
  CHECK(look(tail).empty());
  Journal first(scratch.path, 1, {});
  first.add(gone(4));
  first.add(gone(5));
  REQUIRE(first.flush().empty());
  CHECK(look(tail) == "1:4 2:5");
  CHECK(look(tail).empty());
  first.add(gone(6));
  REQUIRE(first.flush().empty());
  CHECK(look(tail) == "3:6");
  Journal second(scratch.path, 2, {});
  second.add(gone(7));
  REQUIRE(second.flush().empty());
  CHECK(look(tail) == "4:7");
  JournalTail late(scratch.path);
  CHECK(look(late) == "1:4 2:5 3:6 4:7");
}

TEST_CASE("a record that is not whole yet comes when it is") {
  const Scratch whole, torn;
  Journal journal(whole.path, 1, {});
  for (std::uint32_t i = 0; i < 3; ++i) journal.add(gone(i));
  REQUIRE(journal.flush().empty());
  const auto name = list_directory(whole.path).front();
  const auto bytes = bytes_of(whole.path + "/" + name);
  JournalTail tail(torn.path);
  std::string all;
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    std::ofstream(torn.path + "/" + name, std::ios::binary) << bytes.substr(0, size);
    const auto seen = look(tail);
    if (!seen.empty()) all += seen + " at " + std::to_string(size * 3 / bytes.size()) + ", ";
  }
  CHECK(all == "1:0 at 1, 2:1 at 2, 3:2 at 3, ");
}

TEST_CASE("damage is passed over") {
  const Scratch scratch;
  Journal journal(scratch.path, 1, {});
  for (std::uint32_t i = 0; i < 3; ++i) journal.add(gone(i));
  REQUIRE(journal.flush().empty());
  const auto path = scratch.path + "/" + list_directory(scratch.path).front();
  auto bytes = bytes_of(path);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  std::ofstream(path, std::ios::binary) << bytes;
  JournalTail tail(scratch.path);
  CHECK(look(tail) == "1:0 2:2");
}
