// Progress in words.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/progress_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

constexpr std::size_t widest_bar = 40, narrowest_bar = 5;

std::string whole_seconds(Micros time) {
  return time < 60 * second ? fmt::format("{}s", time / second) : show_duration(time);
}

std::uint32_t settled(const Progress& progress) {
  return progress.done + progress.failed + progress.cancelled;
}

// At the pace so far; nothing before there is a pace.
std::string time_left(const Progress& progress, Micros elapsed) {
  const auto ended = settled(progress);
  if (ended == 0 || ended >= progress.tasks || elapsed < second) return {};
  const auto left = static_cast<double>(elapsed) / ended * (progress.tasks - ended);
  return whole_seconds(static_cast<Micros>(left)) + " left";
}

}  // namespace

std::string waiting_text(std::uint32_t home, std::uint32_t wanted, Micros elapsed) {
  return fmt::format("{}/{} workers available, waiting.. {}", home, wanted, whole_seconds(elapsed));
}

// What is said beside the bar is never cut for its sake: it shrinks, and goes at last.
std::string bar_text(const Progress& progress, Micros elapsed, std::size_t columns) {
  const auto tasks = std::max<std::uint64_t>(1, progress.tasks);
  const auto ended = std::uint64_t{settled(progress)};
  auto text = fmt::format("{}% Completed | {}", 100 * ended / tasks, show_duration(elapsed));
  if (progress.failed > 0) text += fmt::format(" | {} failed", progress.failed);
  if (const auto left = time_left(progress, elapsed); !left.empty()) text += " | " + left;
  constexpr std::size_t frame = 5;  // "[] | "
  if (columns >= text.size() + frame + narrowest_bar) {
    const auto width = std::min(widest_bar, columns - text.size() - frame);
    text = fmt::format("[{:<{}}] | {}", std::string(width * ended / tasks, '#'), width, text);
  }
  if (!progress.note.empty()) text += " | " + printable(progress.note);
  return text;
}

std::string progress_text(const Progress& progress, Micros elapsed) {
  auto text = fmt::format("{} of {} done", progress.done, progress.tasks);
  if (progress.failed > 0) text += fmt::format(", {} failed", progress.failed);
  if (progress.cancelled > 0) text += fmt::format(", {} cancelled", progress.cancelled);
  if (progress.running > 0) text += fmt::format(", {} running", progress.running);
  text += ", " + show_duration(elapsed);
  if (const auto left = time_left(progress, elapsed); !left.empty()) text += ", " + left;
  if (!progress.note.empty()) text += ": " + printable(progress.note);
  return text;
}

std::string ended_text(const Progress& progress) {
  const auto see = fmt::format("; see: pcluster results {} --failed", to_string(progress.workload));
  std::string text;
  if (progress.failed > 0) text = fmt::format("{} of {} failed", progress.failed, progress.tasks);
  if (progress.cancelled > 0)
    text += fmt::format("{}{} of {} cancelled", text.empty() ? "" : ", ", progress.cancelled,
                        progress.tasks);
  if (text.empty()) return fmt::format("{} done", progress.done);
  if (progress.stopped_by_failures) text += " (stopped: --max-failures reached)";
  return progress.failed > 0 ? text + see : text;
}

std::string absent_jobs_text(const std::vector<JobRow>& jobs) {
  std::map<std::string, std::uint32_t> counts;
  for (const auto& job : jobs) {
    if (!job.workers.empty()) continue;
    auto what = std::string(to_string(job.state));
    if (!job.reason.empty()) what += " (" + printable(job.reason) + ")";
    ++counts[what];
  }
  std::vector<std::string> parts;
  for (const auto& [what, count] : counts) parts.push_back(fmt::format("{} {}", count, what));
  return join(parts, ", ");
}

}  // namespace pcluster
