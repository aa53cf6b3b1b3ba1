// Users: they ask for jobs, run workloads, cancel some, and stop the cluster; and misfortune.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "launcher/model/codec.hpp"
#include "tests/simulator/world.hpp"

namespace pcluster::sim {
namespace {

constexpr std::uint64_t per_life = 1000, asker = 900;

}  // namespace

World::World(std::uint64_t seed, bool trace, Plan plan)
    : seed_(seed),
      trace_(trace),
      plan_(std::move(plan)),
      chance_(seed + 7777),
      scheduler_(clock_, chance_, plan_.lies, plan_.walltime) {
  scheduler_.starts = [this](const SimJob& job) {
    note("job " + job.id + " starts");
    start_worker(job);
  };
  scheduler_.ends = [this](const SimJob& job) {
    note("job " + job.id + " ends");
    for (std::size_t i = 0; i < workers_.size(); ++i)
      if (workers_[i]->job_id == job.id) kill_worker(i);
  };
  scheduler_.dies_percent = plan_.dies_percent;
  scheduler_.bad_node = plan_.bad_node;
  if (plan_.full) scheduler_.most_jobs = plan_.jobs + 1;
  for (const auto& work : plan_.work) users_.push_back({&work, {}, {}, 0, 0, false, false, 0, 0});
}

Outcome World::run() {
  start_launcher();
  ask_for_jobs();
  if (plan_.scales) scale_at_random();
  for (std::size_t i = 0; i < users_.size(); ++i)
    clock_.at(plan_.work[i].at, [this, i] { drive(i); });
  faults();
  stop_when_done();
  while (!over_ && wrong_.empty() && oracle_.wrong.empty() && clock_.step()) {
    if (!quit_ && clock_.now > plan_.faults_end + 6000 * second) fail(stuck());
    if (clock_.steps() > 3'000'000) fail("it goes round and round: " + stuck());
  }
  if (wrong_.empty()) wrong_ = oracle_.wrong;
  Outcome outcome{wrong_, hash_,           oracle_.settled(), oracle_.starts(), oracle_.excuses(),
                  epoch_, workers_.size(), messages_,         clock_.now,       oracle_.gangs(),
                  {}};
  for (const auto& user : users_) outcome.waits.push_back(user.began - user.added);
  return outcome;
}

std::string World::stuck() const {
  std::string text = "it never ends:";
  if (!core_) return text + " no launcher";
  const auto status = core_->status(clock_.now);
  for (const auto& row : status.workloads)
    if (!row.progress.finished)
      text += fmt::format(" [{}: {} queued, {} running, {}]", to_string(row.progress.workload),
                          row.progress.queued, row.progress.running, row.progress.note);
  for (const auto& row : status.workers)
    if (row.state != "gone") text += fmt::format(" {}={}", to_string(row.worker), row.state);
  for (const auto& row : status.jobs)
    if (row.state != JobState::ended)
      text += fmt::format(" job {}={}", row.job_id, to_string(row.state));
  return text;
}

// Tops up to the number of jobs again and again: those that died are replaced.
void World::ask_for_jobs() {
  if (stop_sent_) return;
  SubmitJobs request;
  request.spec.adapter = "sim";
  request.spec.nodes = plan_.nodes;
  request.spec.slots = plan_.slots;
  request.spec.mpi.span_jobs = plan_.span_jobs;
  request.count = plan_.jobs;
  request.idle_timeout = plan_.idle_timeout;
  request.orphan_timeout = 600 * second;
  request.spec.manners = plan_.manners;
  request.spec.per_node.cores = plan_.automatic ? plan_.slots : 0;
  const ClientId client{life_ * per_life + asker};
  // Who wants `exec` names a worker: one must be there.
  const auto pinned =
      std::ranges::any_of(users_, [](const auto& user) { return !user.done && user.work->pinned; });
  if (plan_.automatic && core_ && !core_->status(clock_.now).pools.empty())
    ask(client, ScaleJobs{"", 0, true,
                          plan_.gangs ? plan_.jobs
                          : pinned    ? 1u
                                      : 0u,
                          plan_.jobs, 20 * second});
  else
    ask(client, request);
  clock_.after(20 * second, [this] { ask_for_jobs(); });
}

void World::scale_at_random() {
  if (clock_.now > plan_.faults_end) return;
  clock_.after(chance_.between(2, 30) * second, [this] { scale_at_random(); });
  const auto count = static_cast<std::uint32_t>(chance_.between(0, plan_.jobs + 1));
  if (plan_.automatic && chance_.percent(70)) {
    const auto least = static_cast<std::uint32_t>(chance_.between(0, plan_.jobs));
    return ask(ClientId{life_ * per_life + asker + 2},
               ScaleJobs{"", 0, true, least, plan_.jobs, chance_.between(0, 40) * second});
  }
  ask(ClientId{life_ * per_life + asker + 2}, ScaleJobs{"", count});
}

void World::ask(ClientId client, Request request) {
  const auto bytes = encode(request);
  clock_.after(chance_.between(50, 500), [this, client, bytes] {
    const auto decoded = decode<Request>(bytes);
    if (!decoded) return fail("a client's request cannot be decoded");
    if (static_cast<std::uint64_t>(client) / per_life != life_) return;
    if (core_) say(event::ClientSaid{client, *decoded});
  });
}

// Goes on until its workload is told to be finished; asks a new launcher again.
void World::drive(std::size_t index) {
  auto& user = users_[index];
  if (user.done || quit_) return;
  clock_.after(second, [this, index] { drive(index); });
  if (!core_) return;
  const ClientId client{life_ * per_life + index};
  if (user.asked_in != life_ && (user.id || may_add(*user.work))) {
    user.asked_in = life_;
    user.cancel_sent = false;
    user.id ? ask(client, Follow{*user.id}) : add_workload(index);
  }
  if (user.id && user.work->cancel_at && clock_.now >= *user.work->cancel_at && !user.cancel_sent) {
    user.cancel_sent = true;
    oracle_.cancel_asked(user.nonce);
    ask(client, CancelWorkload{{*user.id, user.work->cancel_index}});
  }
}

bool World::may_add(const PlannedWork& work) const {
  if (work.after && !users_[*work.after].id) return false;
  if (!work.pinned) return true;
  const auto workers = core_->status(clock_.now).workers;
  return std::any_of(workers.begin(), workers.end(),
                     [](const auto& row) { return row.state == "idle" || row.state == "busy"; });
}

void World::add_workload(std::size_t index) {
  auto& user = users_[index];
  const auto& work = *user.work;
  user.nonce = fmt::format("{}-{}", work.spec.task.argv[1], user.tries++);
  auto spec = work.spec;
  spec.task.argv[1] = user.nonce;
  works_[user.nonce] = user.work;
  if (work.after)
    (work.after_any ? spec.after_any : spec.after).push_back(users_[*work.after].id.value());
  if (work.pinned) {
    for (const auto& row : core_->status(clock_.now).workers)
      if (row.state == "idle" || row.state == "busy") spec.on.push_back(row.worker);
    spec.trials = TrialRange{1, static_cast<std::int64_t>(spec.on.size()), 1};
  }
  if (auto* file = std::get_if<TrialFile>(&spec.trials)) {
    file->name = user.nonce;
    lines_[user.nonce] = work.lines;
  }
  ask(ClientId{life_ * per_life + index}, AddWorkload{spec, true});
  if (!work.lines.empty()) spec.trials = work.lines;
  oracle_.planned(user.nonce, spec);
  // Dead before it is durable: the next may have its number.
  if (plan_.launcher_crashes && clock_.now < plan_.faults_end && chance_.percent(15))
    clock_.after(chance_.between(500, 8000), [this] { crash_launcher(); });
}

void World::to_client(const Reply& reply, ClientId client) {
  const auto copy = decode<Reply>(encode(reply));
  if (!copy) return fail("a reply cannot be decoded");
  if (static_cast<std::uint64_t>(client) / per_life != life_) return;
  const auto index = static_cast<std::uint64_t>(client) % per_life;
  if (const auto* jobs = std::get_if<JobsAccepted>(&*copy); jobs != nullptr && jobs->new_jobs > 0) {
    oracle_.promised_submit(jobs->token);
    if (chance_.percent(10) && clock_.now < plan_.faults_end)  // Ctrl-C
      clock_.after(chance_.between(0, 3000) * millisecond, [this, client, token = jobs->token] {
        ask(client, CancelJobs{{token}, true});
      });
  }
  if (index >= users_.size()) return;
  auto& user = users_[index];
  if (const auto* accepted = std::get_if<WorkloadAccepted>(&*copy)) {
    oracle_.promised_workload(accepted->workload);
    user.id = accepted->workload;
    user.added = clock_.now;
  } else if (const auto* progress = std::get_if<Progress>(&*copy)) {
    if (!user.id || progress->workload != *user.id) fail("progress of a workload not accepted yet");
    if (!progress->finished) return;
    if (user.done) fail("the last progress came twice");
    oracle_.promised_finished(*progress);
    note(fmt::format("workload {} is finished", to_string(*user.id)));
    user.done = true;
  } else if (const auto* refusal = std::get_if<Refusal>(&*copy)) {
    if (!user.work->pinned && user.work->spec.task.ranks == 0)
      return fail("refused: " + refusal->message);
    user.asked_in = 0;  // a worker has left meanwhile: with those that are home then
  }
}

void World::stop_when_done() {
  if (quit_) return;
  clock_.after(2 * second, [this] { stop_when_done(); });
  if (clock_.now < plan_.faults_end || !core_) return;
  scheduler_.stop_lying();
  scheduler_.stop_failing();
  for (const auto& user : users_)
    if (!user.done) return;
  if (!stop_sent_) {
    const auto status = core_->status(clock_.now);
    const auto& rows = status.workloads;
    if (!std::all_of(rows.begin(), rows.end(), [](const auto& r) { return r.progress.finished; }))
      return;
    if (plan_.launcher_crashes && chance_.percent(40))  // in the middle of the end
      clock_.after(chance_.between(0, 2000) * millisecond, [this] { crash_launcher(); });
  } else if (stop_life_ == life_) {
    return;
  }
  stop_sent_ = true;
  stop_life_ = life_;
  ask(ClientId{life_ * per_life + asker + 1}, StopCluster{});
}

void World::faults() {
  if (clock_.now > plan_.faults_end) return;
  clock_.after(chance_.between(500, 12000) * millisecond, [this] { faults(); });
  const auto kind = chance_.between(0, 4);
  if (kind == 0 && plan_.launcher_crashes && core_) return crash_launcher();
  if (kind == 4 && plan_.stalls) return stall_launcher(chance_.between(1, 40) * second);
  std::vector<std::size_t> alive;
  for (std::size_t i = 0; i < workers_.size(); ++i)
    if (workers_[i]->alive) alive.push_back(i);
  if (alive.empty()) return;
  const auto index = alive[static_cast<std::size_t>(
      chance_.between(0, static_cast<std::int64_t>(alive.size()) - 1))];
  auto& worker = *workers_[index];
  if (plan_.lonely && chance_.percent(15)) isolate(index, chance_.between(1, 20) * second);
  if (kind == 1 && plan_.worker_crashes) return kill_worker(index, chance_.percent(60));
  if (kind == 2 && plan_.cuts && worker.link) return cut(*worker.link, "a cable");
  if (kind == 3 && plan_.silences && worker.link) {
    note(fmt::format("worker {} falls silent", index));
    links_[*worker.link].silent = true;
  }
}

void World::fail(const std::string& what) {
  if (wrong_.empty()) wrong_ = what;
}

void World::note(const std::string& text) {
  for (const auto c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211u;
  hash_ = (hash_ ^ static_cast<std::uint64_t>(clock_.now)) * 1099511628211u;
  if (trace_) fmt::print(stderr, "{:>14.6f} {}\n", static_cast<double>(clock_.now) / 1e6, text);
}

}  // namespace pcluster::sim
