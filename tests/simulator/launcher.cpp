// The shell around the core: its disk, its effects, its death and its return.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "launcher/model/codec.hpp"
#include "tests/simulator/world.hpp"

namespace pcluster::sim {

void World::start_launcher() {
  ++life_;
  core_ = std::make_unique<Core>("sim", ++epoch_);
  for (const auto& bytes : journal_) {
    const auto record = decode<Record>(bytes);
    if (!record) return fail("a record of the journal cannot be read");
    core_->apply(*record);
  }
  for (const auto& [id, file] : core_->missing_trials()) core_->load_trials(id, lines_[file.name]);
  note(fmt::format("launcher starts, epoch {}, {} records", epoch_, journal_.size()));
  perform(core_->begin(clock_.now, unix_now()));
  clock_.after(Policy{}.gather, [this, life = life_] {
    if (life == life_) oracle_.gathered();
  });
}

// A prefix of what was written survives: all that was durable, and by chance a little more.
void World::crash_launcher() {
  if (!core_) return;
  core_.reset();
  ++life_;
  asleep_ = false;
  at_the_door_.clear();
  barrier_.clear();
  syncing_ = false;
  const auto more = static_cast<std::int64_t>(journal_.size() - durable_);
  const auto lost = journal_.size() - durable_;
  durable_ += static_cast<std::size_t>(chance_.between(0, more));
  note(fmt::format("launcher dies, {} of {} records not durable", lost, journal_.size()));
  journal_.resize(durable_);
  oracle_.survived(durable_);
  for (auto& [id, link] : links_)
    if (link.open) cut(id, "the launcher died");
  clock_.after(chance_.between(100 * millisecond, 8 * second), [this] {
    if (!quit_) start_launcher();
  });
}

// Its process is stopped for a while: what is said to it waits, in order.
void World::stall_launcher(Micros wait) {
  if (!core_ || asleep_) return;
  note("launcher is stopped for a while");
  asleep_ = true;
  clock_.after(wait, [this, life = life_] {
    if (life != life_) return;
    asleep_ = false;
    release();
    say(event::Tick{});  // timers are first in a loop's turn
    for (auto& event : std::exchange(at_the_door_, {})) say(std::move(event));
  });
}

void World::say(Event event) {
  if (!core_ || quit_) return;
  if (asleep_) return at_the_door_.push_back(std::move(event));
  auto effects = core_->handle(event, clock_.now, unix_now());
  if (std::holds_alternative<event::Tick>(event) &&
      core_->deadline().value_or(clock_.now + 1) <= clock_.now)
    fail("the launcher spins: its deadline stays in the past");
  for (const auto& [id, file] : core_->missing_trials()) core_->load_trials(id, lines_[file.name]);
  perform(std::move(effects));
}

void World::perform(Effects effects) {
  if (const auto what = core_->broken(); !what.empty()) return fail("invariant: " + what);
  for (const auto& record : effects.append) {
    journal_.push_back(encode(record));
    const auto copy = decode<Record>(journal_.back());
    if (!copy) return fail("a record cannot be decoded");
    if (trace_) note(fmt::format("  record {}", record.index()));
    oracle_.appended(*copy);
  }
  for (const auto& effect : effects.now) perform(effect);
  if (!effects.after.empty()) barrier_.push_back({journal_.size(), std::move(effects.after)});
  release();
  sync();
  arm_launcher();
}

void World::release() {
  if (asleep_) return;
  while (!barrier_.empty() && barrier_.front().records <= durable_) {
    const auto waiting = std::move(barrier_.front());
    barrier_.pop_front();
    for (const auto& effect : waiting.effects) perform(effect);
  }
}

void World::sync() {
  if (syncing_ || durable_ == journal_.size()) return;
  syncing_ = true;
  auto wait = chance_.between(200, 6000);
  if (plan_.slow_disk && chance_.percent(3)) wait = chance_.between(1, 4) * second;
  clock_.after(wait, [this, life = life_, records = journal_.size()] {
    if (life != life_) return;
    syncing_ = false;
    durable_ = records;
    oracle_.durable(records);
    release();
    sync();
  });
}

void World::arm_launcher() {
  const auto deadline = core_ ? core_->deadline() : std::nullopt;
  if (!deadline) return;
  clock_.at(*deadline, [this, arm = ++arms_] {
    if (arm == arms_) say(event::Tick{});
  });
}

void World::perform(const Effect& effect) {
  if (const auto* send = std::get_if<effect::SendWorker>(&effect)) {
    const auto link = links_.find(send->link);
    if (link != links_.end()) send_down(link->second, send->message);
  } else if (const auto* drop = std::get_if<effect::DropWorker>(&effect)) {
    const auto link = links_.find(drop->link);
    if (link != links_.end()) close_above(link->second);
  } else if (const auto* reply = std::get_if<effect::SendClient>(&effect)) {
    to_client(reply->reply, reply->client);
  } else if (const auto* launch = std::get_if<effect::Launch>(&effect)) {
    submit(*launch);
  } else if (const auto* look = std::get_if<effect::LookUp>(&effect)) {
    look_up(*look);
  } else if (const auto* poll_jobs = std::get_if<effect::Poll>(&effect)) {
    poll(*poll_jobs);
  } else if (const auto* cancel = std::get_if<effect::Cancel>(&effect)) {
    note(fmt::format("cancel of {} jobs", cancel->job_ids.size()));
    scheduler_.cancel(cancel->job_ids);
  } else if (std::holds_alternative<effect::Quit>(effect)) {
    leave_behind();
  }
}

void World::submit(const effect::Launch& launch) {
  oracle_.promised_submit(launch.token);
  if (!may_launch_.emplace(launch.token, false).second && !may_launch_[launch.token])
    return fail("submit " + launch.token + " is repeated, and nobody knows whether it happened");
  may_launch_[launch.token] = false;
  mind_manners(launch);
  note(fmt::format("submit {} x {}", launch.token, launch.count));
  clock_.after(chance_.between(10, 500) * millisecond, [this, launch, life = life_] {
    if (life != life_ && chance_.percent(50)) return;  // the command died with the launcher
    scheduler_.excluded = launch.spec.exclude_nodes;
    const auto answer = scheduler_.submit(launch.token, launch.count);
    const bool unheard = answer.outcome == Scheduler::Outcome::unanswered;
    const auto wait = unheard ? 5 * second : chance_.between(10, 300) * millisecond;
    clock_.after(wait, [this, launch, life, answer] {
      if (life != life_) return;
      last_answer_ = clock_.now;
      may_launch_[launch.token] = answer.outcome == Scheduler::Outcome::full;
      if (answer.outcome == Scheduler::Outcome::accepted)
        say(event::Submitted{launch.token, answer.ids});
      else if (answer.outcome == Scheduler::Outcome::refused)
        say(event::SubmitFailed{launch.token, "refused", "ask for less"});
      else if (answer.outcome == Scheduler::Outcome::full)
        say(event::SubmitFailed{launch.token, "too many", "wait", true});
      else
        say(event::SubmitUnanswered{launch.token});
    });
  });
}

// Counted from what the launcher says of itself and from what went to the scheduler.
void World::mind_manners(const effect::Launch& launch) {
  const auto status = core_->status(clock_.now);
  const auto& pool = status.pools.front();
  std::uint32_t there = 0;
  for (const auto& row : status.jobs)
    if (row.state != JobState::ended && (row.state != JobState::submitting || row.reason.empty()))
      ++there;
  const auto& manners = plan_.manners;
  if (manners.max_array > 0 && launch.count > manners.max_array)
    fail("a submit has more jobs than an array may have");
  // A job that was given up and came back, or was late, is one more that nobody could know of.
  if (manners.max_jobs > 0 && there > manners.max_jobs && !plan_.lies && !plan_.silences &&
      !plan_.launcher_crashes)
    fail(fmt::format("a submit makes {} jobs of at most {}", there, manners.max_jobs));
  if (manners.submit_every > 0 && last_life_ == life_ && last_launch_ > 0 &&
      clock_.now < std::max(last_launch_, last_answer_) + manners.submit_every &&
      !(plan_.slow_disk || plan_.stalls))
    fail("two submits are closer than the site wants");
  if (pool.paused.find("in a row") != pool.paused.npos && !plan_.slow_disk && !plan_.stalls)
    fail("a submit while the pool rests");
  for (const auto& node : pool.excluded)
    if (std::find(launch.spec.exclude_nodes.begin(), launch.spec.exclude_nodes.end(), node) ==
            launch.spec.exclude_nodes.end() &&
        !plan_.slow_disk && !plan_.stalls)
      fail("a submit does not leave out " + node);
  last_launch_ = clock_.now;
  last_life_ = life_;
}

void World::look_up(const effect::LookUp& look) {
  clock_.after(chance_.between(10, 2000) * millisecond, [this, look, life = life_] {
    if (life != life_) return;
    const auto answer = scheduler_.look_up(look.token);
    const bool answered = answer.outcome == Scheduler::Outcome::accepted;
    if (answered && answer.ids.empty()) may_launch_[look.token] = true;
    say(event::LookedUp{look.token, answer.ids, answered});
  });
}

void World::poll(const effect::Poll& asked) {
  clock_.after(chance_.between(10, 2000) * millisecond, [this, asked, life = life_] {
    if (life != life_) return;
    event::Polled answer;
    answer.answered = scheduler_.poll(asked.tokens, answer.jobs);
    if (!answer.answered) answer.jobs.clear();
    say(std::move(answer));
  });
}

void World::leave_behind() {
  if (!oracle_.all_settled()) fail("the launcher quits before all is settled");
  quit_ = true;
  core_.reset();
  ++life_;
  for (auto& [id, link] : links_)
    if (link.open) cut(id, "the launcher has quit");
  note("launcher quits");
  clock_.after(5 * second, [this] {
    for (const auto& [id, job] : scheduler_.jobs())
      if (job.state != JobState::ended && !job.lied_about)
        fail("job " + id + " is left behind, and the scheduler never lied about it");
  });
  // What the lies hid must end by itself: its workers find no launcher.
  clock_.after(1500 * second, [this] {
    for (const auto& [id, job] : scheduler_.jobs())
      if (job.state != JobState::ended) fail("job " + id + " never ends");
    over_ = true;
  });
}

}  // namespace pcluster::sim
