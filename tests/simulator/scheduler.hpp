// A batch scheduler that loses answers, lies and is slow, as far as its plan lets it.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "launcher/model/job.hpp"
#include "tests/simulator/clock.hpp"

namespace pcluster::sim {

struct SimJob {
  std::string id, token;
  JobState state = JobState::pending;
  Time visible_at = 0, ended_at = 0;
  Micros end_unix = 0;
  bool lied_about = false;  // some answer left it out, or called it ended
  std::string node;         // where it runs
};

class Scheduler {
 public:
  // `starts`, `ends`: a job does; the world makes and ends its workers.
  Scheduler(Clock& clock, Chance& chance, bool lies, Micros walltime)
      : clock_(clock), chance_(chance), lies_(lies), walltime_(walltime) {}
  std::function<void(const SimJob&)> starts, ends;

  enum class Outcome { accepted, refused, full, unanswered };
  struct Answer {
    Outcome outcome = Outcome::accepted;
    std::vector<std::string> ids;
  };
  Answer submit(const std::string& token, std::uint32_t count);
  Answer look_up(const std::string& token);
  // False: no answer.
  bool poll(const std::vector<std::string>& tokens, std::vector<JobSeen>& seen);
  void cancel(const std::vector<std::string>& ids);
  void end(const std::string& id);  // its script has ended
  void stop_lying() { lies_ = false; }
  void stop_failing() { dies_percent = 0, bad_node = 0; }
  int dies_percent = 0;        // of the jobs, at their start
  std::uint32_t bad_node = 0;  // all jobs there do
  std::uint32_t most_jobs = 0;
  std::vector<std::string> excluded;  // of the submit that comes next

  const std::map<std::string, SimJob>& jobs() const { return jobs_; }
  std::uint32_t submits_of(const std::string& token) const;
  std::uint32_t commands = 0;

 private:
  void start(const std::string& id);
  std::uint32_t alive() const;
  std::string choose_node();

  Clock& clock_;
  Chance& chance_;
  bool lies_;
  Micros walltime_;
  std::map<std::string, SimJob> jobs_;
  int next_ = 100;
};

constexpr Micros unix_start = 1'790'000'000 * second;

}  // namespace pcluster::sim
