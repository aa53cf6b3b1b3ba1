// One day of a busy user, with the real core: how many commands does the scheduler get?  The table:
// ./dev bench polite.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "launcher/core/core.hpp"
#include "tests/simulator/clock.hpp"

using namespace pcluster;

namespace {

constexpr Micros hour = 3600 * second, day_long = 24 * hour;
constexpr Micros unix_midnight = 1'790'000'000 * second;

// The cluster's nodes are quiet (a heartbeat a minute), which the scheduler does not notice.
Policy quiet() {
  Policy policy;
  policy.heartbeat = 60 * second;
  policy.worker_silence = 300 * second;
  return policy;
}

struct Day {
  sim::Clock clock;
  sim::Chance chance;
  Core core{"day", 1, quiet()};
  std::uint32_t submits = 0, looks = 0, cancels = 0, jobs = 0, died = 0, done = 0;
  struct Job {
    std::string token;
    JobState state = JobState::pending;
    std::uint64_t link = 0;
  };
  std::map<std::string, Job> all;
  std::map<std::uint64_t, std::string> links;
  std::uint64_t next_link = 1, armed = 0;
  std::map<std::uint64_t, std::uint64_t> reports;

  explicit Day(std::uint64_t seed) : chance(seed) { take(core.begin(0, unix_midnight)); }

  void say(Event event) { take(core.handle(event, clock.now, unix_midnight + clock.now)); }
  void later(Micros wait, std::function<void()> what) { clock.after(wait, std::move(what)); }

  void take(Effects effects) {
    for (const auto* some : {&effects.now, &effects.after})
      for (const auto& effect : *some) perform(effect);
    if (const auto at = core.deadline())
      clock.at(std::max(*at, clock.now), [this, arm = ++armed] {
        if (arm == armed) say(event::Tick{});
      });
  }

  void perform(const Effect& effect) {
    if (const auto* launch = std::get_if<effect::Launch>(&effect)) return submit(*launch);
    if (const auto* send = std::get_if<effect::SendWorker>(&effect))
      return work(static_cast<std::uint64_t>(send->link), send->message);
    if (const auto* cancel = std::get_if<effect::Cancel>(&effect)) {
      ++cancels;
      for (const auto& id : cancel->job_ids) later(second, [this, id] { end(id); });
    } else if (const auto* poll = std::get_if<effect::Poll>(&effect)) {
      ++looks;
      later(second / 2, [this, tokens = poll->tokens] { answer(tokens); });
    } else if (const auto* look = std::get_if<effect::LookUp>(&effect)) {
      ++looks;
      later(second / 2, [this, token = look->token] { say(event::LookedUp{token, {}, true}); });
    }
  }

  void submit(const effect::Launch& launch) {
    ++submits;
    std::vector<std::string> ids;
    for (std::uint32_t i = 0; i < launch.count; ++i) {
      const auto id = std::to_string(1000 + jobs++);
      all[id].token = launch.token;
      ids.push_back(id);
      later(chance.between(10, 90 * 60) * second, [this, id] { start(id); });
    }
    later(second / 5, [=, this] { say(event::Submitted{launch.token, ids}); });
  }

  void start(const std::string& id) {
    auto& job = all[id];
    if (job.state != JobState::pending) return;
    job.state = JobState::running;
    if (chance.percent(3)) {
      ++died;
      return later(2 * second, [this, id] { end(id); });
    }
    later(4 * hour, [this, id] { end(id); });
    job.link = next_link++;
    links[job.link] = id;
    Hello hello;
    hello.token = job.token;
    hello.job_id = hello.host = hello.incarnation = id;
    hello.size = {1, 4000, 0};
    later(3 * second, [this, link = job.link, hello] {
      if (!links.contains(link)) return;
      say(event::WorkerSaid{LinkId{link}, hello});
      beat(link);
    });
  }

  void beat(std::uint64_t link) {
    if (!links.contains(link)) return;
    say(event::WorkerSaid{LinkId{link}, Heartbeat{}});
    later(60 * second, [this, link] { beat(link); });
  }

  void work(std::uint64_t link, const ToWorker& message) {
    if (std::holds_alternative<StopWorker>(message))
      return later(second, [this, id = links[link]] { end(id); });
    const auto* assign = std::get_if<Assign>(&message);
    if (assign == nullptr) return;
    for (const auto& item : assign->items)
      for (std::uint32_t i = 0; i < item.count; ++i) {
        TaskResult result;
        result.attempt = {{item.workload, item.first + i}, item.number, assign->epoch};
        result.state = TaskState::done;
        result.end_unix = 20 * 60 * second;
        later(chance.between(10, 60) * 60 * second, [this, link, result] {
          if (!links.contains(link)) return;
          ++done;
          say(event::WorkerSaid{LinkId{link}, Report{++reports[link], {result}, {}}});
        });
      }
  }

  void end(const std::string& id) {
    auto& job = all[id];
    if (job.state == JobState::ended) return;
    job.state = JobState::ended;
    if (job.link == 0 || links.erase(job.link) == 0) return;
    say(event::WorkerCut{LinkId{job.link}, "its job has ended"});
  }

  void answer(const std::vector<std::string>& tokens) {
    event::Polled said{{}, true};
    for (const auto& [id, job] : all)
      if (std::ranges::find(tokens, job.token) != tokens.end())
        said.jobs.push_back({id, job.state, "", "", "", 0, false, job.token});
    say(said);
  }

  void begin(std::uint32_t most) {
    SubmitJobs request;
    request.spec.adapter = "sim";
    request.spec.per_node.cores = 1;
    request.pool = "default";
    say(event::ClientSaid{ClientId{1}, request});
    say(event::ClientSaid{ClientId{1}, ScaleJobs{"", 0, true, 0, most}});
  }
  void add(std::uint32_t tasks) {
    WorkloadSpec spec;
    spec.verb = "map";
    spec.task.argv = {"trial"};
    spec.trials = TrialRange{1, tasks, 1};
    say(event::ClientSaid{ClientId{1}, AddWorkload{spec, false}});
  }
  std::uint32_t commands() const { return submits + looks + cancels; }
};

}  // namespace

TEST_CASE("a day of a thousand jobs: under one command per 30 s") {
  const bool tell = std::getenv("PCLUSTER_POLITE") != nullptr;
  if (tell)
    fmt::print("{:>4} {:>6} {:>6} {:>6} {:>8} {:>7} {:>8} {:>9} {:>11}\n", "seed", "jobs", "died",
               "tasks", "submits", "looks", "cancels", "commands", "one per");
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Day day(seed);
    day.begin(200);
    // Every half an hour somebody has some tasks, in office hours more.
    for (Time at = second; at < day_long; at += 1800 * second)
      day.clock.at(at, [&day, at] {
        const bool office = at > 8 * hour && at < 19 * hour;
        day.add(static_cast<std::uint32_t>(day.chance.between(10, office ? 80 : 35)));
      });
    while (day.clock.now < day_long && day.clock.step()) {}
    if (tell)
      fmt::print("{:>4} {:>6} {:>6} {:>6} {:>8} {:>7} {:>8} {:>9} {:>9.0f} s\n", seed, day.jobs,
                 day.died, day.done, day.submits, day.looks, day.cancels, day.commands(),
                 86400.0 / day.commands());
    CHECK(day.core.broken() == "");
    CHECK(day.jobs >= 900);
    CHECK(day.done >= 800);
    CHECK(day.commands() < 86400 / 30);
  }
}
