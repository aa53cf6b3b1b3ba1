// One resident: a program that stays alive for many trials, as its worker talks to it.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/resident.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

constexpr Micros ready_within = 60 * second;
constexpr Micros patience = 2 * second;      // after each step of ending it
constexpr Micros write_again = millisecond;  // a trial longer than the pipe
constexpr std::size_t most_held = 64 * 1024;
constexpr const char* see = "docs/resident.md";

std::string how(const Ended& end) {
  return end.signal != 0 ? fmt::format("signal {}", end.signal)
                         : fmt::format("exit code {}", end.exit_code);
}

}  // namespace

bool same_gang(const std::vector<GangPart>& a, const std::vector<GangPart>& b) {
  return std::ranges::equal(a, b, [](const GangPart& one, const GangPart& other) {
    return one.worker == other.worker && one.ranks == other.ranks && one.slots == other.slots;
  });
}

Resident::Resident(const Hands& hands, std::uint32_t slot, std::string name, const TaskStart& start,
                   Room room, const std::string& base)
    : hands_(hands),
      slot_(slot),
      name_(std::move(name)),
      workload_(start.attempt.task.workload),
      task_(*start.task),
      room_(room),
      gang_(start.gang),
      pipes_(base),
      trials_{start},
      trial_unix_(unix_now()),
      trial_at_(hands.loop.now()) {}

Resident::~Resident() {
  for (auto* timer : {&patience_, &later_, &nap_}) stop(*timer);
  unwatch();
}

bool Resident::serves(const TaskStart& start) const {
  if (workload_ != start.attempt.task.workload || room_.slots != start.slots) return false;
  if (same_ != start.task && task_ == *start.task) same_ = start.task;
  return same_ == start.task && same_gang(gang_, start.gang);
}

void Resident::note(const std::string& text) const {
  hands_.say(fmt::format("resident {} of workload {} {}", name_, to_string(workload_), text));
}

void Resident::stop(Timer& timer) {
  if (timer) hands_.loop.cancel(*timer);
  timer.reset();
}

void Resident::set(Timer& timer, Micros delay, void (Resident::*work)()) {
  stop(timer);
  timer = hands_.loop.at(hands_.loop.now() + delay, [this, &timer, work] {
    timer.reset();
    (this->*work)();
  });
}

// ---------------------------------------------------------------- trials

void Resident::started() {
  watch();
  set(patience_, task_.ready_within > 0 ? task_.ready_within : ready_within, &Resident::silent);
}

void Resident::silent() {
  const auto within = task_.ready_within > 0 ? task_.ready_within : ready_within;
  condemn(
      fmt::format("the program has not said {{\"ready\":true}} within {}: it does not speak "
                  "the protocol of --resident ({}), or needs a longer --ready-within",
                  show_duration(within), see));
}

void Resident::give(const TaskStart& start) {
  trials_.push_back(start);
  trial_unix_ = unix_now();
  trial_at_ = hands_.loop.now();
  cpu_before_ = use_.cpu();
  for (const auto& [stream, bytes] : held_) hands_.output.write(start.attempt, stream, bytes);
  held_.clear();
  held_bytes_ = 0;
  send(start);
  flush();
  fill();
}

void Resident::send(const TaskStart& start) {
  const auto line = trial_line(start);
  sizes_.push_back(line.size());
  sent_ += line.size();
  lines_ += line;
}

void Resident::flush() {
  pipes_.send(lines_);
  lines_.clear();
  if (!pipes_.flush()) set(later_, write_again, &Resident::flush);
}

bool Resident::has(const AttemptId& attempt) const {
  return std::ranges::any_of(trials_, [&](const TaskStart& one) { return one.attempt == attempt; });
}

void Resident::write(Stream stream, std::string_view bytes) {
  if (!trials_.empty()) {
    if (trials_.size() > 1 && ahead_ > 0) {
      note("prints while trials wait in it: it gets one at a time now (docs/resident.md)");
      ahead_ = 0;
    }
    return hands_.output.write(trials_.front().attempt, stream, bytes);
  }
  bytes = bytes.substr(0, most_held - held_bytes_);
  if (bytes.empty()) return;
  held_bytes_ += bytes.size();
  held_.emplace_back(stream, bytes);
}

// ---------------------------------------------------------------- the end

void Resident::condemn(std::string why) {
  if (trials_.size() <= results_.size()) note("is ended: " + why);
  if (ending_) return;
  verdict_ = std::move(why);
  end(Step::term);
}

void Resident::end(Step step) {
  if (ending_ && step < next_step_) return;
  ending_ = true;
  pipes_.close_trials();
  if (step != Step::input) hands_.spawner.signal(slot_, step == Step::term ? SIGTERM : SIGKILL);
  next_step_ = step == Step::input ? Step::term : Step::kill;
  if (step != Step::kill) set(patience_, patience, &Resident::end_more);
}

void Resident::end_more() { end(next_step_); }

void Resident::signal(int signal) { end(signal == SIGKILL ? Step::kill : Step::term); }

bool Resident::signal(const AttemptId& attempt, int signal) {
  const bool later = has(attempt) && trials_.front().attempt != attempt;
  if (later)
    signals_[attempt] = signal;
  else
    this->signal(signal);
  return !later;
}

Resident::Left Resident::ended(const Ended& end) {
  read_answers();
  share_out();
  Left left;
  left.ours = ending_;
  left.results = std::exchange(results_, {});
  trials_.erase(trials_.begin(),
                trials_.begin() + static_cast<std::ptrdiff_t>(left.results.size()));
  const bool had_answered = answered_ + left.results.size() > 0;
  if (leaves_) {
    left.ahead = take_all();
  } else if (!trials_.empty()) {
    // It had ended before that came.
    if (!ending_ && had_answered && gang_.size() < 2 && pipes_.untouched(sent_))
      left.untaken = trials_.front();
    else
      left.results.push_back(crashed(end));
    trials_.pop_front();
    left.ahead = take_all();
  } else if (!left.results.empty()) {
    auto& last = left.results.back();
    last.cpu = std::max(last.cpu, end.cpu - cpu_before_);
    last.max_rss_kb = std::max(last.max_rss_kb, end.max_rss_kb);
  }
  if (ending_ || !left.results.empty()) return left;
  std::string words;
  for (const auto& [stream, bytes] : held_) words += bytes;
  note(fmt::format("ended by itself: {}{}{}", how(end),
                   words.empty() ? "" : "; it printed: ", shortened(words)));
  return left;
}

TaskResult Resident::crashed(const Ended& end) const {
  TaskResult result;
  result.attempt = trials_.front().attempt;
  result.state = TaskState::failed;
  result.exit_code = end.exit_code;
  result.signal = end.signal;
  result.start_unix = trial_unix_;
  result.end_unix = end.end_unix;
  result.cpu = std::max<Micros>(0, end.cpu - cpu_before_);
  result.max_rss_kb = end.max_rss_kb;
  const bool succeeded = end.signal == 0 && end.exit_code == 0;
  if (!verdict_.empty() || succeeded) {
    result.exit_code = static_cast<int>(Exit::ours);
    result.signal = 0;
  }
  if (!verdict_.empty())
    result.message = verdict_;
  else if (succeeded && !ready_)
    result.message = fmt::format(
        "the program ended with 0 and never said {{\"ready\":true}}: it "
        "does not speak the protocol of --resident ({})",
        see);
  else if (succeeded)
    result.message = fmt::format("the resident ended with 0 without an answer ({})", see);
  else
    result.message =
        fmt::format("the resident ended{}: {}", ready_ ? "" : " before it was ready", how(end));
  if (!end.message.empty()) result.message += "; " + end.message;
  return result;
}

}  // namespace pcluster
