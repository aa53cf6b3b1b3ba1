// What comes on standard input for programs on channels, and how it goes to them.  Pure: no clock,
// no I/O.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "launcher/cli/channel_desk.hpp"

namespace pcluster {
namespace {

constexpr std::size_t largest_piece = 256u << 10;  // of one message

}  // namespace

void ChannelDesk::read(std::string_view bytes) {
  in_.feed(bytes,
           [this](const FrameHeader& header, std::string_view piece) { frame(header, piece); });
}

// For all of them, one by one: a channel is a task.
void ChannelDesk::frame(const FrameHeader& header, std::string_view bytes) {
  if (header.kind == data_in) {
    if (header.channel >= channels_.size()) return;
    auto& channel = channels_[header.channel];
    if (!channel.now || channel.now->id.number != header.attempt || channel.ended) return;
    channel.now->waiting += bytes;
    waiting_ += bytes.size();
    if (dirty_.empty() || dirty_.back() != header.channel) dirty_.push_back(header.channel);
    return;
  }
  const bool ends = header.kind == end_in;
  if (header.channel == FrameHeader::all) return ends ? end_all() : cancel_all();
  if (header.channel < channels_.size()) ends ? end(header.channel) : cancel(header.channel);
}

// A program that has not begun has nothing to read to its end.
void ChannelDesk::end(std::uint32_t index) {
  auto& channel = channels_[index];
  asked_end_ = true;
  const bool first = !std::exchange(channel.ended, true);
  if (channel.closed) return;
  if (channel.now && channel.now->opened) {
    channel.now->end_of_input = true;
    dirty_.push_back(index);
  } else if (first) {
    tell_cancelled(index);
  }
}

void ChannelDesk::end_all() {
  for (std::uint32_t i = 0; i < channels_.size(); ++i) end(i);
}

void ChannelDesk::cancel(std::uint32_t index) {
  asked_end_ = true;
  channels_[index].ended = true;
  if (!channels_[index].closed) tell_cancelled(index);
}

void ChannelDesk::tell_cancelled(std::uint32_t index) {
  channels_[index].cancelled = true;
  requests_.push_back(CancelWorkload{{id_, index}});
}

void ChannelDesk::cancel_all() {
  asked_end_ = true;
  for (auto& channel : channels_) channel.ended = channel.cancelled = true;
  requests_.push_back(CancelWorkload{{id_, {}}});
}

void ChannelDesk::pump(ChannelAttempt& one) {
  if (!one.wanted) return;
  while (one.taken < one.waiting.size() && one.window.room() > 0) {
    const auto some = std::min({one.window.room(), one.waiting.size() - one.taken, largest_piece});
    requests_.push_back(one.window.add(one.waiting.substr(one.taken, some)));
    one.taken += some;
    waiting_ -= some;
  }
  if (one.taken == one.waiting.size())
    one.waiting.clear(), one.taken = 0;
  else if (one.taken > one.waiting.size() / 2)
    one.waiting.erase(0, one.taken), one.taken = 0;
  if (one.end_of_input && one.waiting.empty() && !one.window.ended())
    requests_.push_back(one.window.end());
}

std::vector<Request> ChannelDesk::take_requests() {
  for (const auto index : dirty_)
    if (channels_[index].now) pump(*channels_[index].now);
  dirty_.clear();
  return std::exchange(requests_, {});
}

}  // namespace pcluster
