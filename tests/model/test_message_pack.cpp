// Our MessagePack against the library's: the same bytes, and whatever form a peer chose is read.
// SPDX-License-Identifier: MIT
#include "launcher/model/message_pack.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <msgpack.hpp>
#include <random>
#include <vector>

using namespace pcluster::message_pack;

namespace {

using Packer = msgpack::packer<msgpack::sbuffer>;

std::string theirs(const std::function<void(Packer&)>& fill) {
  msgpack::sbuffer buffer;
  Packer out(buffer);
  fill(out);
  return {buffer.data(), buffer.size()};
}

std::string ours(const std::function<void(Writer&)>& fill) {
  std::string bytes;
  Writer out(bytes);
  fill(out);
  return bytes;
}

template <class T>
void same(T value) {
  CAPTURE(value);
  const auto bytes = ours([&](Writer& out) { out.number(value); });
  REQUIRE(bytes == theirs([&](Packer& out) { out.pack(value); }));
  Reader in(bytes);
  T back{};
  CHECK(in.number(back));
  CHECK(back == value);
  CHECK(in.at_end());
}

// Every value near where the forms change.
const std::vector<std::int64_t> edges = [] {
  std::vector<std::int64_t> all;
  for (int bit = 0; bit < 63; ++bit)
    for (const std::int64_t off : {-1, 0, 1})
      for (const std::int64_t sign : {-1, 1})
        all.push_back(sign * ((std::int64_t{1} << bit) + off));
  all.push_back(std::numeric_limits<std::int64_t>::min());
  all.push_back(std::numeric_limits<std::int64_t>::max());
  all.insert(all.end(), {-31, -32, -33});
  return all;
}();

}  // namespace

TEST_CASE("numbers, bytes and arrays are packed as the library packs them") {
  for (const auto value : edges) {
    same(value);
    same(static_cast<std::uint64_t>(value));
    if (std::in_range<std::int32_t>(value)) same(static_cast<std::int32_t>(value));
    if (std::in_range<std::uint32_t>(value)) same(static_cast<std::uint32_t>(value));
  }
  for (const std::uint32_t size : {0u, 1u, 15u, 16u, 255u, 256u, 65'535u, 65'536u}) {
    CAPTURE(size);
    const std::string text(size, 'x');
    CHECK(ours([&](Writer& out) { out.bytes(text); }) ==
          theirs([&](Packer& out) { out.pack_bin(size).pack_bin_body(text.data(), size); }));
    CHECK(ours([&](Writer& out) { out.array(size); }) ==
          theirs([&](Packer& out) { out.pack_array(size); }));
  }
  CHECK(ours([](Writer& out) { out.nil(), out.boolean(true), out.boolean(false); }) ==
        theirs([](Packer& out) { out.pack_nil().pack(true).pack(false); }));
}

TEST_CASE("a number in a longer form than it needs is read; one too large for its field is not") {
  for (const auto value : edges) {
    const auto wide = theirs([&](Packer& out) { out.pack_fix_int64(value); });
    std::int64_t back = 0;
    CHECK(Reader(wide).number(back));
    CHECK(back == value);
    std::uint16_t narrow = 0;
    CHECK(Reader(wide).number(narrow) == std::in_range<std::uint16_t>(value));
    for (std::size_t cut = 0; cut < wide.size(); ++cut)
      CHECK_FALSE(Reader(std::string_view(wide).substr(0, cut)).number(back));
  }
}

TEST_CASE("what a newer peer adds is passed over, whatever it is") {
  const auto bytes = theirs([](Packer& out) {
    out.pack_array(13).pack(1.5).pack(2.5f).pack(-7).pack(1 << 20).pack_nil().pack(true);
    out.pack(std::string(40, 's')).pack(std::string(400, 't')).pack(std::string("u"));
    out.pack(std::map<int, std::vector<int>>{{1, {2, 3}}, {4, {}}});
    out.pack(std::vector<int>(70'000, 5));
    out.pack_ext(4, 1).pack_ext_body("abcd", 4);
    out.pack_ext(300, 1).pack_ext_body(std::string(300, 'e').data(), 300);
    out.pack(99);
  });
  Reader in(bytes);
  CHECK(in.skip());
  int last = 0;
  CHECK(in.number(last));
  CHECK(last == 99);
  for (std::size_t cut = 0; cut < bytes.size() - 1; cut += 1 + cut / 100)
    CHECK_FALSE(Reader(std::string_view(bytes).substr(0, cut)).skip());
  const std::string deep(100'000, '\x91');
  CHECK_FALSE(Reader(deep).skip());
  CHECK(Reader(deep + "\x01").skip());
  CHECK_FALSE(Reader(std::string("\xc1")).skip());
}

TEST_CASE("whatever the bytes are, passing over ends within them, where the library ends") {
  std::mt19937 random(1);
  const msgpack::unpack_limit small(1 << 16, 1 << 16, 1 << 16, 1 << 16, 1 << 16, 512);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(1 + random() % 24, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    Reader in(bytes);
    const bool passed = in.skip();
    std::size_t end = 0;
    bool parsed = true;
    try {
      msgpack::unpack(bytes.data(), bytes.size(), end, nullptr, nullptr, small);
    } catch (const msgpack::unpack_error&) { parsed = false; }
    CAPTURE(i);
    REQUIRE(passed == parsed);
    if (passed) REQUIRE(bytes.size() - in.left() == end);
  }
}
