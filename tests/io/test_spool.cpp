// The spool: output goes in, and is found again by task.
// SPDX-License-Identifier: MIT
#include "launcher/io/spool.hpp"

#include <unistd.h>

#include "launcher/io/spool_index.hpp"
#include "launcher/io/spool_place.hpp"
#include "tests/io/disks.hpp"
#include "tests/io/scratch.hpp"

using namespace pcluster;

namespace {

AttemptId attempt(std::uint32_t workload, std::uint32_t index, std::uint32_t number = 1) {
  return {{WorkloadId{workload}, index}, number, 1};
}

std::string text_of(const std::vector<SpoolPiece>& pieces, Stream stream) {
  std::string text;
  for (const auto& piece : pieces)
    if (piece.stream == stream) text += read_piece(piece);
  return text;
}

}  // namespace

TEST_CASE("output of tasks that run at once is found again by task, stream and attempt") {
  const Scratch scratch;
  const StateDirectory state{scratch.path};
  SpoolWriter first(state.spool(), "w0"), second(state.spool(), "w1");
  for (int i = 0; i < 10; ++i) {
    first.append(attempt(1, 0), Stream::out, "a" + std::to_string(i));
    first.append(attempt(1, 1), Stream::out, "b" + std::to_string(i));
    if (i == 4) first.flush();
    first.append(attempt(1, 0), Stream::err, "e");
    second.append(attempt(2, 0), Stream::out, "other");
  }
  second.append(attempt(1, 1, 2), Stream::out, "again");
  CHECK(first.buffered() > 0);
  first.flush(), second.flush();
  CHECK(first.buffered() == 0);
  CHECK(text_of(find_output(state, WorkloadId{1}, 0), Stream::out) == "a0a1a2a3a4a5a6a7a8a9");
  CHECK(text_of(find_output(state, WorkloadId{1}, 0), Stream::err) == "eeeeeeeeee");
  CHECK(text_of(find_output(state, WorkloadId{1}, 1), Stream::out) == "b0b1b2b3b4b5b6b7b8b9again");
  CHECK(find_output(state, WorkloadId{1}, 1).back().attempt.number == 2);
  CHECK(find_output(state, WorkloadId{1}).size() == 31);
  CHECK(find_output(state, WorkloadId{3}).empty());
  CHECK(find_output({scratch / "none"}, WorkloadId{1}).empty());
}

TEST_CASE("many small bits of one task are one piece") {
  const Scratch scratch;
  const StateDirectory state{scratch.path};
  {
    SpoolWriter spool(state.spool(), "w0");
    for (int i = 0; i < 1000; ++i) spool.append(attempt(1, 0), Stream::out, "x");
    spool.append(attempt(1, 0), Stream::out, "");
  }  // its end flushes
  const auto pieces = find_output(state, WorkloadId{1});
  REQUIRE(pieces.size() == 1);
  CHECK(read_piece(pieces[0]) == std::string(1000, 'x'));
}

TEST_CASE("a full disk keeps the rest, and no entry speaks of bytes that are not there") {
  for (const long room : {0L, 1L, 7L, 20L, 21L, 40L, 60L, 99L, 100L}) {
    const Scratch scratch;
    const StateDirectory state{scratch.path};
    const auto disk = std::make_shared<DiskState>();
    disk->room = room;
    SpoolWriter spool(state.spool(), "w0", disk_of(disk));
    spool.append(attempt(1, 0), Stream::out, "0123456789");
    spool.append(attempt(1, 1), Stream::out, "abcdefghij");
    if (room < 100) {
      const auto error = error_of([&] { spool.flush(); });
      CHECK(std::string(error.what()).find("No space left") != std::string::npos);
      CHECK(spool.buffered() > 0);
    }
    for (const auto& piece : find_output(state, WorkloadId{1}))
      CHECK(read_piece(piece).size() == piece.length);
    disk->room = 1 << 20;
    spool.append(attempt(1, 0), Stream::out, "more");
    spool.flush();
    CHECK(text_of(find_output(state, WorkloadId{1}, 0), Stream::out) == "0123456789more");
    CHECK(text_of(find_output(state, WorkloadId{1}, 1), Stream::out) == "abcdefghij");
  }
}

TEST_CASE("who goes on from a place reads only what came after it") {
  const Scratch scratch;
  const StateDirectory state{scratch.path};
  SpoolWriter first(state.spool(), "w0");
  first.append(attempt(1, 0), Stream::out, "before");
  first.flush();
  auto place = spool_end(state);
  SpoolPlace beginning;
  CHECK(find_output(state, WorkloadId{1}, {}, place).empty());
  CHECK(find_output(state, WorkloadId{1}, {}, beginning).size() == 1);
  CHECK(find_output(state, WorkloadId{1}, {}, beginning).empty());
  SpoolWriter second(state.spool(), "w1");
  first.append(attempt(1, 0), Stream::out, "after");
  second.append(attempt(1, 1), Stream::out, "new");
  first.flush(), second.flush();
  CHECK(text_of(find_output(state, WorkloadId{1}, {}, place), Stream::out) == "afternew");
  CHECK(find_output(state, WorkloadId{1}, {}, place).empty());

  // One that another host sees half yet is looked at again; what follows it is told meanwhile.
  first.append(attempt(1, 2), Stream::out, "late");
  first.flush();
  first.append(attempt(1, 3), Stream::out, "last");
  first.flush();
  const auto index = state.spool() + "/w0.index";
  const auto whole = read_file(index);
  auto torn = whole;
  torn[2 * index_entry_size + 7] ^= 1;
  write_file(index, torn);
  CHECK(text_of(find_output(state, WorkloadId{1}, {}, place), Stream::out) == "last");
  write_file(index, whole);
  CHECK(text_of(find_output(state, WorkloadId{1}, {}, place), Stream::out) == "latelast");
  CHECK(find_output(state, WorkloadId{1}, {}, place).empty());
}

TEST_CASE("a torn entry is skipped, damaged ones too, and the next writer goes on behind them") {
  const Scratch scratch;
  const StateDirectory state{scratch.path};
  const auto index = state.spool() + "/w0.index";
  {
    SpoolWriter spool(state.spool(), "w0");
    for (std::uint32_t i = 0; i < 3; ++i) spool.append(attempt(1, i), Stream::out, "text");
  }
  const auto whole = read_file(index);
  REQUIRE(whole.size() == 3 * index_entry_size);
  REQUIRE(truncate(index.c_str(), static_cast<off_t>(whole.size() - 13)) == 0);
  CHECK(find_output(state, WorkloadId{1}).size() == 2);
  SpoolWriter spool(state.spool(), "w0");
  spool.append(attempt(1, 7), Stream::out, "later");
  spool.flush();
  CHECK(text_of(find_output(state, WorkloadId{1}, 7), Stream::out) == "later");
  auto bytes = read_file(index);
  bytes[index_entry_size + 20] ^= 1;
  write_file(index, bytes);
  CHECK(find_output(state, WorkloadId{1}).size() == 2);
}

TEST_CASE("a piece whose data is gone is an error that names the file") {
  const auto error = error_of([] {
    read_piece({attempt(1, 0), Stream::out, "/nowhere/w0.data", 0, 5});
  });
  CHECK(std::string(error.what()).find("/nowhere/w0.data") != std::string::npos);
}

TEST_CASE("on a network's file system a flush syncs data and index, and tells what that says") {
  for (const long kind : {0xEF53L, 0x6969L, 0x0BD00BD0L, 0xFF534D42L, 0x65735546L}) {
    const Scratch scratch;
    const StateDirectory state{scratch.path};
    const auto disk = std::make_shared<DiskState>();
    disk->kind = kind;
    const bool remote = kind != 0xEF53;
    SpoolWriter spool(state.spool(), "w0", disk_of(disk));
    spool.flush();
    CHECK(disk->syncs.load() == 0);  // nothing to sync
    spool.append(attempt(1, 0), Stream::out, "text");
    spool.flush();
    CHECK(disk->syncs.load() == (remote ? 2 : 0));
    disk->sync_error = EDQUOT;
    spool.append(attempt(1, 0), Stream::out, " more");
    if (!remote) continue;
    const auto error = error_of([&] { spool.flush(); });
    CHECK(std::string(error.what()).find("quota") != std::string::npos);
    CHECK(spool.sync_failed());
    CHECK(find_output(state, WorkloadId{1}).size() == 1);  // no entry for what may be lost
    disk->sync_error = 0;
    spool.flush();
    CHECK_FALSE(spool.sync_failed());
    CHECK(spool.buffered() == 0);
    CHECK(text_of(find_output(state, WorkloadId{1}), Stream::out) == "text more");
  }
}
