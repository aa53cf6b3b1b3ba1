// Pools, submits and jobs: what was asked of the scheduler, what it said, what to ask it next.
// Pure.  A submit is durable before it happens, and never repeated before the scheduler itself has
// said that it knows no such job.
// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "launcher/core/core.hpp"

namespace pcluster {

struct Pool {
  PoolAsked asked;
  Time busy_at = 0;        // it had work then, or its first worker came home
  bool fewer = false;      // jobs were asked for less once: those above the number end
  std::uint32_t home = 0;  // workers; jobs that only wait in the queue cost nobody anything
};

struct Submit {
  enum class Phase {
    launching,  // the submit command runs
    lost,       // no answer: to be looked up at look_at
    looking,    // a look-up runs
    answered,
    refused,
  };
  SubmitBegan began;
  Phase phase = Phase::launching;
  Time look_at = 0;
  std::uint32_t unheard = 0;          // look-ups without an answer, one after the other
  std::optional<Time> unknown_since;  // the scheduler has said that it knows no such job
  Time not_before = 0;                // it is not repeated before
  bool cancelled = false;             // its jobs are not wanted any more
  bool open() const { return phase != Phase::answered && phase != Phase::refused; }
};

struct Job {
  std::string id, token;
  PoolId pool{};
  JobState state = JobState::pending;
  std::string word, reason;
  Micros end_unix = 0;
  bool never = false;      // the scheduler says that it will not start by itself
  bool end_asked = false;  // its end is known, or known not to exist
  bool cancelled = false;  // we asked for its end
  Time ask_again = 0;      // for its end, when it is listed still
  bool draining = false;   // to be ended once its workers have no tasks
  bool started = false;    // a worker of it was home
  std::uint32_t home = 0;  // workers of it that are home
  std::uint32_t misses = 0;
  bool ended() const { return state == JobState::ended; }
};

class Fleet {
 public:
  explicit Fleet(const Policy& policy) : policy_(policy) {}

  void apply(const Record&);
  // Each of these may add records (applied already) and effects.
  void begin(Time now, Micros unix_now, Effects&);
  JobsAccepted ask(const SubmitJobs&, Time now, Micros unix_now, Effects&);
  void submitted(const event::Submitted&, Time now, Effects&);
  void failed(const event::SubmitFailed&, Effects&);
  void unanswered(const event::SubmitUnanswered&, Time now);
  void looked_up(const event::LookedUp&, Time now, Effects&);
  void polled(const event::Polled&, Time now, Effects&);
  void cancel(const CancelJobs&, Effects&);
  void dismiss(const Pool&, Effects&);  // it has been without work for too long
  void cancel_all(Effects&);            // the cluster is being stopped
  void cancel_job(const std::string& job_id, Effects&);
  void ask_fewer(PoolId, std::uint32_t count, Effects&);
  void drain(const std::string& job_id);
  // Pools where more jobs may live than are wanted, or others drain: since the last call.
  std::set<PoolId> take_recount() { return std::exchange(recount_, {}); }
  void tick(Time now, Effects&);
  std::optional<Time> deadline() const;

  void came_home(const std::string& job_id, Time now);
  void left_home(const std::string& job_id, Time now);
  void worked(PoolId, Time now);

  const Submit* submit(const std::string& token) const;
  const Job* job(const std::string& id) const;
  std::vector<std::string> jobs_of(const std::string& token) const;  // their ids
  const Pool* pool(PoolId) const;
  const Pool* pool(const std::string& name) const;
  // The pool that a submit of this shape means when it names none: it may not exist yet.
  std::string pool_for(const JobSpec&) const;
  const Pool* only_pool() const;  // with jobs, or at all; nothing when that is not one
  bool has_jobs(PoolId) const;    // that live or drain
  const std::map<PoolId, Pool>& pools() const { return pools_; }
  const std::vector<std::string>& job_order() const { return order_; }  // as they became known
  const std::map<std::string, Submit>& submits() const { return submits_; }
  std::uint32_t living(
      PoolId) const;  // jobs that run or may run still, those on their way included
  std::uint32_t living() const;
  bool starting(PoolId) const;          // jobs of it that nobody came home from yet may do so
  std::uint32_t coming(PoolId) const;   // of those, the ones whose submit has not answered
  std::uint32_t surplus(PoolId) const;  // of those, the ones above what is wanted
  const std::set<std::string>& draining() const { return draining_; }
  bool unwanted(const std::string& job_id) const;  // its workers are to leave
  bool open_submits() const;
  std::vector<const Pool*> idle(Time now) const;
  // The first invariant that does not hold, for people; empty = all do.
  std::string broken() const;

  std::string error, hint;  // of the last submit that the scheduler refused

 private:
  void record(Record, Effects&);
  void add_job(const std::string& id, const std::string& token);
  void seen(Job&, const JobSeen&, Effects&);
  void cancel_again(const std::vector<JobSeen>&, Time now, Effects&);
  void missing(const std::set<std::string>& listed, Effects&);
  void cancel(std::vector<std::string> ids, Effects&);
  static void look_later(Submit&, Time at);
  Micros pause(Micros first, std::uint32_t unheard) const;
  void refuse(Submit&, SubmitRefused, Effects&);
  void want_fewer(PoolId, std::size_t count, Effects&);
  void forget_open(PoolId);
  std::uint32_t keep_draining(PoolId, std::uint32_t most);
  bool to_poll(const Job&) const;
  bool missed_last(const Job&) const;
  void schedule_poll(Time now);
  std::string next_token(Micros unix_now) const;
  const std::string& adapter_of(const std::string& token) const;

  Policy policy_;
  std::map<PoolId, Pool> pools_;
  std::map<std::string, Submit> submits_;  // by token
  std::map<std::string, Job> jobs_;        // by the scheduler's id
  std::vector<std::string> order_;
  std::set<std::string> draining_;
  std::set<PoolId> recount_;
  bool stopping_ = false;

  std::optional<Time> next_poll_;
  Time last_poll_ = 0;
  std::uint32_t unheard_polls_ = 0;        // without an answer, one after the other
  std::vector<std::string> adapters_due_;  // of the poll that goes on
  std::optional<std::string> polling_;     // one query at a time
  std::vector<std::string> polled_jobs_;
};

}  // namespace pcluster
