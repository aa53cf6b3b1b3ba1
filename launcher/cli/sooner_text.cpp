// What estimates and reservations come to, in words.  Pure but for the local time zone.
// SPDX-License-Identifier: MIT
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "launcher/base/text.hpp"
#include "launcher/cli/sooner.hpp"

namespace pcluster {
namespace {

constexpr Micros minute = 60 * second, hour = 60 * minute, day = 24 * hour;
constexpr Micros least_gain = minute, least_time = 5 * minute;

std::tm local_time(Micros unix) {
  const auto seconds = static_cast<std::time_t>(unix / second);
  std::tm fields{};
  localtime_r(&seconds, &fields);
  return fields;
}

// "14:05" of today, else with the date.
std::string clock(Micros unix, Micros now_unix) {
  const auto then = local_time(unix), now = local_time(now_unix);
  const bool today = then.tm_year == now.tm_year && then.tm_yday == now.tm_yday;
  return today ? fmt::format("{:%H:%M}", then) : fmt::format("{:%Y-%m-%d %H:%M}", then);
}

// As people say it: 20 h, 2 d, 35 min.
std::string about(Micros time) {
  if (time >= 2 * day) return fmt::format("{} d", time / day);
  if (time >= 2 * hour) return fmt::format("{} h", time / hour);
  return fmt::format("{} min", std::max<Micros>(1, time / minute));
}

}  // namespace

bool fits(const JobSpec& spec, const PartitionLimits& limits) {
  const auto& each = spec.per_node;
  const auto within = [](auto wanted, auto most) { return most == 0 || wanted <= most; };
  return limits.up && limits.routes_to.empty() && within(each.cores, limits.max_cores) &&
         within(each.memory_mb, limits.max_memory_mb) &&
         within(each.memory_mb,
                limits.max_memory_mb_per_core * std::max<std::uint64_t>(each.cores, 1)) &&
         within(spec.time, limits.max_time) && within(spec.nodes, limits.nodes);
}

std::string sooner_text(const StartChoice* own, const std::vector<StartChoice>& others,
                        Micros now_unix) {
  const auto best = std::ranges::min_element(others, {}, &StartChoice::start_unix);
  const bool any = best != others.end();
  const auto time = [&](const StartChoice& choice) { return clock(choice.start_unix, now_unix); };
  if (any && own == nullptr)
    return fmt::format("would start at {} in {}: pcluster submit --partition {}", time(*best),
                       best->partition, best->partition);
  if (own == nullptr) return {};
  const auto gain = any ? own->start_unix - std::max(best->start_unix, now_unix) : 0;
  if (gain >= least_gain)
    return fmt::format(
        "would start at {} in {}, {} sooner than in {}: pcluster submit --partition "
        "{}",
        time(*best), best->partition, about(gain), own->partition, best->partition);
  return fmt::format(
      "a job like these would start at {} in {}; no other partition that fits is "
      "sooner",
      time(*own), own->partition);
}

const Reservation* in_the_way(const std::vector<Reservation>& all, const JobSpec& spec,
                              const std::vector<std::string>& nodes, Micros time, Micros start_unix,
                              Micros now_unix) {
  const Reservation* first = nullptr;
  for (const auto& one : all) {
    const auto taken = std::ranges::count_if(nodes, [&](const std::string& node) {
      return std::ranges::find(one.nodes, node) != one.nodes.end();
    });
    const bool enough_left = static_cast<std::uint64_t>(taken) + spec.nodes <= nodes.size();
    const bool overlaps =
        one.end_unix > now_unix && (time == 0 || now_unix + time > one.start_unix);
    const bool before_it = start_unix > 0 && start_unix < one.start_unix;
    const bool asked_for = std::ranges::any_of(spec.directives, [&](const std::string& words) {
      return words.find("reservation") != words.npos && words.find(one.name) != words.npos;
    });
    if (taken == 0 || enough_left || !overlaps || before_it || asked_for) continue;
    if (first == nullptr || one.start_unix < first->start_unix) first = &one;
  }
  return first;
}

Micros time_before(const Reservation& one, Micros now_unix) {
  const auto left = one.start_unix - now_unix - minute;  // the scheduler needs a moment, too
  const auto step = left >= 2 * day ? hour : left >= 2 * hour ? 10 * minute : minute;
  return left < least_time ? 0 : left / step * step;
}

std::string reservation_text(const Reservation& one, Micros fits, Micros now_unix) {
  auto text = fmt::format("cannot start before reservation {} is over ({}{}, {} to {})", one.name,
                          one.maintenance ? "maintenance of " : "", printable(one.node_names),
                          clock(one.start_unix, now_unix), clock(one.end_unix, now_unix));
  if (fits > 0)
    text += fmt::format(
        "; {} would fit before it: pcluster submit --time {}", about(fits),
        fits % hour == 0 ? fmt::format("{}h", fits / hour) : fmt::format("{}m", fits / minute));
  return text;
}

}  // namespace pcluster
