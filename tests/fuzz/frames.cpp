// What a peer sends once it has shown the key: frames, and a message in each.  A stream gives the
// same frames however it is cut; what is decoded is encoded to what is decoded to the same again.
// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "launcher/model/codec.hpp"
#include "tests/fuzz/target.hpp"

namespace pcluster::fuzz {
namespace {

constexpr std::size_t limit = 1 << 16;

std::vector<std::string> frames_of(std::string_view stream, std::size_t step, bool& broken) {
  Framer framer(limit);
  std::vector<std::string> frames;
  while (!stream.empty() && !framer.broken()) {
    framer.feed(stream.substr(0, step));
    stream.remove_prefix(std::min(step, stream.size()));
    while (const auto one = framer.next()) frames.emplace_back(*one);
  }
  broken = framer.broken();
  return frames;
}

template <class T>
void read(std::string_view payload) {
  const auto message = decode<T>(payload);
  if (!message) return;
  const auto bytes = encode(*message);
  const auto again = decode<T>(bytes);
  must(again.has_value(), "what we encode can be decoded");
  must(encode(*again) == bytes, "and says the same");
}

}  // namespace

void run(std::string_view input) {
  bool broken = false, broken_by_bytes = false;
  const auto frames = frames_of(input, input.size(), broken);
  must(frames == frames_of(input, 1, broken_by_bytes), "frames do not depend on how they come");
  must(broken == broken_by_bytes, "nor does what ends a connection");
  for (const auto& payload : frames) {
    read<FromWorker>(payload);
    read<ToWorker>(payload);
    read<Request>(payload);
    read<Reply>(payload);
    read<ToPeer>(payload);
    read<FromPeer>(payload);
  }
}

}  // namespace pcluster::fuzz
