// The journal: what was written comes back, whatever happens to some of its bytes.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <random>

#include "launcher/io/crc32c.hpp"
#include "launcher/io/journal.hpp"
#include "launcher/io/store.hpp"
#include "tests/io/disks.hpp"
#include "tests/io/scratch.hpp"

using namespace pcluster;

namespace {

Record gone(std::uint32_t number) {
  return WorkerGone{WorkerId{number}, "reason " + std::string(number % 7, 'r')};
}

// The numbers of the WorkerGone records, in order.
struct Read {
  std::vector<std::uint32_t> numbers;
  ReplayReport report;
};
Read read_back(const std::string& directory) {
  Read read;
  read.report = replay_journal(directory, [&](const Record& record) {
    if (const auto* one = std::get_if<WorkerGone>(&record))
      read.numbers.push_back(static_cast<std::uint32_t>(one->worker));
  });
  return read;
}

std::vector<std::uint32_t> up_to(std::uint32_t count) {
  std::vector<std::uint32_t> numbers(count);
  for (std::uint32_t i = 0; i < count; ++i) numbers[i] = i;
  return numbers;
}

void write_journal(const std::string& directory, Epoch epoch, std::uint32_t first,
                   std::uint32_t last) {
  Journal journal(directory, epoch, {});
  for (auto i = first; i < last; ++i) journal.add(gone(i));
  REQUIRE(journal.flush().empty());
}

// `numbers` without at most `missing` of 0 .. count-1, in order.
void check_nearly_all(const Read& read, std::uint32_t count, std::size_t missing) {
  CHECK(std::is_sorted(read.numbers.begin(), read.numbers.end()));
  CHECK(std::adjacent_find(read.numbers.begin(), read.numbers.end()) == read.numbers.end());
  CHECK(read.numbers.size() + missing >= count);
}

}  // namespace

TEST_CASE("CRC-32C, by instruction and by table") {
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c("") == 0);
  std::string text;
  for (int i = 0; i < 100; ++i) {
    CHECK(crc32c(text) == crc32c_by_table(text));
    text += static_cast<char>(i * 37);
  }
}

TEST_CASE("epochs follow each other in segments of their own") {
  const Scratch scratch;
  CHECK(read_back(scratch / "none").report.last_epoch == 0);
  write_journal(scratch.path, 1, 0, 10);
  write_journal(scratch.path, 2, 10, 25);
  const auto read = read_back(scratch.path);
  CHECK(read.numbers == up_to(25));
  CHECK(read.report.last_epoch == 2);
  CHECK(read.report.records == 25);
  CHECK(read.report.notes.empty());
  CHECK(list_directory(scratch.path) == std::vector<std::string>{"00000001.log", "00000002.log"});
}

TEST_CASE("a journal cut at any byte gives every record before the cut") {
  const Scratch scratch;
  const auto path = scratch / "00000001.log";
  write_journal(scratch.path, 1, 0, 12);
  const auto whole = read_file(path);
  std::vector<std::size_t> ends;  // of each record
  for (const auto& entry : scan_segment(whole).entries)
    ends.push_back(static_cast<std::size_t>(entry.payload.data() - whole.data()) +
                   entry.payload.size());
  REQUIRE(ends.size() == 12);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    append_file(scratch / "new", std::string_view(whole).substr(0, size));
    REQUIRE(rename((scratch / "new").c_str(), path.c_str()) == 0);
    const auto count = static_cast<std::uint32_t>(
        std::count_if(ends.begin(), ends.end(), [&](auto end) { return end <= size; }));
    const auto read = read_back(scratch.path);
    REQUIRE(read.numbers == up_to(count));
    const bool clean = size == 0 || (count > 0 && ends[count - 1] == size);
    REQUIRE(read.report.notes.empty() == clean);
  }
}

TEST_CASE("damage loses the records that it hits, and no other") {
  const Scratch scratch;
  const auto path = scratch / "00000001.log";
  constexpr std::uint32_t count = 2000;
  write_journal(scratch.path, 1, 0, count);
  auto bytes = read_file(path);
  const auto spoiled = [&] {
    append_file(scratch / "new", bytes);
    REQUIRE(rename((scratch / "new").c_str(), path.c_str()) == 0);
    return read_back(scratch.path);
  };
  std::mt19937 random(1);
  SUBCASE("each bit of the first records") {
    const auto size = bytes.size() / count * 4;
    for (std::size_t bit = 0; bit < size * 8; bit += 5) {
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
      const auto scan = scan_segment(bytes);
      REQUIRE(scan.entries.size() == count - 1);
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    }
  }
  SUBCASE("a hundred bits anywhere") {
    for (int i = 0; i < 100; ++i)
      bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    const auto read = spoiled();
    check_nearly_all(read, count, 100);
    CHECK(read.numbers.size() < count);
    CHECK(read.report.damaged_places > 50);
    CHECK(read.report.notes.size() >= read.report.damaged_places);
  }
  SUBCASE("two blocks of zeros") {
    for (const std::size_t at : {bytes.size() / 4, bytes.size() / 2})
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 4096, '\0');
    const auto read = spoiled();
    check_nearly_all(read, count, 2 * (4096 / 26 + 2));
    CHECK(read.report.damaged_places == 2);
    CHECK(read.numbers.back() == count - 1);
  }
  SUBCASE("garbage behind the end, then another epoch") {
    for (int i = 0; i < 64; ++i) bytes += static_cast<char>(random());
    append_file(path, std::string_view(bytes).substr(bytes.size() - 64));
    write_journal(scratch.path, 2, count, count + 5);
    const auto read = read_back(scratch.path);
    CHECK(read.numbers == up_to(count + 5));
    CHECK(read.report.damaged_bytes == 64);
  }
  SUBCASE("all of it: its epoch is not used again") {
    bytes.assign(bytes.size(), 'x');
    const auto read = spoiled();
    CHECK(read.numbers.empty());
    CHECK(read.report.last_epoch == 1);
  }
}

TEST_CASE("1,000 records cut at every byte, and with each of 10,000 bits flipped") {
  const Scratch scratch;
  constexpr std::uint32_t count = 1000;
  write_journal(scratch.path, 1, 0, count);
  auto bytes = read_file(scratch / "00000001.log");
  std::vector<std::size_t> ends;
  for (const auto& entry : scan_segment(bytes).entries)
    ends.push_back(static_cast<std::size_t>(entry.payload.data() - bytes.data()) +
                   entry.payload.size());
  REQUIRE(ends.size() == count);
  std::size_t whole = 0;
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    while (whole < count && ends[whole] <= size) ++whole;
    const auto scan = scan_segment(std::string_view(bytes).substr(0, size));
    if (scan.entries.size() != whole) FAIL(size);
  }
  std::mt19937 random(1);
  for (int i = 0; i < 10'000; ++i) {
    auto& byte = bytes[random() % bytes.size()];
    const auto bit = static_cast<char>(1 << random() % 8);
    byte = static_cast<char>(byte ^ bit);
    if (scan_segment(bytes).entries.size() != count - 1) FAIL(i);
    byte = static_cast<char>(byte ^ bit);
  }
}

TEST_CASE("10,000 bits flipped in one journal: it is read, but for the records that they hit") {
  const Scratch scratch;
  constexpr std::uint32_t count = 40'000;
  write_journal(scratch.path, 1, 0, count);
  auto bytes = read_file(scratch / "00000001.log");
  std::mt19937 random(2);
  for (int i = 0; i < 10'000; ++i)
    bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
  remove_tree(scratch / "00000001.log");
  append_file(scratch / "00000001.log", bytes);
  check_nearly_all(read_back(scratch.path), count, 10'000);
}

TEST_CASE("a newer journal is refused by its version, an unknown record is not") {
  const Scratch scratch;
  {
    Journal journal(scratch.path, 1, {});
    journal.add(EpochBegan{1, journal_version});
    journal.add(gone(0));
    REQUIRE(journal.flush().empty());
  }
  std::string strange;
  append_record(strange, {1, 3}, "no message pack at all");
  append_record(strange, {1, 4}, "");
  append_file(scratch / "00000001.log", strange);
  const auto read = read_back(scratch.path);
  CHECK(read.numbers == up_to(1));
  CHECK(read.report.notes.size() == 2);
  Journal journal(scratch.path, 2, {});
  journal.add(EpochBegan{2, journal_version + 1});
  REQUIRE(journal.flush().empty());
  const auto error = error_of([&] { read_back(scratch.path); });
  CHECK(std::string(error.what()).find(fmt::format("version {}", journal_version + 1)) !=
        std::string::npos);
}

TEST_CASE("what an old launcher writes after a new one began does not count") {
  const Scratch scratch;
  Journal old(scratch.path, 1, {});
  old.add(gone(0));
  REQUIRE(old.flush().empty());
  write_journal(scratch.path, 2, 1, 3);
  std::string late;
  append_record(late, {1, 2}, "anything");
  write_file(scratch / "00000003.log", late);
  CHECK(read_back(scratch.path).numbers == up_to(3));
}

TEST_CASE("a disk that fills up at any byte: nothing is lost, nothing comes twice") {
  const Scratch whole;
  write_journal(whole.path, 1, 0, 20);
  const auto size = static_cast<long>(read_file(whole / "00000001.log").size());
  for (long room = 0; room <= size; room += 3) {
    const Scratch scratch;
    const auto state = std::make_shared<DiskState>();
    state->room = room;
    Journal journal(scratch.path, 1, disk_of(state));
    for (std::uint32_t i = 0; i < 20; ++i) journal.add(gone(i));
    if (room < size) {
      REQUIRE(journal.flush().find("No space left") != std::string::npos);
      REQUIRE(journal.flush().find("00000001.log") != std::string::npos);
      const auto half_way = read_back(scratch.path);  // a crash now
      REQUIRE(half_way.numbers == up_to(static_cast<std::uint32_t>(half_way.numbers.size())));
    }
    state->room = 1 << 20;
    journal.add(gone(20));
    REQUIRE(journal.flush().empty());
    const auto read = read_back(scratch.path);
    REQUIRE(read.numbers == up_to(21));
    REQUIRE(read.report.notes.empty());
  }
}

TEST_CASE("after a failed sync the records go to a new segment, in order, once") {
  const Scratch scratch;
  const auto state = std::make_shared<DiskState>();
  Journal journal(scratch.path, 1, disk_of(state));
  const auto add = [&](std::uint32_t first, std::uint32_t last) {
    for (auto i = first; i < last; ++i) journal.add(gone(i));
  };
  add(0, 10);
  REQUIRE(journal.flush().empty());
  add(10, 20);
  SUBCASE("a sync fails once") { state->sync_error = EIO; }
  SUBCASE("a write fails once") { state->write_error = EIO; }
  for (int i = 0; i < 3; ++i)
    CHECK(journal.flush().find("Input/output error") != std::string::npos);
  state->sync_error = 0;
  state->write_error = 0;
  add(20, 25);
  REQUIRE(journal.flush().empty());
  const auto read = read_back(scratch.path);
  CHECK(read.numbers == up_to(25));
  CHECK(read.report.notes.empty());
  CHECK(list_directory(scratch.path).size() == 2);  // failed attempts leave no empty files
}

TEST_CASE("segments end at their size") {
  const Scratch scratch;
  Journal journal(scratch.path, 1, {});
  const std::string large(4u << 20, 'x');
  std::uint32_t number = 0;
  for (int i = 0; i < 17; ++i) {
    journal.add(WorkerGone{WorkerId{number++}, large});
    REQUIRE(journal.flush().empty());
  }
  CHECK(read_back(scratch.path).numbers == up_to(17));
  CHECK(list_directory(scratch.path).size() == 2);
}
