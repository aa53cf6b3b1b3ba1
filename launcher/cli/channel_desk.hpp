// What a client of channels does with what its launcher and its standard input say: frames out,
// requests out.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "launcher/cli/channel_frames.hpp"
#include "launcher/cli/standard_input.hpp"
#include "launcher/model/messages.hpp"

namespace pcluster {

// One try of a channel's program, from the first that is heard of it.
struct ChannelAttempt {
  AttemptId id;
  WorkerId worker{};
  std::string host;
  bool opened = false;  // our reader knows of it
  bool listed = false;  // a new launcher knew of it: whatever it says, it runs
  std::string early;    // what it wrote before that
  std::uint64_t got = 0, written = 0, confirmed = 0;  // of its bytes; written: to our output
  bool got_end = false, asked_again = false;
  InputWindow window;
  bool wanted = false, end_of_input = false;
  std::string waiting;  // for room at the program
  std::size_t taken = 0;
  std::optional<ChannelState> over;
  Time over_at = 0;
};

class ChannelDesk {
 public:
  static constexpr std::uint32_t window = 512u << 10;     // bytes of a program's that we may hold
  static constexpr std::size_t most_waiting = 64u << 20;  // of standard input, for all programs
  static constexpr Micros patience = 5 * second;          // for last bytes that do not come

  ChannelDesk(WorkloadId id, std::uint32_t tasks) : id_(id), channels_(tasks) {}

  void told(const Reply&, Time now);
  void read(std::string_view bytes);  // of standard input; throws Error(Exit::usage): no frames
  bool wants_input() const { return waiting_ < most_waiting; }
  void end_all();
  void cancel_all();
  // On the connection to a new launcher, which follows the workload again.
  void reconnected();
  // Attempts that a new launcher does not know of any more: how they ended is to be found out.
  std::vector<AttemptId> take_vanished() { return std::exchange(vanished_, {}); }
  void ended(const ChannelState&, Time now);
  void tick(Time now);  // once per turn

  std::vector<Request> take_requests();
  std::string_view output() const { return out_.waiting(); }
  void written(std::size_t bytes);  // of the output

  bool finished() const { return said_finished_; }  // the last frame is in the output
  const Progress& last() const { return last_; }
  bool ours() const { return asked_end_; }  // we asked that programs end

 private:
  struct Channel {
    std::optional<ChannelAttempt> now;
    bool ended = false;      // no more input, no more attempts
    bool cancelled = false;  // its launcher was told so
    bool closed = false;
    std::pair<std::uint32_t, Epoch> last{};  // number and epoch of its newest attempt
  };
  struct Mark {  // once so much has left: the attempt's first `have` bytes have
    std::uint64_t upto;
    AttemptId attempt;
    std::uint64_t have;
  };

  ChannelAttempt* find(const AttemptId&);
  ChannelAttempt* find_or_begin(const AttemptId&);
  void heard(ChannelAttempt&);
  void open(ChannelAttempt&, WorkerId, const std::string& host);
  void take(const ChannelState&, Time now);
  void take(const ChannelBytes&);
  void take(const InputWanted&);
  void take(const RunningTasks&);
  void take(const Status&);
  void take(const Progress&, Time now);
  void put(ChannelAttempt&, std::string_view bytes);
  void close(Channel&, ChannelState);
  void close_if_complete(Channel&, bool late);
  void frame(const FrameHeader&, std::string_view bytes);
  void end(std::uint32_t index);
  void cancel(std::uint32_t index);
  void tell_cancelled(std::uint32_t index);
  void pump(ChannelAttempt&);
  void confirm(ChannelAttempt&, bool again = false);

  WorkloadId id_;
  std::vector<Channel> channels_;
  FrameReader in_;
  FrameWriter out_;
  std::vector<Request> requests_;
  std::vector<std::uint32_t> dirty_;  // channels with input to be sent
  std::deque<Mark> marks_;
  std::vector<AttemptId> vanished_;
  std::map<WorkerId, std::string> hosts_;
  std::size_t waiting_ = 0, over_ = 0, open_ = 0;
  Progress last_;
  std::string noted_;
  std::optional<Time> finished_at_;
  bool asked_end_ = false, asks_running_ = false, said_finished_ = false;
};

}  // namespace pcluster
