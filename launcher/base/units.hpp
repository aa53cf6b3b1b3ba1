// Sizes and durations, as people and schedulers write them.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pcluster {

// Microseconds: a duration, or a point on the caller's clock (steady, unless named *_unix).
using Micros = std::int64_t;
using Time = Micros;
inline constexpr Micros millisecond = 1'000;
inline constexpr Micros second = 1'000'000;

// "16G", "512M", "8000" (MB), "1.5T", "2GiB": MB of 2^20 bytes, as schedulers count.  Throws Error.
std::uint64_t parse_memory_mb(std::string_view text);
// "15.9 GB", "512 MB" (1 GB = 1024 MB).
std::string show_memory_mb(std::uint64_t mb);

// "90" (seconds), "5m", "1h30m", "2d", "MM:SS", "HH:MM:SS", "D-HH:MM:SS"; and "unlimited" = 0.
// Throws Error.
Micros parse_duration(std::string_view text);
// The same of what a program printed: nothing where those throw.
std::optional<std::uint64_t> read_memory_mb(std::string_view text);
std::optional<Micros> read_duration(std::string_view text);
// Seconds since 1970 in digits, up to the year 9999.
std::optional<Micros> read_unix_seconds(std::string_view text);
// "52.3s", "4m12s", "2h05m".
std::string show_duration(Micros duration);
// The schedulers' own: "D-HH:MM:SS" / "HH:MM:SS".
std::string clock_duration(Micros duration);
// "2026-11-21T08:02:09Z" from microseconds since 1970.
std::string show_utc(Micros unix_time);

}  // namespace pcluster
