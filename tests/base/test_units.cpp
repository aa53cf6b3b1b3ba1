// Sizes and durations, read and shown.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/base/error.hpp"
#include "launcher/base/units.hpp"

using namespace pcluster;

TEST_CASE("memory is MB unless a unit says otherwise") {
  CHECK(parse_memory_mb("8000") == 8000);
  CHECK(parse_memory_mb("16G") == 16384);
  CHECK(parse_memory_mb("2GiB") == 2048);
  CHECK(parse_memory_mb("1.5T") == 1572864);
  CHECK(parse_memory_mb("100K") == 1);  // never less than was asked for
  for (const char* bad : {"", "G", "12Q", "-1", "1..5G", "1e3", "99999999999T"})
    CHECK_THROWS_AS(parse_memory_mb(bad), Error);
  CHECK(show_memory_mb(512) == "512 MB");
  CHECK(show_memory_mb(16384) == "16 GB");
  CHECK(show_memory_mb(16284) == "15.9 GB");
}

TEST_CASE("durations as people and schedulers write them") {
  CHECK(parse_duration("90") == 90 * second);
  CHECK(parse_duration("1h30m") == 5400 * second);
  CHECK(parse_duration("2d") == 172800 * second);
  CHECK(parse_duration("0.5s") == 500 * millisecond);
  CHECK(parse_duration("02:30") == 150 * second);
  CHECK(parse_duration("01:00:00") == 3600 * second);
  CHECK(parse_duration("1-02:00:00") == 93600 * second);
  CHECK(parse_duration("2-12") == 216000 * second);
  CHECK(parse_duration("unlimited") == 0);
  for (const char* bad : {"", "banana", "1x", "1:2:3:4", "-5", "1h30", "9999999999d"})
    CHECK_THROWS_AS(parse_duration(bad), Error);
}

TEST_CASE("what a program printed is read without exceptions") {
  CHECK(read_duration("1-00:00:00") == 86400 * second);
  CHECK(read_duration("UNLIMITED") == 0);
  CHECK_FALSE(read_duration("1:2:3:4"));
  CHECK(read_memory_mb("8G") == 8192);
  CHECK_FALSE(read_memory_mb("8Gi8"));
  CHECK(read_unix_seconds("1795310268") == 1'795'310'268 * second);
  for (const char* bad : {"", "Unknown", "-1", "253402300800", "9223372036854775807"})
    CHECK_FALSE(read_unix_seconds(bad));
}

TEST_CASE("durations shown") {
  CHECK(show_duration(52'340'000) == "52.3s");
  CHECK(show_duration(252 * second) == "4m12s");
  CHECK(show_duration(7500 * second) == "2h05m");
  CHECK(show_duration(50 * 3600 * second) == "2d02h");
  CHECK(clock_duration(93600 * second) == "1-02:00:00");
  CHECK(clock_duration(90 * second) == "00:01:30");
  CHECK(clock_duration(1) == "00:00:01");
  CHECK(show_utc(1'795'248'129'000'000) == "2026-11-21T08:02:09Z");
}
