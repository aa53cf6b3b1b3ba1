// doctor's side of the talk with its probe: listens, waits for what it finds, calls it back, and
// exchanges stamps with it.
// SPDX-License-Identifier: MIT
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "launcher/cli/doctor_probe.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/io/link.hpp"
#include "launcher/io/state.hpp"

namespace pcluster {

class DoctorTalk {
 public:
  // Listens, and leaves its request for the probe.  Throws Error when no port is free.
  DoctorTalk(const Submission&, const StateDirectory&, const JobIdentity&);

  // From the submit to the last stamp, or to what went wrong.
  void go_on(ProbeRun&);
  bool still_queued() const { return last_seen_ && last_seen_->state == JobState::pending; }

 private:
  void accept(LinkPtr);
  void tick();
  void look_for_findings();
  void poll();
  void polled(const CommandResult&);
  void give_up_waiting();
  void call_back();
  void exchange_stamps();
  void fail(std::string problem, std::string remedy = {});
  void finish();
  std::string waiting_text() const;
  Micros elapsed() const { return loop_.now() - begun_; }

  const Submission& submission_;
  const Adapter& adapter_;
  StateDirectory directory_;
  ProbePaths paths_;
  JobIdentity job_;
  ClusterKey key_;
  Loop loop_;
  std::unique_ptr<Listener> listener_;
  std::vector<LinkPtr> links_;
  ProbeRun* run_ = nullptr;
  StatusLine line_;

  Time begun_ = 0, next_look_ = 0, next_poll_ = 0, running_since_ = 0, absent_since_ = 0;
  Time talk_since_ = 0;
  Micros poll_pause_ = 0;
  bool polling_ = false, ended_ = false, interrupted_ = false;
  std::optional<JobSeen> last_seen_;
  std::size_t calls_ = 0;  // back to the node, under way
  Stamp stamp_;
  Time stamped_at_ = 0;
};

}  // namespace pcluster
