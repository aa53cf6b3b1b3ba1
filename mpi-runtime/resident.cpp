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
constexpr Micros patience = 2 * second;  // after each step of ending it
// Its answers are closed; mpiexec takes its time when a rank has failed.
constexpr Micros ends_within = 10 * second;
// What ranks print comes through mpiexec, a little later than the answer.
constexpr Micros forwarded_within = 5 * millisecond;
constexpr Micros write_again = millisecond;  // a trial longer than the pipe
constexpr std::size_t most_held = 64 * 1024;
constexpr std::size_t excerpt = 120;
constexpr const char* see = "docs/resident.md";

std::string shortened(std::string_view text) {
  return printable(text.substr(0, excerpt)) + (text.size() > excerpt ? "..." : "");
}

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
      trial_(start),
      trial_unix_(unix_now()) {}

Resident::~Resident() {
  stop(patience_);
  stop(later_);
  if (listening_) hands_.loop.unwatch(pipes_.answers());
}

bool Resident::serves(const TaskStart& start) const {
  return workload_ == start.attempt.task.workload && room_.slots == start.slots &&
         task_ == *start.task && same_gang(gang_, start.gang);
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
  listening_ = true;
  hands_.loop.watch(pipes_.answers(), [this] { listen(); });
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
  trial_ = start;
  trial_unix_ = unix_now();
  cpu_before_ = use_.cpu();
  for (const auto& [stream, bytes] : held_) hands_.output.write(start.attempt, stream, bytes);
  held_.clear();
  held_bytes_ = 0;
  pipes_.send(trial_line(start));
  send();
}

void Resident::send() {
  if (!pipes_.flush()) set(later_, write_again, &Resident::send);
}

void Resident::write(Stream stream, std::string_view bytes) {
  if (trial_) return hands_.output.write(trial_->attempt, stream, bytes);
  bytes = bytes.substr(0, most_held - held_bytes_);
  if (bytes.empty()) return;
  held_bytes_ += bytes.size();
  held_.emplace_back(stream, bytes);
}

// ---------------------------------------------------------------- answers

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
  if (!read_answers()) {
    listening_ = false;
    hands_.loop.unwatch(pipes_.answers());
    // Mostly it is about to end, and that says more.
    if (!ending_ && !result_) set(patience_, ends_within, &Resident::deaf);
  }
  if (!result_) return;
  if (task_.ranks > 0) return set(later_, forwarded_within, &Resident::report);
  report();
}

void Resident::deaf() {
  condemn(fmt::format("the resident closed its answers and went on ({})", see));
}

void Resident::hear(std::string_view line) {
  if (leaving() || trim(line).empty()) return;
  const auto answer = read_answer(line);
  switch (answer.kind) {
    case Answer::Kind::wrong:
      return condemn(fmt::format("the resident answered \"{}\": {} ({})", shortened(line),
                                 answer.message, see));
    case Answer::Kind::ready: return ready_ ? note("said again that it is ready") : hear_ready();
    case Answer::Kind::done:
    case Answer::Kind::failed: break;
  }
  if (!ready_)
    return condemn(
        fmt::format("the resident answered before it said {{\"ready\":true}} ({})", see));
  const bool asked =
      trial_ && !result_ && (answer.task.empty() || answer.task == to_string(trial_->attempt.task));
  if (!asked) return note(fmt::format("answered what nobody asked: {}", shortened(line)));
  hands_.spawner.read_now(slot_);
  result_ = result_of(answer);
}

void Resident::hear_ready() {
  ready_ = true;
  if (ending_) return;
  stop(patience_);
  use_.look(hands_.spawner.leader(slot_));
  if (!trial_) return;
  pipes_.send(trial_line(*trial_));
  send();
}

TaskResult Resident::result_of(const Answer& answer) const {
  TaskResult result;
  result.attempt = trial_->attempt;
  const bool done = answer.kind == Answer::Kind::done;
  result.state = done ? TaskState::done : TaskState::failed;
  result.exit_code = done ? 0 : 1;
  result.start_unix = trial_unix_;
  result.end_unix = unix_now();
  result.cpu = std::max<Micros>(0, use_.cpu() - cpu_before_);
  result.max_rss_kb = use_.max_rss_kb();
  result.message = answer.message;
  result.columns = answer.columns;
  return result;
}

void Resident::report() {
  if (!result_) return;
  if (task_.ranks > 0) hands_.spawner.read_now(slot_);
  auto result = *std::exchange(result_, {});
  trial_.reset();
  ++answered_;
  idle_since_ = hands_.loop.now();
  if (!listening_) end(Step::input);
  hands_.settled(slot_, std::move(result));
}

// ---------------------------------------------------------------- the end

void Resident::condemn(std::string why) {
  if (!trial_ || result_) note("is ended: " + why);
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

Resident::Left Resident::ended(const Ended& end) {
  read_answers();
  Left left;
  left.ours = ending_;
  if (result_) {
    left.result = *std::exchange(result_, {});
    left.result->cpu = std::max(left.result->cpu, end.cpu - cpu_before_);
    left.result->max_rss_kb = std::max(left.result->max_rss_kb, end.max_rss_kb);
  } else if (trial_ && !ending_ && answered_ > 0 && gang_.size() < 2 && pipes_.untouched()) {
    left.untaken = std::move(trial_);  // it had ended before that came
  } else if (trial_) {
    left.result = crashed(end);
  }
  if (ending_ || left.result) return left;
  std::string words;
  for (const auto& [stream, bytes] : held_) words += bytes;
  note(fmt::format("ended by itself: {}{}{}", how(end),
                   words.empty() ? "" : "; it printed: ", shortened(words)));
  return left;
}

TaskResult Resident::crashed(const Ended& end) const {
  TaskResult result;
  result.attempt = trial_->attempt;
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
