// Asks for the jobs and waits until their workers are home.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <tuple>

#include "launcher/base/text.hpp"
#include "launcher/cli/arrival.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/not_home.hpp"
#include "launcher/cli/progress_text.hpp"
#include "launcher/cli/submission.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

constexpr Micros quick = 20 * millisecond, slow = 250 * millisecond;  // between two looks
constexpr Micros quick_phase = 2 * second;
constexpr Micros hopeless_for = 300 * millisecond;  // so long, before we believe it
constexpr Micros never_after = 10 * second;  // reasons pass when hosts come back; give them that

struct Wait {
  const Submission& submission;
  Client& client;
  bool started_launcher;
  WaitRules rules;
  Expected expected;
  Time begun = steady_now();
  Status status = {};
  Arrival arrival = {};
  NotHome trouble = {};
};

// Nothing of ours may stay in the queue.  A launcher that we started for this, and that has nothing
// else, goes too.
void cancel_queued(Wait& wait) {
  const bool alone = wait.started_launcher && wait.arrival.home == 0 &&
                     wait.status.workloads.empty() && wait.status.pools.size() <= 1;
  try {
    if (alone)
      stop_launcher(wait.submission.session, wait.client);
    else
      wait.client.ask<Accepted>(CancelJobs{{wait.expected.token}, wait.arrival.home > 0},
                                10 * second);
  } catch (const Error& error) {
    wait.submission.session.say(fmt::format("cannot cancel the queued jobs: {}", error.what()));
  }
}

// The last lines of the first job that died, and its reason.
std::string obituary(const Arrival& arrival) {
  if (arrival.died.empty()) return {};
  const auto& job = arrival.died.front();
  auto text = fmt::format("job {}", job.job_id.empty() ? job.token : job.job_id);
  if (!job.reason.empty()) text += fmt::format(" ({})", job.reason);
  const auto tail = log_tail(job.log);
  if (!tail.empty()) return text + fmt::format(" said last, in {}:\n{}", job.log, tail);
  text += fmt::format(" left nothing in {}", job.log);
  if (!exists(job.log)) text += fmt::format(": {}", unseen_directory);
  return text;
}

// Which pool, where it is not the one that everybody has.
std::string prefix(const Wait& wait) {
  const auto& pool = wait.expected.pool;
  return pool == "default" ? "" : fmt::format("pool {}: ", printable(pool));
}

std::string count_text(const Wait& wait) {
  return fmt::format("{}{}/{} workers available", prefix(wait), wait.arrival.home,
                     wait.arrival.wanted);
}

// What can be done about the first reason that we know of.
std::string remedy(const Wait& wait) {
  for (const auto& job : wait.arrival.absent)
    if (const auto words = wait.submission.adapter->remedy(job.reason); !words.empty())
      return fmt::format("{}: {}\n  ", printable(job.reason), words);
  return {};
}

// The verb that finds where it stops, asked as this command was.
std::string see_doctor(const Wait& wait) {
  const auto& spec = wait.submission.plan.spec;
  auto words = std::string("see where it stops: pcluster doctor");
  if (!spec.partition.empty()) words += " --partition " + shell_quote(spec.partition);
  return words + "\n  ";
}

[[noreturn]] void give_up(Wait& wait, std::string what) {
  const bool keeps = wait.rules.keep_queued && !wait.arrival.absent.empty();
  auto hint = remedy(wait);
  if (const auto& trouble = wait.trouble.text(); !trouble.empty()) {
    what += "; " + trouble;
    hint += see_doctor(wait);
  }
  if (!keeps) cancel_queued(wait);
  throw Error(
      Exit::timed_out, what,
      hint + (keeps ? "the jobs stay queued; pcluster status shows them, pcluster stop ends them"
                    : "what this command queued is cancelled; --timeout waits longer, "
                      "--keep-queued leaves it in the queue"));
}

[[noreturn]] void interrupted(Wait& wait) {
  cancel_queued(wait);
  throw Error(Exit::interrupted,
              wait.arrival.home > 0 ? "interrupted: the queued jobs are cancelled, " +
                                          fmt::format("{} workers stay", wait.arrival.home)
                                    : "interrupted: what this command queued is cancelled",
              wait.arrival.home > 0 ? "pcluster stop ends them" : "");
}

[[noreturn]] void hopeless(Wait& wait) {
  const auto& [arrival, status] = std::tie(wait.arrival, wait.status);
  if (arrival.refused) {
    cancel_queued(wait);
    throw Error(Exit::refused, status.submit_error, status.submit_hint);
  }
  auto text =
      fmt::format("{}, and no more can come: {} job{} ended while starting", count_text(wait),
                  arrival.died.size(), arrival.died.size() == 1 ? "" : "s");
  if (const auto last = obituary(arrival); !last.empty()) text += "\n" + last;
  give_up(wait, text);
}

void say_partly(const Wait& wait) {
  const auto& [arrival, session] = std::tie(wait.arrival, wait.submission.session);
  auto text = count_text(wait);
  if (arrival.absent.empty())
    text += fmt::format("; {} ended while starting", arrival.died.size());
  else
    text += ", starting; " + absent_jobs_text(arrival.absent);
  if (!wait.trouble.text().empty()) text += "; " + wait.trouble.text();
  session.say(text);
  if (const auto last = obituary(arrival); !last.empty()) session.say(last);
}

void look_again(Wait& wait) {
  wait.status = wait.client.ask<Status>(GetStatus{});
  wait.arrival = look(wait.status, wait.expected);
}

// Between two looks; returns early on a signal.
void pause(Wait& wait, Micros elapsed) {
  const auto got = wait.client.receive(elapsed < quick_phase ? quick : slow);
  if (got.kind == Client::Got::Kind::closed)
    throw Error(Exit::refused, "the launcher ended while the workers were starting",
                "its log: " + wait.submission.session.state().log());
}

// Until all are home, or as many as there will be; throws when there are too few.
void await_workers(Wait& wait) {
  const auto& [plan, session] = std::tie(wait.submission.plan, wait.submission.session);
  StatusLine line(session.err_is_terminal, session.quiet, 5 * second);
  Time hopeless_since = 0;  // 0: not
  for (;;) {
    look_again(wait);
    const auto now = steady_now();
    const auto elapsed = now - wait.begun;
    const auto& arrival = wait.arrival;
    if (arrival.complete) {
      line.last(fmt::format("{} ({} host{}), {}", count_text(wait), arrival.hosts,
                            arrival.hosts == 1 ? "" : "s", show_duration(elapsed)));
      return;
    }
    wait.trouble.look(arrival.absent, now);
    line.show(prefix(wait) + waiting_text(arrival.home, arrival.wanted, elapsed) +
                  (wait.trouble.text().empty() ? "" : "; " + wait.trouble.text()),
              now);
    if (!arrival.hopeless) hopeless_since = 0;
    if (arrival.hopeless && hopeless_since == 0) hopeless_since = now;
    const bool over = hopeless_since > 0 && now - hopeless_since >= hopeless_for;
    const bool never = arrival.home == 0 && ((plan.partition_down && arrival.explained) ||
                                             (arrival.never && elapsed >= never_after));
    const bool late = never || elapsed >= plan.timeout;
    if (over || late) {
      line.keep();
      if (arrival.home >= plan.min_workers && !arrival.refused) return say_partly(wait);
      if (over) hopeless(wait);
      give_up(wait, fmt::format("{} after {}: {}", count_text(wait),
                                show_duration(std::min(elapsed, plan.timeout)),
                                absent_jobs_text(arrival.absent)));
    }
    if (interrupts() > 0) {
      line.keep();
      interrupted(wait);
    }
    if (hung_up()) return;  // the terminal is gone; the jobs are wanted still
    pause(wait, elapsed);
  }
}

// Until the scheduler has taken the jobs.
void await_queued(Wait& wait) {
  constexpr Micros limit = 60 * second;
  for (;;) {
    look_again(wait);
    const auto elapsed = steady_now() - wait.begun;
    if (wait.arrival.refused) hopeless(wait);
    if (interrupts() > 0) interrupted(wait);
    if (wait.arrival.queued || elapsed > limit) break;
    pause(wait, elapsed);
  }
  const auto& session = wait.submission.session;
  const auto later = wait.arrival.held_back;
  session.say(wait.arrival.queued
                  ? fmt::format("{}{} jobs queued{}; pcluster status shows them", prefix(wait),
                                wait.expected.new_jobs - std::min(later, wait.expected.new_jobs),
                                later > 0 ? fmt::format(", {} wait for their turn", later) : "")
                  : "the scheduler has not answered yet; the launcher asks on: pcluster status");
}

}  // namespace

int bring_up(const Submission& submission, Launched& launched, WaitRules rules) {
  const auto& plan = submission.plan;
  const auto accepted = launched.client.ask<JobsAccepted>(
      SubmitJobs{plan.spec, plan.jobs, plan.pool, plan.idle_timeout, plan.orphan_timeout});
  return await_jobs(submission, launched, accepted, rules);
}

int await_jobs(const Submission& submission, Launched& launched, const JobsAccepted& accepted,
               WaitRules rules) {
  const auto& [plan, session] = std::tie(submission.plan, submission.session);
  Wait wait{
      submission,
      launched.client,
      launched.started,
      rules,
      {accepted.pool, accepted.token, accepted.workers_wanted, accepted.new_jobs, plan.spec.nodes}};
  rules.wait ? await_workers(wait) : await_queued(wait);
  if (session.json)
    write_out(rules.wait ? workers_document(wait.status) : jobs_document(wait.status));
  return static_cast<int>(Exit::done);
}

}  // namespace pcluster
