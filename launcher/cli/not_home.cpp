// Why the workers of jobs that run do not come home, as far as their logs tell.
// SPDX-License-Identifier: MIT
#include "launcher/cli/not_home.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "launcher/io/file.hpp"
#include "launcher/io/hops.hpp"

namespace pcluster {
namespace {

constexpr Micros look_every = second;
constexpr std::size_t most_logs = 4;  // more would say the same
constexpr std::size_t most_bytes = 16 * 1024;
// A job's log is made before its first line runs; a shared directory may be half a minute behind.
constexpr Micros log_within = 20 * second;

// Those that run, then those of which the last look at the queue has said that they wait: that may
// be half a minute ago, and a log that is there knows better.
std::vector<const JobRow*> with_logs(const std::vector<JobRow>& absent) {
  std::vector<const JobRow*> jobs;
  for (const auto state : {JobState::running, JobState::pending})
    for (const auto& job : absent)
      if (job.state == state && !job.log.empty() && jobs.size() < most_logs) jobs.push_back(&job);
  return jobs;
}

}  // namespace

std::string end_of_file(const std::string& path, std::size_t bytes) {
  Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!file || fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  const auto size = static_cast<std::size_t>(info.st_size);
  std::string text(std::min(size, bytes), '\0');
  const auto from = static_cast<off_t>(size - text.size());
  const auto got = pread(file.get(), text.data(), text.size(), from);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

void NotHome::look(const std::vector<JobRow>& absent, Time now) {
  if (now < next_) return;
  next_ = now + look_every;
  text_.clear();
  int alike = 0;
  for (const auto* job : with_logs(absent)) {
    const bool runs = job->state == JobState::running;
    const auto since = runs ? running_since_.try_emplace(job->log, now).first->second : now;
    auto why = no_way_in(end_of_file(job->log, most_bytes));
    if (!why && now - since >= log_within && !exists(job->log))
      why = fmt::format("job {} runs, and {} is not there: {}", job->job_id, job->log,
                        unseen_directory);
    if (!why) continue;
    if (text_.empty())
      text_ = *why;
    else
      ++alike;
  }
  if (alike > 0) text_ += fmt::format(" (and {} more jobs)", alike);
}

}  // namespace pcluster
