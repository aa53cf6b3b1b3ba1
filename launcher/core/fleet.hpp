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
  // Of its workers, the largest that ever came; no slots: none has.
  Resources size;
  std::uint32_t slots = 0;
  // Jobs that ended before a worker of theirs was home, and what comes of them (troubles.cpp).
  std::uint32_t failures = 0;  // in a row
  std::uint32_t pauses = 0;    // in a row
  Time paused_until = 0;
  std::string trouble;  // why, in words
  std::set<std::string> good_hosts;
  std::map<std::string, std::uint32_t> bad_hosts;  // how many jobs failed there
  std::vector<std::string> excluded;
  // The scheduler takes no more jobs of this user now: tried again then, with so many at most.
  Time full_until = 0;
  std::uint32_t fulls = 0, most_at_once = 0;
  std::string full;
};

struct Submit {
  enum class Phase {
    waiting,    // its turn has not come
    launching,  // the submit command runs
    lost,       // no answer: to be looked up at look_at
    looking,    // a look-up runs
    answered,
    refused,
  };
  SubmitBegan began;
  Phase phase = Phase::waiting;
  Time look_at = 0;
  std::uint32_t unheard = 0;          // look-ups without an answer, one after the other
  std::optional<Time> unknown_since;  // the scheduler has said that it knows no such job
  Time not_before = 0;                // it is not repeated before
  bool cancelled = false;             // its jobs are not wanted any more
  bool prompt = false;                // somebody has just asked for it
  bool open() const { return phase != Phase::answered && phase != Phase::refused; }
};

// The submit that one is a part of, itself where it is none: "x7" of "x7_2".
std::string family(const std::string& token);

struct Job {
  std::string id, token;
  PoolId pool{};
  JobState state = JobState::pending;
  std::string word, reason;
  std::string nodes;  // where it is or was, in the scheduler's words
  Micros end_unix = 0;
  bool never = false;      // the scheduler says that it will not start by itself
  bool end_asked = false;  // its end is known, or known not to exist
  bool cancelled = false;  // we asked for its end
  Time ask_again = 0;      // for its end, when it is listed still
  bool draining = false;   // to be ended once its workers have no tasks
  bool started = false;    // a worker of it was home
  std::uint32_t home = 0;  // workers of it that are home
  std::uint32_t byes = 0;  // workers of it that left by themselves, and no other has come since
  bool left = false;  // all of them: it ends now, whoever ended it, and the queue says so later
  std::uint32_t misses = 0;
  bool ended() const { return state == JobState::ended; }
  bool counts() const { return !ended() && !cancelled && !draining && !left; }  // as one we have
};

class Fleet {
 public:
  explicit Fleet(const Policy& policy) : policy_(policy) {}

  void apply(const Record&);
  // Each of these may add records (applied already) and effects.
  void begin(Time now, Micros unix_now);
  JobsAccepted ask(const SubmitJobs&, Time now, Micros unix_now, Effects&);
  void submitted(const event::Submitted&, Time now, Effects&);
  void failed(const event::SubmitFailed&, Time now, Effects&);
  void unanswered(const event::SubmitUnanswered&, Time now);
  void looked_up(const event::LookedUp&, Time now, Effects&);
  void polled(const event::Polled&, Time now, Effects&);
  void cancel(const CancelJobs&, Effects&);
  void dismiss(const Pool&, Effects&);  // it has been without work for too long
  void cancel_all(Effects&);            // the cluster is being stopped
  void cancel_job(const std::string& job_id, Effects&);
  void ask_fewer(PoolId, std::uint32_t count, Effects&);
  void drain(const std::string& job_id);
  // Pools where more jobs may live than are wanted: since the last call.
  std::set<PoolId> take_recount() { return std::exchange(recount_, {}); }
  // Jobs that began to drain, or do so no more: since the last call.
  std::set<std::string> take_redrained() { return std::exchange(redrained_, {}); }
  void tick(Time now, Micros unix_now, Effects&);
  std::optional<Time> deadline() const;

  // Automatic pools (capacity.cpp decides how many).
  void automate(PoolId, const ScaleJobs&, Effects&);
  void want(PoolId, std::uint32_t jobs, Effects&);
  // Of what is above the number wanted, jobs whose submit still waits: how many.
  std::uint32_t drop_waiting(PoolId, Micros unix_now, Effects&);
  std::string top_up(PoolId, std::uint32_t jobs, Time now, Micros unix_now, Effects&);

  void came_home(const std::string& job_id, Time now);
  void left_home(const std::string& job_id, Time now);
  void said_bye(const std::string& job_id, const std::string& reason);
  void worked(PoolId, Time now);

  const Submit* submit(const std::string& token) const;
  const Job* job(const std::string& id) const;
  std::vector<std::string> jobs_of(const std::string& token) const;  // their ids
  const Pool* pool(PoolId) const;
  const Pool* pool(const std::string& name) const;
  // The pool that a submit of this shape means when it names none: it may not exist yet.
  std::string pool_for(const JobSpec&) const;
  const Pool* only_pool() const;  // with jobs, or at all; nothing when that is not one
  bool has_jobs(PoolId) const;    // that live or drain, or come by themselves
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
  // When a submit of this pool may go to the scheduler; nothing: something has to happen first.
  std::optional<Time> may_submit(const Pool&, bool prompt) const;
  // Why no more jobs of it are asked for at present, for people; empty = nothing is in the way.
  std::string paused(const Pool&, Time now, Micros unix_now) const;
  std::string held_back(const Submit&, Time now, Micros unix_now) const;  // the same of one submit
  // The first invariant that does not hold, for people; empty = all do.
  std::string broken() const;

  std::string error, hint;  // of the last submit that the scheduler refused

 private:
  void record(Record, Effects&);
  void apply_joined(const WorkerJoined&);
  void apply_asked(const PoolAsked&);
  void add_job(const std::string& id, const std::string& token);
  void set_draining(Job&, bool);
  void seen(Job&, const JobSeen&, Time now, Effects&);
  void cancel_again(const std::vector<JobSeen>&, Time now, Effects&);
  void missing(const std::set<std::string>& listed, Time now, Effects&);
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
  void look_at_queue(Time now, Effects&);
  Micros poll_interval() const;
  std::string next_token(Micros unix_now) const;
  const std::string& adapter_of(const std::string& token) const;

  // submits.cpp: what waits for its turn
  std::string begin_submit(PoolId, std::uint32_t count, bool prompt, Micros unix_now, Effects&);
  Submit& begin_part(const Submit&, std::uint32_t count, Micros unix_now, Effects&);
  std::optional<Time> launch_at(const Submit&) const;
  void launch_waiting(Time now, Micros unix_now, Effects&);
  void launch_in_turn(Submit&, Time now, Micros unix_now, Effects&);
  void launch(Submit&, Time now, Micros unix_now, Effects&);
  bool drop_unwanted(Submit&, Micros unix_now, Effects&);
  void answered(const Submit&, Time now);
  JobSpec spec_of(const Submit&) const;
  std::uint32_t at_scheduler(const std::string& adapter) const;
  std::uint32_t most_now(const Pool&) const;

  // troubles.cpp: jobs that die before a worker of theirs is home
  void end_job(Job&, const std::string& word, const std::string& reason, Time now, Effects&);
  void failed_at_start(const Job&, Time now, Effects&);
  bool exclude(Pool&, const Job&, Effects&);
  void pause_pool(Pool&, Time now);
  static void forgive(Pool&);
  static void unblock(Pool&);

  Policy policy_;
  std::map<PoolId, Pool> pools_;
  std::map<std::string, Submit> submits_;  // by token
  std::set<std::string> open_;             // of these, those without an answer
  std::map<std::string, Job> jobs_;        // by the scheduler's id
  std::vector<std::string> order_;
  std::set<std::string> draining_;
  std::set<PoolId> recount_;
  std::set<std::string> redrained_;
  bool stopping_ = false;
  std::map<std::string, Time> last_submit_;  // by adapter: its answer, or the command's start

  std::optional<Time> next_poll_;
  Time last_poll_ = 0;
  std::uint32_t unheard_polls_ = 0;        // without an answer, one after the other
  std::uint32_t quiet_polls_ = 0;          // with nothing new in it, one after the other
  bool news_ = false;                      // in the answer that is being read
  std::vector<std::string> adapters_due_;  // of the poll that goes on
  std::optional<std::string> polling_;     // one query at a time
  std::vector<std::string> polled_jobs_;
};

}  // namespace pcluster
