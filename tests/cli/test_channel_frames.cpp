// Frames of channels: cut from a stream, and put into one.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/base/error.hpp"
#include "launcher/cli/channel_frames.hpp"
#include "tests/cli/frames.hpp"

using namespace pcluster;

TEST_CASE("frames are cut wherever their bytes are") {
  const auto text = frame_of(data_in, 3, 2, "hello") + frame_of(end_in, FrameHeader::all, 0) +
                    frame_of(data_in, 4, 1) + frame_of(cancel_in, 1, 0, "ignored");
  for (std::size_t step = 1; step <= text.size(); ++step) {
    FrameReader reader;
    std::string seen;
    for (std::size_t at = 0; at < text.size(); at += step)
      reader.feed(std::string_view(text).substr(at, step),
                  [&](const FrameHeader& header, std::string_view bytes) {
                    if (header.kind != data_in) seen += "#" + std::to_string(header.kind);
                    if (header.kind == data_in) seen += bytes;
                  });
    CHECK(seen == "hello#2#3");
    CHECK(reader.between_frames());
  }
}

TEST_CASE("what is no frame is refused") {
  FrameReader reader;
  const auto none = [](const FrameHeader&, std::string_view) {};
  CHECK_THROWS_AS(reader.feed("print('hello')\n\n\n", none), Error);
  FrameReader other;
  CHECK_THROWS_AS(other.feed(frame_of(4, 0, 0), none), Error);
}

TEST_CASE("data in a row is one frame, unless its header has left") {
  FrameWriter writer;
  writer.data(1, 1, "ab");
  writer.data(1, 1, "cd");
  CHECK(writer.waiting() == frame_of(data_out, 1, 1, "abcd"));
  writer.written(3);
  writer.data(1, 1, "ef");
  writer.data(2, 1, "x");
  writer.data(1, 1, "gh");
  const auto all = frame_of(data_out, 1, 1, "abcd") + frame_of(data_out, 1, 1, "ef") +
                   frame_of(data_out, 2, 1, "x") + frame_of(data_out, 1, 1, "gh");
  CHECK(writer.waiting() == std::string_view(all).substr(3));
  CHECK(writer.put() == all.size());
  writer.written(all.size() - 3);
  CHECK(writer.waiting().empty());
  writer.data(1, 1, "i");
  CHECK(writer.waiting() == frame_of(data_out, 1, 1, "i"));
}
