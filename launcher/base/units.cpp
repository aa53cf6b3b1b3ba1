// Sizes and durations.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/base/units.hpp"

#include <fmt/format.h>

#include <cmath>
#include <ctime>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

constexpr Micros minute = 60 * second, hour = 60 * minute, day = 24 * hour;
constexpr Micros longest = 3650 * day;  // keeps every sum of times far from overflow

// A decimal number at the front of `text`, taken off it.
std::optional<double> take_number(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') || text[end] == '.')) ++end;
  if (end == 0 || text.substr(0, end) == ".") return {};
  const std::string digits(text.substr(0, end));
  char* stop = nullptr;
  const double value = std::strtod(digits.c_str(), &stop);
  if (*stop != '\0') return {};
  text.remove_prefix(end);
  return value;
}

// "MM:SS", "HH:MM:SS", each with "D-" in front ("D-HH", "D-HH:MM" too, as schedulers read them).
std::optional<Micros> parse_clock(std::string_view text) {
  Micros days = 0;
  const auto dash = text.find('-');
  if (dash != text.npos) {
    const auto number = to_integer(text.substr(0, dash));
    if (!number || *number < 0 || *number > longest / day) return {};
    days = *number * day;
    text.remove_prefix(dash + 1);
  }
  Micros parts[3] = {0, 0, 0};
  const auto words = split(text, ':');
  if (words.size() > 3 || (dash == text.npos && words.size() < 2)) return {};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto number = to_integer(words[i]);
    if (!number || *number < 0 || *number > 1'000'000) return {};
    parts[i] = *number;
  }
  if (dash == text.npos && words.size() == 2) return parts[0] * minute + parts[1] * second;
  return days + parts[0] * hour + parts[1] * minute + parts[2] * second;
}

std::optional<Micros> unit(std::string_view name) {
  if (name == "s" || name == "sec") return second;
  if (name == "m" || name == "min") return minute;
  if (name == "h") return hour;
  if (name == "d") return day;
  if (name == "ms") return millisecond;
  return {};
}

}  // namespace

std::optional<std::uint64_t> read_memory_mb(std::string_view text) {
  std::string_view rest = trim(text);
  const auto number = take_number(rest);
  double factor = 0;  // to MB
  if (rest.empty() || rest == "M" || rest == "MB" || rest == "MiB" || rest == "m") factor = 1;
  if (rest == "K" || rest == "KB" || rest == "KiB" || rest == "k") factor = 1.0 / 1024;
  if (rest == "G" || rest == "GB" || rest == "GiB" || rest == "g") factor = 1024;
  if (rest == "T" || rest == "TB" || rest == "TiB" || rest == "t") factor = 1024.0 * 1024;
  if (!number || factor == 0 || *number * factor > 1e12) return {};
  return static_cast<std::uint64_t>(std::ceil(*number * factor));
}

std::uint64_t parse_memory_mb(std::string_view text) {
  if (const auto mb = read_memory_mb(text)) return *mb;
  throw Error(Exit::usage, fmt::format("\"{}\" is not an amount of memory", text),
              "write 16G, 512M, 1.5T, or a number of MB");
}

std::string show_memory_mb(std::uint64_t mb) {
  if (mb < 1024) return fmt::format("{} MB", mb);
  const double gb = static_cast<double>(mb) / 1024;
  return gb == std::floor(gb) ? fmt::format("{:.0f} GB", gb) : fmt::format("{:.1f} GB", gb);
}

std::optional<Micros> read_duration(std::string_view text) {
  std::string_view rest = trim(text);
  if (rest == "unlimited" || rest == "UNLIMITED") return 0;
  if (rest.find(':') != rest.npos || rest.find('-') != rest.npos) return parse_clock(rest);
  if (rest.empty()) return {};
  double total = 0;
  const bool bare = rest.find_first_not_of("0123456789.") == rest.npos;  // seconds
  while (!rest.empty()) {
    const auto number = take_number(rest);
    const auto length = rest.find_first_of("0123456789.");
    const auto name = rest.substr(0, length);
    rest.remove_prefix(name.size());
    const auto factor = bare ? std::optional(second) : unit(name);
    if (!number || !factor) return {};
    total += *number * static_cast<double>(*factor);
  }
  if (total > static_cast<double>(longest)) return {};
  return static_cast<Micros>(total + 0.5);
}

Micros parse_duration(std::string_view text) {
  if (const auto duration = read_duration(text)) return *duration;
  throw Error(Exit::usage, fmt::format("\"{}\" is not a duration", text),
              "write 90s, 5m, 1h30m, 2d, HH:MM:SS or D-HH:MM:SS");
}

std::optional<Micros> read_unix_seconds(std::string_view text) {
  constexpr long long last = 253'402'300'799;
  const auto seconds = to_integer(text);
  return seconds && *seconds >= 0 && *seconds <= last ? std::optional(*seconds * second)
                                                      : std::nullopt;
}

std::string show_duration(Micros duration) {
  if (duration < 0) duration = 0;
  if (duration < minute)
    return fmt::format("{:.1f}s", static_cast<double>(duration) / static_cast<double>(second));
  const auto seconds = duration / second;
  if (duration < hour) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  if (duration < 2 * day) return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{}d{:02}h", seconds / 86400, seconds / 3600 % 24);
}

std::string clock_duration(Micros duration) {
  const auto seconds = (duration + second - 1) / second;  // never less than was asked for
  const auto days = seconds / 86400;
  const auto clock =
      fmt::format("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
  return days > 0 ? fmt::format("{}-{}", days, clock) : clock;
}

std::string show_utc(Micros unix_time) {
  const std::time_t seconds = unix_time / second;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace pcluster
