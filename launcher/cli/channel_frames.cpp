// Frames: their 16 bytes of header, cut from a stream and put into one.
// SPDX-License-Identifier: MIT
#include "launcher/cli/channel_frames.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/error.hpp"

namespace pcluster {
namespace {

constexpr std::uint32_t longest_joined = 1u << 20;  // of data that came in pieces

void put(char* at, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<char>(value >> (8 * i));
}

std::uint32_t get(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= std::uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

FrameHeader header_of(std::string_view bytes) {
  const FrameHeader header{get(bytes, 0), get(bytes, 4), get(bytes, 8),
                           static_cast<std::uint8_t>(bytes[12])};
  const bool good = header.kind >= data_in && header.kind <= cancel_in &&
                    bytes.substr(13) == std::string_view("\0\0\0", 3);
  if (!good)
    throw Error(Exit::usage, "channels: what came on standard input is no frame",
                "a program writes it, not a person: docs/channels.md has the frames");
  return header;
}

}  // namespace

void FrameReader::feed(std::string_view bytes, const Piece& piece) {
  while (!bytes.empty()) {
    if (left_ == 0) {
      const auto wanted = std::min(FrameHeader::size - head_.size(), bytes.size());
      head_.append(bytes.substr(0, wanted));
      bytes.remove_prefix(wanted);
      if (head_.size() < FrameHeader::size) return;
      frame_ = header_of(head_);
      head_.clear();
      left_ = frame_.length;
      if (left_ == 0) piece(frame_, {});
      continue;
    }
    const auto some = bytes.substr(0, left_);
    bytes.remove_prefix(some.size());
    left_ -= static_cast<std::uint32_t>(some.size());
    if (frame_.kind == data_in || left_ == 0) piece(frame_, some);
  }
}

bool FrameWriter::goes_on(std::uint32_t channel, std::uint32_t attempt) const {
  return last_.kind == data_out && last_.channel == channel && last_.attempt == attempt &&
         last_at_ >= left_ && last_.length < longest_joined;
}

void FrameWriter::header(const FrameHeader& header) {
  last_ = header;
  last_at_ = put();
  char bytes[FrameHeader::size] = {};
  pcluster::put(bytes, header.length);
  pcluster::put(bytes + 4, header.channel);
  pcluster::put(bytes + 8, header.attempt);
  bytes[12] = static_cast<char>(header.kind);
  bytes_.append(bytes, sizeof bytes);
}

void FrameWriter::data(std::uint32_t channel, std::uint32_t attempt, std::string_view bytes) {
  if (bytes.empty()) return;
  if (!goes_on(channel, attempt)) header({0, channel, attempt, data_out});
  last_.length += static_cast<std::uint32_t>(bytes.size());
  pcluster::put(bytes_.data() + taken_ + (last_at_ - left_), last_.length);
  bytes_.append(bytes);
}

void FrameWriter::event(FrameOut kind, std::uint32_t channel, std::uint32_t attempt,
                        std::string_view json) {
  header({static_cast<std::uint32_t>(json.size()), channel, attempt, kind});
  bytes_.append(json);
}

void FrameWriter::written(std::size_t bytes) {
  taken_ += bytes;
  left_ += bytes;
  if (taken_ == bytes_.size())
    bytes_.clear(), taken_ = 0;
  else if (taken_ > bytes_.size() / 2)  // once per write it would be quadratic
    bytes_.erase(0, taken_), taken_ = 0;
}

}  // namespace pcluster
