// The core's wishes for jobs, carried out through an adapter's commands; their answers as events.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "launcher/core/core.hpp"
#include "launcher/io/loop.hpp"
#include "launcher/io/state.hpp"

namespace pcluster {

class Scheduler {
 public:
  Scheduler(Loop& loop, StateDirectory directory, std::string cluster,
            std::function<void(Event)> tell)
      : loop_(loop),
        directory_(std::move(directory)),
        cluster_(std::move(cluster)),
        tell_(std::move(tell)) {}

  void launch(const effect::Launch&);
  void look_up(const effect::LookUp&);
  void poll(const effect::Poll&);
  void cancel(const effect::Cancel&);
  // Commands that have not ended yet: a launcher that leaves waits for its cancels.
  std::size_t busy() const { return busy_; }

  // Where the job script's output goes; `position` in a submit of `count` jobs.
  std::string log_of(const JobRow&) const;

 private:
  using Seen = std::vector<std::pair<std::string, JobSeen>>;
  JobIdentity identity(const std::string& token, std::uint32_t count) const;
  void run(Argv argv, std::function<void(const CommandResult&)> done);
  using Words = std::function<Argv(const Adapter&)>;
  using Done = std::function<void(const Adapter& by, const CommandResult&)>;
  void run_of(const Adapter&, Words, Done);
  void cancel_some(const Adapter&, const Argv& ids, int tries);
  std::optional<JobSeen> left_behind(const std::string& token) const;
  void ask(const std::string& adapter, const std::vector<std::string>& names,
           std::function<void(std::optional<Seen>)> done);

  Loop& loop_;
  StateDirectory directory_;
  std::string cluster_;
  std::function<void(Event)> tell_;
  std::size_t busy_ = 0;
};

}  // namespace pcluster
