// The worker proper, below its guard: launcher, agent and tasks joined by one loop.
// SPDX-License-Identifier: MIT
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include "launcher/io/file.hpp"
#include "launcher/io/link.hpp"
#include "launcher/io/loop.hpp"
#include "launcher/io/state.hpp"
#include "mpi-runtime/agent.hpp"
#include "mpi-runtime/dial.hpp"
#include "mpi-runtime/job_end.hpp"
#include "mpi-runtime/parts.hpp"
#include "mpi-runtime/relays.hpp"
#include "mpi-runtime/tasks.hpp"
#include "mpi-runtime/worker.hpp"

namespace pcluster {

class WorkerLoop {
 public:
  // `home` is called when the launcher has welcomed it, each time.
  WorkerLoop(const WorkerOptions&, const WorkerFacts&, const std::string& incarnation,
             std::function<void()> home);
  int run();  // the exit code

 private:
  Hello introduce(const WorkerOptions&, const std::string& incarnation);
  AheadCalls ahead_calls();
  void watch_signals();
  void warned();
  void connected(LinkPtr);
  void disconnected(const std::string& reason);
  void hang_up();
  void received(std::string_view payload);
  void carry_out(Acts);
  void carry_out_one(Act);
  void send(FromWorker);
  void set_clock();
  void leave(const std::string& reason);
  void check_end();
  void say(const std::string& text);

  std::function<void()> home_;
  Loop loop_;
  StateDirectory directory_;
  std::string name_;  // "w3", once we have it
  WorkerSize size_;
  std::uint32_t slots_;
  Tasks tasks_;
  Parts parts_;
  Relays relays_;
  std::uint16_t port_ = 0;  // where others call us
  JobEnd end_;
  Agent agent_;  // says where the parts listen
  Dial dial_;
  LinkPtr link_;
  bool welcomed_ = false;  // on this link
  std::string last_loss_;
  Fd signals_;
  std::deque<Act> to_do_;
  bool carrying_out_ = false;
  std::optional<TimerId> clock_;
  std::optional<Time> clock_at_;
  std::optional<Time> leaving_since_;
  bool killed_ = false;
  int code_ = 0;
};

}  // namespace pcluster
