// A bench whose workers can be in gangs: they listen, and their jobs have several of them.
// SPDX-License-Identifier: MIT
#pragma once
#include "tests/core/bench.hpp"

namespace pcluster::test {

struct GangBench : Bench {
  std::string token;
  std::vector<LinkId> workers;  // w0, w1, ... of the first submit, by their numbers

  // One job for each number: so many workers, each with `slots` slots.
  explicit GangBench(std::vector<std::uint32_t> jobs = {1, 1}, std::uint32_t slots = 4,
                     bool span_jobs = true) {
    SubmitJobs request;
    request.spec.adapter = "local";
    request.spec.nodes = *std::max_element(jobs.begin(), jobs.end());
    request.spec.mpi.span_jobs = span_jobs;
    request.count = static_cast<std::uint32_t>(jobs.size());
    request.pool = "default";
    ask(request);
    token = reply<JobsAccepted>().token;
    std::vector<std::string> ids;
    for (std::size_t job = 0; job < jobs.size(); ++job) ids.push_back(std::to_string(job + 1));
    handle(event::Submitted{token, ids});
    for (std::size_t job = 0; job < jobs.size(); ++job)
      for (std::uint32_t node = 0; node < jobs[job]; ++node)
        workers.push_back(join(member(ids[job], slots)));
  }
  Hello member(const std::string& job, std::uint32_t slots) {
    auto me = hello(token, job, slots);
    me.host = "n" + std::to_string(members_);
    me.incarnation = "i" + std::to_string(members_);
    me.port = static_cast<std::uint16_t>(7000 + members_++);
    return me;
  }
  // As the worker with this number would say it after a lost connection.
  Hello again(std::size_t worker, std::uint32_t slots = 4, const std::string& job = "") {
    auto me = hello(token, job.empty() ? std::to_string(worker + 1) : job, slots);
    me.host = "n" + std::to_string(worker);
    me.incarnation = "i" + std::to_string(worker);
    me.port = static_cast<std::uint16_t>(7000 + worker);
    me.resumed = WorkerId{static_cast<std::uint32_t>(worker)};
    me.last_epoch = epoch;
    return me;
  }
  static WorkloadSpec wide(std::uint32_t ranks, std::int64_t tasks = 1) {
    auto spec = trials(tasks);
    spec.task.ranks = ranks;
    return spec;
  }
  // The parts, as the head was told: "w0:4 w2:2".
  std::string gang(LinkId head) const {
    std::string text;
    for (const auto& assign : to<Assign>(head))
      for (const auto& item : assign.items)
        for (const auto& part : item.gang)
          text +=
              (text.empty() ? "" : " ") + to_string(part.worker) + ":" + std::to_string(part.ranks);
    return text;
  }
  std::vector<AttemptId> lent(LinkId link) const {
    std::vector<AttemptId> attempts;
    for (const auto& lend : to<Lend>(link))
      attempts.push_back({{lend.item.workload, lend.item.first}, lend.item.number, lend.epoch});
    return attempts;
  }
  std::vector<AttemptId> released(LinkId link) const {
    std::vector<AttemptId> attempts;
    for (const auto& release : to<Release>(link))
      attempts.insert(attempts.end(), release.attempts.begin(), release.attempts.end());
    return attempts;
  }

 private:
  std::uint32_t members_ = 0;
};

}  // namespace pcluster::test
