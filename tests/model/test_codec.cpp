// Bytes and back: every message and record, older and newer peers, damage, framing.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <functional>
#include <msgpack.hpp>
#include <random>

#include "launcher/model/codec.hpp"
#include "launcher/model/fields.hpp"

using namespace pcluster;

namespace {

// Every choice of a sum, each encoded, decoded and encoded again: the same bytes.
template <class Sum, std::size_t I = 0>
void round_trips() {
  if constexpr (I < std::variant_size_v<Sum>) {
    const Sum message{std::in_place_index<I>};
    const auto bytes = encode(message);
    const auto back = decode<Sum>(bytes);
    CAPTURE(I);
    REQUIRE(back);
    CHECK(back->index() == I);
    CHECK(encode(*back) == bytes);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut)
      CHECK_FALSE(decode<Sum>(bytes.substr(0, cut)));
    CHECK_FALSE(decode<Sum>(bytes + '\0'));
    round_trips<Sum, I + 1>();
  }
}

std::string packed(const std::function<void(msgpack::packer<msgpack::sbuffer>&)>& fill) {
  msgpack::sbuffer buffer;
  msgpack::packer<msgpack::sbuffer> out(buffer);
  fill(out);
  return {buffer.data(), buffer.size()};
}

}  // namespace

TEST_CASE("fields are counted without a list of them") {
  CHECK(fields::count<Heartbeat>() == 2);
  CHECK(fields::count<TaskResult>() == 13);
  CHECK(fields::count<JobSpec>() == 24);
  CHECK(fields::count<GetStatus>() == 0);
}

TEST_CASE("every message and record survives encode and decode") {
  round_trips<FromWorker>();
  round_trips<ToWorker>();
  round_trips<Request>();
  round_trips<Reply>();
  round_trips<Record>();
  round_trips<ToPeer>();
  round_trips<FromPeer>();
}

TEST_CASE("values come back as they went") {
  WorkloadSpec spec;
  spec.verb = "map";
  spec.task.argv = {"sh", "-c", std::string("a\0b\xff", 4)};
  spec.task.environment = {{"PATH", "/bin"}};
  spec.task.each = {2, 4096, 1};
  spec.trials = TrialLines{"x", "", "z"};
  spec.priority = -3;
  const auto back = decode<Record>(encode(Record{WorkloadAdded{WorkloadId{7}, spec, 12}}));
  REQUIRE(back);
  CHECK(std::get<WorkloadAdded>(*back).spec == spec);

  Hello hello;
  hello.resumed = WorkerId{3};
  hello.held = {{{WorkloadId{1}, 2}, 3, 4}};
  const auto again = decode<FromWorker>(encode(FromWorker{hello}));
  CHECK(std::get<Hello>(*again).resumed == WorkerId{3});
  CHECK(std::get<Hello>(*again).held == hello.held);
}

TEST_CASE("an older peer's shorter message keeps the defaults; a newer one's extra is dropped") {
  const auto shorter = packed([](auto& out) {
    out.pack_array(2).pack(3).pack_array(1).pack(7);  // Heartbeat with its first field only
  });
  const auto heartbeat = decode<FromWorker>(shorter);
  REQUIRE(heartbeat);
  CHECK(std::get<Heartbeat>(*heartbeat).running == 7);
  CHECK(std::get<Heartbeat>(*heartbeat).queued == 0);
  const auto longer =
      packed([](auto& out) { out.pack_array(2).pack(3).pack_array(3).pack(7).pack(8).pack(9); });
  CHECK(decode<FromWorker>(longer));
  const auto unknown = packed([](auto& out) { out.pack_array(2).pack(99).pack_array(0); });
  CHECK_FALSE(decode<FromWorker>(unknown));
}

TEST_CASE("numbers that do not fit, wrong kinds and huge claims are refused") {
  const auto heartbeat = [](auto value) {
    return packed([&](auto& out) { out.pack_array(2).pack(3).pack_array(1).pack(value); });
  };
  CHECK_FALSE(decode<FromWorker>(heartbeat(std::uint64_t{1} << 33)));
  CHECK_FALSE(decode<FromWorker>(heartbeat(-1)));
  CHECK_FALSE(decode<FromWorker>(heartbeat(std::string("x"))));
  CHECK_FALSE(decode<FromWorker>(heartbeat(1.5)));
  CHECK_FALSE(decode<FromWorker>(std::string("\xdd\xff\xff\xff\xff", 5)));  // 4 G elements
  std::string deep(100'000, '\x91');
  CHECK_FALSE(decode<FromWorker>(deep));
}

TEST_CASE("random damage never crashes") {
  std::mt19937 random(1);
  Report report;
  report.results.resize(3);
  const auto good = encode(FromWorker{report});
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = good;
    for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    static_cast<void>(decode<FromWorker>(bytes));
  }
}

TEST_CASE("frames are cut from any stream") {
  const auto stream = frame("one") + frame("two") + frame(std::string(70'000, 'x'));
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, stream.size()}) {
    Framer framer;
    std::vector<std::string> got;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      framer.feed(std::string_view(stream).substr(at, step));
      while (const auto payload = framer.next()) got.emplace_back(*payload);
    }
    REQUIRE(got.size() == 3);
    CHECK(got[0] == "one");
    CHECK(got[2].size() == 70'000);
    CHECK_FALSE(framer.broken());
  }
}

TEST_CASE("a frame of no length or above the limit breaks the stream") {
  Framer none;
  none.feed(std::string(4, '\0'));
  CHECK_FALSE(none.next());
  CHECK(none.broken());
  Framer large(100);
  large.feed(frame(std::string(101, 'x')));
  CHECK_FALSE(large.next());
  CHECK(large.broken());
}
