// The loop of `channels`: launcher, standard input and standard output, and it waits for neither
// while another has something.
// SPDX-License-Identifier: MIT
#include "launcher/cli/channel_talk.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

#include "launcher/cli/channel_desk.hpp"
#include "launcher/cli/comeback.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/io/store.hpp"

namespace pcluster {
namespace {

constexpr Micros look = 200 * millisecond;  // a signal may come just before we wait
constexpr int most_replies = 64;            // per turn

// Never to wait in a write; as it was when we leave, for others may have the same open file.
class WritesWithoutWaiting {
 public:
  WritesWithoutWaiting() : flags_(fcntl(STDOUT_FILENO, F_GETFL)) {
    if (flags_ >= 0) fcntl(STDOUT_FILENO, F_SETFL, flags_ | O_NONBLOCK);
  }
  ~WritesWithoutWaiting() {
    if (flags_ >= 0) fcntl(STDOUT_FILENO, F_SETFL, flags_);
  }
  WritesWithoutWaiting(const WritesWithoutWaiting&) = delete;
  WritesWithoutWaiting& operator=(const WritesWithoutWaiting&) = delete;

 private:
  int flags_;
};

// How an attempt ended while no launcher could say so: as its row says, if it has one.
ChannelState end_of(const Session& session, const AttemptId& attempt) {
  ChannelState state;
  state.attempt = attempt;
  state.state = TaskState::lost;
  state.again = true;
  try {
    for (const auto& [index, row] : read_workload(session.state(), attempt.task.workload).rows) {
      if (index != attempt.task.index) continue;
      const auto& result = row.result;
      state.again = false;
      if (result.attempt != attempt) continue;
      state.state = result.state;
      state.exit_code = result.exit_code;
      state.signal = result.signal;
      state.message = result.message;
    }
  } catch (const Error&) {  // no row yet
  }
  return state;
}

class Talk {
 public:
  Talk(const Session& session, Client client, const WorkloadAccepted& accepted, Micros grace)
      : session_(session),
        client_(std::move(client)),
        comeback_(session, accepted.workload),
        grace_(grace),
        desk_(accepted.workload, accepted.tasks) {}

  int run() {
    while (!(desk_.finished() && desk_.output().empty())) {
      wait();
      hear();
      for (const auto& attempt : desk_.take_vanished())
        desk_.ended(end_of(session_, attempt), steady_now());
      if (in_ready_) read_input();
      if (!look_at_signals()) return static_cast<int>(Exit::interrupted);
      if (ended_at_ && steady_now() - *ended_at_ >= grace_ && !std::exchange(cancelled_, true))
        desk_.cancel_all();
      write_output();  // before send: what was written is confirmed, and more comes
      desk_.tick(steady_now());
      send();
    }
    return code();
  }

 private:
  bool reads() const { return !ended_at_ && desk_.wants_input(); }

  void wait() {
    std::array<pollfd, 3> ready{{{client_.descriptor(), POLLIN, 0},
                                 {reads() ? STDIN_FILENO : -1, POLLIN, 0},
                                 {desk_.output().empty() ? -1 : STDOUT_FILENO, POLLOUT, 0}}};
    const int patience = more_ ? 0 : static_cast<int>(look / millisecond);
    const int count = poll(ready.data(), ready.size(), patience);
    in_ready_ = count > 0 && ready[1].revents != 0;
  }

  void hear() {
    more_ = false;
    for (int i = 0; i < most_replies; ++i) {
      const auto got = client_.receive(0);
      if (got.kind == Client::Got::Kind::closed) return lost();
      if (got.kind != Client::Got::Kind::reply) return;
      if (const auto* refusal = std::get_if<Refusal>(&got.reply)) refuse(*refusal);
      desk_.told(got.reply, steady_now());
    }
    more_ = true;
  }

  void lost() {
    client_ = comeback_.await();
    desk_.reconnected();
  }

  void read_input() {
    const auto got = read(STDIN_FILENO, space_.data(), space_.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got > 0) return desk_.read({space_.data(), static_cast<std::size_t>(got)});
    ended_at_ = steady_now();
    desk_.end_all();
  }

  // The first asks all programs to end; after the second we leave, and our connection's end does.
  bool look_at_signals() {
    const int came = interrupts() + (hung_up() ? 1 : 0);
    if (came > 0 && !std::exchange(cancelled_, true)) desk_.cancel_all();
    if (came > 0) interrupted_ = true;
    return came < 2;
  }

  void send() {
    try {
      for (const auto& request : desk_.take_requests()) client_.send(request);
    } catch (const Error&) {  // the next turn finds the launcher gone; then it is said again
    }
  }

  void write_output() {
    while (!desk_.output().empty()) {
      const auto output = desk_.output();
      const auto taken = gone_ ? static_cast<ssize_t>(output.size())
                               : write(STDOUT_FILENO, output.data(), output.size());
      if (taken < 0 && errno == EINTR) continue;
      if (taken < 0 && errno == EAGAIN) return;
      if (taken > 0) {
        desk_.written(static_cast<std::size_t>(taken));
        continue;
      }
      gone_ = true;  // nobody reads us any more
      if (!std::exchange(cancelled_, true)) desk_.cancel_all();
    }
  }

  int code() const {
    const auto& last = desk_.last();
    if (interrupted_) return static_cast<int>(Exit::interrupted);
    const bool others = last.cancelled > 0 && !desk_.ours();
    return static_cast<int>(last.failed > 0 || others || gone_ ? Exit::tasks_failed : Exit::done);
  }

  const Session& session_;
  Client client_;
  Comeback comeback_;
  Micros grace_;
  ChannelDesk desk_;
  WritesWithoutWaiting writes_;
  std::vector<char> space_ = std::vector<char>(256u << 10);
  std::optional<Time> ended_at_;  // our standard input
  bool more_ = false, in_ready_ = false, cancelled_ = false, interrupted_ = false, gone_ = false;
};

}  // namespace

int talk(const Session& session, Client client, const WorkloadAccepted& accepted, Micros grace) {
  std::signal(SIGPIPE, SIG_IGN);
  return Talk(session, std::move(client), accepted, grace).run();
}

}  // namespace pcluster
