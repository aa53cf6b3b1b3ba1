// The frames of `pcluster channels` on its standard streams (docs/channels.md).  Pure: no clock,
// no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace pcluster {

struct FrameHeader {
  static constexpr std::size_t size = 16;  // bytes: u32 length, channel, attempt; u8 kind; 3 zeros
  static constexpr std::uint32_t all = 0xffffffff;  // as a channel: every one

  std::uint32_t length = 0, channel = 0, attempt = 0;
  std::uint8_t kind = 0;
};
enum FrameOut : std::uint8_t { opened = 1, data_out, closed, note, finished };
enum FrameIn : std::uint8_t { data_in = 1, end_in, cancel_in };

// Standard input as it comes: what belongs to a frame's payload need not be there whole.
class FrameReader {
 public:
  // `piece`: a part of a data frame's payload, or a whole frame of another kind, whose payload
  // does not count.  Throws Error(Exit::usage) on what is no frame.
  using Piece = std::function<void(const FrameHeader&, std::string_view bytes)>;
  void feed(std::string_view bytes, const Piece& piece);
  bool between_frames() const { return head_.empty() && left_ == 0; }

 private:
  std::string head_;  // of the next frame, as far as it is here
  FrameHeader frame_;
  std::uint32_t left_ = 0;  // of its payload
};

// Frames on their way to standard output.  Data of one channel that comes in a row is one frame.
class FrameWriter {
 public:
  void data(std::uint32_t channel, std::uint32_t attempt, std::string_view bytes);
  void event(FrameOut kind, std::uint32_t channel, std::uint32_t attempt, std::string_view json);
  std::string_view waiting() const { return std::string_view(bytes_).substr(taken_); }
  void written(std::size_t bytes);
  // Counted from the first byte ever: what was put in, what has left.
  std::uint64_t put() const { return left_ + waiting().size(); }
  std::uint64_t left() const { return left_; }

 private:
  void header(const FrameHeader&);
  bool goes_on(std::uint32_t channel, std::uint32_t attempt) const;

  std::string bytes_;
  std::size_t taken_ = 0;  // of bytes_
  std::uint64_t left_ = 0, last_at_ = 0;
  FrameHeader last_;  // the newest frame, whose header is at last_at_
};

}  // namespace pcluster
