// What a resident answers, and the trials that it gets before it has answered.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "launcher/base/text.hpp"
#include "mpi-runtime/resident.hpp"

namespace pcluster {
namespace {

// Its answers are closed; mpiexec takes its time when a rank has failed.
constexpr Micros ends_within = 10 * second;
// What ranks print comes through mpiexec, a little later than the answer.
constexpr Micros forwarded_within = 5 * millisecond;
// So much work may wait in a resident: more would wait behind a trial that takes longer.
constexpr double most_work_ahead = 4 * millisecond;
constexpr std::size_t least_for_nap = 4;  // trials
constexpr Micros least_nap = 50, longest_nap = 1 * millisecond;
// In less time a trial does not grow by much, and a look takes as long as ten.
constexpr Micros short_trial = 1 * millisecond, peak_again = 20 * millisecond;
constexpr const char* see = "docs/resident.md";

}  // namespace

void Resident::watch() {
  if (watched_ || closed_) return;
  watched_ = true;
  hands_.loop.watch(pipes_.answers(), [this] { listen(); });
}

void Resident::unwatch() {
  if (std::exchange(watched_, false)) hands_.loop.unwatch(pipes_.answers());
}

bool Resident::read_answers() {
  auto got = ResidentPipes::Read::more;
  while (got == ResidentPipes::Read::more && unread_.size() <= longest_answer)
    got = pipes_.read(unread_);
  std::size_t from = 0;
  for (auto end = unread_.find('\n'); end != unread_.npos; end = unread_.find('\n', from)) {
    hear(std::string_view(unread_).substr(from, end - from));
    from = end + 1;
  }
  unread_.erase(0, from);
  if (unread_.size() > longest_answer) {
    hear(unread_);
    unread_.clear();
  }
  return got != ResidentPipes::Read::end;
}

// What came with an answer was written before anything could be read: the next trial comes later.
void Resident::listen() {
  if (!closed_ && !read_answers()) {
    unwatch();
    closed_ = true;
    // Mostly it is about to end, and that says more.
    if (!ending_ && results_.empty()) set(patience_, ends_within, &Resident::deaf);
  }
  if (results_.empty()) return watch();
  share_out();
  if (task_.ranks > 0) return set(later_, forwarded_within, &Resident::report);
  report();
}

void Resident::deaf() {
  condemn(fmt::format("the resident closed its answers and went on ({})", see));
}

void Resident::hear(std::string_view line) {
  // What follows a line that is no answer may be of any trial.
  if (leaving() || !verdict_.empty() || trim(line).empty()) return;
  const auto answer = read_answer(line);
  switch (answer.kind) {
    case Answer::Kind::wrong:
      return condemn(fmt::format("the resident answered \"{}\": {} ({})", shortened(line),
                                 answer.message, see));
    case Answer::Kind::ready:
      return ready_ ? note("said again that it is ready") : hear_ready(answer);
    case Answer::Kind::done:
    case Answer::Kind::failed: break;
  }
  if (!ready_)
    return condemn(
        fmt::format("the resident answered before it said {{\"ready\":true}} ({})", see));
  const auto* asked = results_.size() < trials_.size() ? &trials_[results_.size()] : nullptr;
  if (asked != nullptr && !answer.task.empty() && answer.task != to_string(asked->attempt.task))
    asked = nullptr;
  if (asked == nullptr || leaves_)
    return note(fmt::format("answered what nobody asked: {}", shortened(line)));
  if (results_.empty()) hands_.spawner.read_now(slot_);
  keep(answer);
}

void Resident::hear_ready(const Answer& answer) {
  ready_ = true;
  ahead_ = task_.ranks > 0 ? 0 : answer.ahead;
  if (ending_) return;
  stop(patience_);
  use_.look(hands_.spawner.leader(slot_));
  if (trials_.empty()) return;
  send(trials_.front());
  flush();
}

void Resident::keep(const Answer& answer) {
  const auto& attempt = trials_[results_.size()].attempt;
  if (!answer.output.empty()) hands_.output.write(attempt, Stream::out, answer.output);
  const bool done = answer.kind == Answer::Kind::done;
  TaskResult result;
  result.attempt = attempt;
  result.state = done ? TaskState::done : TaskState::failed;
  result.exit_code = done ? 0 : 1;
  result.message = answer.message;
  result.columns = answer.columns;
  results_.push_back(std::move(result));
  sent_ -= sizes_.front();
  sizes_.pop_front();
  leaves_ = leaves_ || answer.last;
}

// Time and use, in equal shares among what was answered since the last look.
void Resident::share_out() {
  const auto count = static_cast<Micros>(results_.size() - shared_out_);
  if (count == 0) return;
  const Time now = hands_.loop.now();
  const Micros cpu = std::max(cpu_before_, use_.cpu()), span = now - trial_at_;
  if (peak_kb_ == 0 || span / count >= short_trial || now - peak_at_ >= peak_again) {
    peak_kb_ = std::max(peak_kb_, use_.max_rss_kb());
    peak_at_ = now;
  }
  for (Micros i = 0; i < count; ++i) {
    auto& result = results_[shared_out_++];
    result.start_unix = trial_unix_ + span * i / count;
    result.end_unix = trial_unix_ + span * (i + 1) / count;
    result.cpu = (cpu - cpu_before_) / count;
    result.max_rss_kb = peak_kb_;
  }
  const double each = static_cast<double>(span) / static_cast<double>(count);
  each_ = each_ > 0 ? (each_ + each) / 2 : std::max(each, 1.0);
  // The next begins where these ended, unless the wall clock was set meanwhile.
  const Micros end = trial_unix_ + span, read = unix_now();
  trial_unix_ = std::abs(read - end) < second ? end : read;
  trial_at_ = now;
  cpu_before_ = cpu;
}

void Resident::report() {
  if (results_.empty()) return;
  if (task_.ranks > 0) hands_.spawner.read_now(slot_);
  auto results = std::exchange(results_, {});
  shared_out_ = 0;
  trials_.erase(trials_.begin(), trials_.begin() + static_cast<std::ptrdiff_t>(results.size()));
  answered_ += results.size();
  idle_since_ = hands_.loop.now();
  if (leaves_) {
    const auto left = take_all();
    if (!left.empty()) hands_.put_back(left);
  }
  std::optional<AttemptId> next;
  if (!trials_.empty()) next = trials_.front().attempt;
  if (leaves_ || (closed_ && !next)) end(Step::input);
  if (closed_ && next && !ending_) set(patience_, ends_within, &Resident::deaf);
  hands_.settled(std::move(results), next);
  come_to_next();
}

// What was said of it while it waited is so now.
void Resident::come_to_next() {
  if (!trials_.empty() && !signals_.empty())
    if (const auto told = signals_.extract(trials_.front().attempt)) signal(told.mapped());
  if (trials_.empty()) signals_.clear();
  fill();
  nap();
}

// ---------------------------------------------------------------- trials ahead

std::vector<TaskStart> Resident::take_all() {
  std::vector<TaskStart> all(std::make_move_iterator(trials_.begin()),
                             std::make_move_iterator(trials_.end()));
  trials_.clear();
  return all;
}

// How many: short ones only.
std::size_t Resident::depth() const {
  if (ahead_ == 0 || ending_ || closed_ || each_ <= 0) return 0;
  return std::min<std::size_t>(ahead_, static_cast<std::size_t>(most_work_ahead / each_));
}

void Resident::fill() {
  const auto most = depth();
  if (trials_.empty() || !hands_.ahead || trials_.size() - 1 > most / 2 || most == 0) return;
  const auto wanted = static_cast<std::uint32_t>(most - (trials_.size() - 1));
  for (auto& one : hands_.ahead(trials_.front().attempt, wanted)) {
    send(one);
    trials_.push_back(std::move(one));
  }
  flush();
}

// To be woken by each answer would cost as much as the trials: half of them are read at once.
void Resident::nap() {
  const auto delay = static_cast<Micros>(each_ * static_cast<double>(trials_.size()) / 2);
  if (trials_.size() < least_for_nap || ending_ || delay < least_nap) return watch();
  unwatch();
  set(nap_, std::min(delay, longest_nap), &Resident::listen);
}

}  // namespace pcluster
