// A core on the bench: events in by short names, effects out sorted by kind; checked after each.
// SPDX-License-Identifier: MIT
#pragma once
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "launcher/core/core.hpp"

namespace pcluster::test {

constexpr Micros unix_zero = 1'790'000'000 * second;

struct Bench {
  Core core{"bench", 1};
  Time now = 0;
  std::vector<Record> journal;
  Effects last;
  std::uint64_t links = 0;
  Epoch epoch = 1;

  Bench() { take(core.begin(now, unix_zero)); }

  void take(Effects effects) {
    CHECK(core.broken() == "");
    for (const auto& record : effects.append) journal.push_back(record);
    last = std::move(effects);
  }
  void handle(Event event) { take(core.handle(event, now, unix_zero + now)); }
  void ask(Request request, std::uint64_t client = 1) {
    handle(event::ClientSaid{ClientId{client}, std::move(request)});
  }
  void say(LinkId link, FromWorker message) { handle(event::WorkerSaid{link, std::move(message)}); }
  // Time passes; every deadline on the way is kept.  `last` holds what came of all of them.
  void tick(Micros wait) {
    const auto end = now + wait;
    Effects all;
    do {
      now = std::min(end, std::max(now, core.deadline().value_or(end)));
      handle(event::Tick{});
      REQUIRE(core.deadline().value_or(now + 1) > now);  // else it would spin
      for (auto& one : last.append) all.append.push_back(one);
      for (auto& one : last.now) all.now.push_back(one);
      for (auto& one : last.after) all.after.push_back(one);
    } while (now < end);
    last = std::move(all);
  }
  // Dies and comes back with the first `records` of its journal (all of them unless said).
  void restart(std::size_t records = ~std::size_t{0}) {
    journal.resize(std::min(records, journal.size()));
    core = Core("bench", ++epoch);
    for (const auto& record : journal) core.apply(record);
    take(core.begin(now, unix_zero + now));
  }

  // A submit of n jobs whose answer is `ids`.  Returns its token.
  std::string jobs(std::vector<std::string> ids, const std::string& pool = "default",
                   Micros idle = 0) {
    SubmitJobs request;
    request.spec.adapter = "local";
    request.count = static_cast<std::uint32_t>(ids.size());
    request.pool = pool;
    request.idle_timeout = idle;
    ask(request);
    const auto token = reply<JobsAccepted>().token;
    handle(event::Submitted{token, std::move(ids)});
    return token;
  }
  Hello hello(const std::string& token, const std::string& job, std::uint32_t slots,
              std::uint64_t memory_mb = 1000) const {
    Hello me;
    me.token = token;
    me.job_id = job;
    me.host = "host-" + job;
    me.incarnation = "of-" + job;
    me.size = {slots, memory_mb, 0};
    me.slots = slots;
    return me;
  }
  LinkId join(const Hello& me) {
    const LinkId link{++links};
    say(link, me);
    say(link, Heartbeat{});
    return link;
  }
  WorkloadId add(WorkloadSpec spec) {
    ask(AddWorkload{std::move(spec), true}, 7);
    return reply<WorkloadAccepted>().workload;
  }
  static WorkloadSpec trials(std::int64_t count) {
    WorkloadSpec spec;
    spec.verb = "map";
    spec.task.argv = {"run", "{trial}"};
    spec.trials = TrialRange{0, count - 1, 1};
    return spec;
  }

  // All messages of this kind to this worker in the last effects.
  template <class T>
  std::vector<T> to(LinkId link) const {
    std::vector<T> found;
    for (const auto* effects : {&last.now, &last.after})
      for (const auto& effect : *effects)
        if (const auto* send = std::get_if<effect::SendWorker>(&effect); send && send->link == link)
          if (const auto* message = std::get_if<T>(&send->message)) found.push_back(*message);
    return found;
  }
  std::vector<AttemptId> given(LinkId link) const {
    std::vector<AttemptId> attempts;
    for (const auto& assign : to<Assign>(link))
      for (const auto& item : assign.items)
        for (std::uint32_t i = 0; i < item.count; ++i)
          attempts.push_back({{item.workload, item.first + i}, item.number, assign.epoch});
    return attempts;
  }
  template <class T>
  static std::vector<T> of(const std::vector<Effect>& effects) {
    std::vector<T> found;
    for (const auto& effect : effects)
      if (const auto* one = std::get_if<T>(&effect)) found.push_back(*one);
    return found;
  }
  template <class T>
  std::vector<T> records() const {
    std::vector<T> found;
    for (const auto& record : last.append)
      if (const auto* one = std::get_if<T>(&record)) found.push_back(*one);
    return found;
  }
  template <class T>
  T reply() const {
    for (const auto& send : of<effect::SendClient>(last.after))
      if (const auto* one = std::get_if<T>(&send.reply)) return *one;
    FAIL("no such reply");
    return {};
  }
  Progress progress(WorkloadId id) const {
    for (const auto& row : core.status(now).workloads)
      if (row.progress.workload == id) return row.progress;
    return {};
  }
  std::string state(std::size_t worker) const { return core.status(now).workers.at(worker).state; }
};

inline TaskResult result(const AttemptId& attempt, TaskState state = TaskState::done,
                         Micros wall = 5 * second) {
  TaskResult one;
  one.attempt = attempt;
  one.state = state;
  one.exit_code = state == TaskState::done ? 0 : 1;
  one.start_unix = unix_zero;
  one.end_unix = unix_zero + wall;
  return one;
}

inline Report report(std::vector<TaskResult> results, std::uint64_t sequence = 1) {
  return {sequence, std::move(results), {}};
}

}  // namespace pcluster::test
