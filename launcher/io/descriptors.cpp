// How many descriptors this process may have open.
// SPDX-License-Identifier: MIT
#include "launcher/io/descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <optional>

namespace pcluster {
namespace {

constexpr std::uint64_t for_ourselves = 128;  // tables of results have 64, a command has 6

rlim_t before = 0;  // the soft limit before it was raised; 0: it was not

constexpr Micros of_late = 60 * second;
std::optional<Time> last_turned_away;

void set_soft(rlim_t soft) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min(soft, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

std::uint64_t descriptor_limit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
}

std::uint64_t raise_descriptor_limit() {
  const auto soft = descriptor_limit();
  set_soft(RLIM_INFINITY);
  if (descriptor_limit() != soft) before = soft;
  return descriptor_limit();
}

std::uint64_t end_for_strangers() {
  const auto limit = descriptor_limit();
  return limit - std::min(for_ourselves, limit / 4);
}

bool room_for_stranger(int fd) { return static_cast<std::uint64_t>(fd) < end_for_strangers(); }

void note_turned_away(Time now) { last_turned_away = now; }
bool turned_away(Time now) { return last_turned_away && now < *last_turned_away + of_late; }

LimitAsBefore::LimitAsBefore() {
  if (before != 0) set_soft(before);
}
LimitAsBefore::~LimitAsBefore() {
  if (before != 0) set_soft(RLIM_INFINITY);
}

}  // namespace pcluster
