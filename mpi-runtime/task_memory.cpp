// Holds tasks to the memory that they asked for, and tells an end for want of memory from others.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/task_memory.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "mpi-runtime/process_tree.hpp"
#include "mpi-runtime/process_use.hpp"

namespace pcluster {
namespace {

constexpr Micros look_every = second / 2;
constexpr Micros at_once = 2 * second;  // what the kernel kills for one want of memory

}  // namespace

std::string out_of_memory_text(std::uint64_t peak_kb, std::uint64_t limit_kb,
                               const std::string& host) {
  constexpr double mb = 1024, gb = 1024 * mb;
  const auto peak = static_cast<double>(peak_kb), limit = static_cast<double>(limit_kb);
  if (limit < gb)
    return fmt::format("out of memory: {:.0f} of {:.0f} MB on {}", peak / mb, limit / mb, host);
  return fmt::format("out of memory: {:.1f} of {:.1f} GB on {}", peak / gb, limit / gb, host);
}

TaskMemory::TaskMemory(Loop& loop, MemoryGroups groups, std::uint64_t job_limit_kb,
                       std::uint32_t slots, std::function<void(std::uint32_t)> kill)
    : loop_(loop),
      groups_(std::move(groups)),
      job_limit_kb_(job_limit_kb),
      held_(slots),
      kill_(std::move(kill)),
      kills_(groups_.kills()) {}

TaskMemory::~TaskMemory() {
  if (timer_) loop_.cancel(*timer_);
  for (const auto& one : held_)
    if (!one.group.empty()) groups_.remove(one.group);
}

std::string TaskMemory::hold(std::uint32_t slot, std::uint64_t limit_kb) {
  auto& one = held_[slot] = {};
  one.limit_kb = limit_kb;
  one.group = groups_.make(fmt::format("pcluster.{}.{}", getpid(), ++made_), limit_kb);
  return one.group;
}

// One that did not join its group (we may make groups there, but move nobody into them) is watched,
// and so are all later ones.
void TaskMemory::started(std::uint32_t slot, pid_t leader) {
  auto& one = held_[slot];
  if (one.limit_kb == 0) return;
  one.leader = leader;
  if (!one.group.empty() && !groups_.has_processes(one.group)) {
    const char state = process_state(leader);
    if (state != 'Z' && state != ' ') {
      groups_.remove(std::exchange(one.group, {}));
      groups_.give_up();
    }
  }
  if (one.group.empty()) watch();
}

void TaskMemory::let_go(std::uint32_t slot) {
  if (!held_[slot].group.empty()) groups_.remove(held_[slot].group);
  held_[slot] = {};
}

void TaskMemory::watch() {
  if (!timer_) timer_ = loop_.at(loop_.now() + look_every, [this] { look(); });
}

void TaskMemory::look() {
  timer_.reset();
  ProcessUse use;
  for (std::uint32_t slot = 0; slot < held_.size(); ++slot) {
    auto& one = held_[slot];
    if (one.leader == 0 || !one.group.empty()) continue;
    watch();
    use.look(one.leader);
    const auto used = use.memory_kb(one.limit_kb);
    one.peak_kb = std::max(one.peak_kb, used);
    if (used <= one.limit_kb || std::exchange(one.exceeded, true)) continue;
    kill_(slot);
  }
}

// The kernel's count for our own group has gone up, now or a moment ago.
bool TaskMemory::job_ran_out() {
  if (const auto kills = groups_.kills(); kills > kills_) {
    kills_ = kills;
    ran_out_at_ = loop_.now();
  }
  return ran_out_at_ && loop_.now() - *ran_out_at_ <= at_once;
}

void TaskMemory::ended(std::uint32_t slot, bool ours, const std::string& host, TaskResult& result) {
  const auto one = std::exchange(held_[slot], {});
  result.memory_limit_kb = one.limit_kb;
  bool killed = one.exceeded;
  auto peak = one.peak_kb;
  if (!one.group.empty()) {
    killed = groups_.kills(one.group) > 0;
    peak = groups_.peak_kb(one.group);
    groups_.remove(one.group);
  }
  if (result.state != TaskState::failed || ours) return;
  std::string message;
  peak = std::max(peak, result.max_rss_kb);
  if (killed) {
    message = out_of_memory_text(peak, one.limit_kb, host);
  } else if ((result.signal == SIGKILL || result.exit_code == 128 + SIGKILL) && job_ran_out()) {
    result.memory_limit_kb = one.limit_kb > 0 ? one.limit_kb : job_limit_kb_;
    message = fmt::format("out of memory: the job's {}is used up on {}, {} of it by this task",
                          job_limit_kb_ > 0 ? show_memory_mb(job_limit_kb_ >> 10) + " " : "memory ",
                          host, show_memory_mb(peak >> 10));
  }
  if (message.empty()) return;
  result.cause = Cause::out_of_memory;
  result.max_rss_kb = peak;
  result.message = result.message.empty() ? message : message + "; " + result.message;
}

}  // namespace pcluster
