// Which partitions fit, what would start sooner, and what is reserved before it.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>

#include "launcher/cli/live_limits.hpp"
#include "launcher/cli/sooner.hpp"
#include "tests/cli/center.hpp"

using namespace pcluster;
using namespace pcluster::test;

namespace {

constexpr Micros hour = 3600 * second;
constexpr Micros now = 1795280400 * second;  // 2026-11-21 17:00 UTC

struct Utc {  // times are told in the zone of who asks
  Utc() {
    setenv("TZ", "UTC0", 1);
    tzset();
  }
  ~Utc() {
    unsetenv("TZ");
    tzset();
  }
};

Reservation maintenance(Micros start, Micros end) {
  return {"maint1", "node[1-3]", start, end, true, {"node1", "node2", "node3"}};
}
const std::vector<std::string> nodes{"node1", "node2", "node3"};

}  // namespace

TEST_CASE("what fits a partition") {
  JobSpec spec;
  spec.per_node = {4, 8000, 0};
  spec.time = 2 * hour;
  CHECK(fits(spec, limits("open")));
  CHECK(fits(spec, limits("same", 4, 8000, 0, 2 * hour)));
  CHECK_FALSE(fits(spec, limits("cores", 3)));
  CHECK_FALSE(fits(spec, limits("memory", 0, 7999)));
  CHECK_FALSE(fits(spec, limits("time", 0, 0, 0, hour)));
  auto other = limits("down");
  other.up = false;
  CHECK_FALSE(fits(spec, other));
  other = limits("route");
  other.routes_to = "a,b";
  CHECK_FALSE(fits(spec, other));
  other = limits("per core");
  other.max_memory_mb_per_core = 1999;
  CHECK_FALSE(fits(spec, other));
  other.max_memory_mb_per_core = 2000, other.nodes = 1;
  CHECK(fits(spec, other));
  spec.nodes = 2;
  CHECK_FALSE(fits(spec, other));
}

TEST_CASE("the soonest is told with what it gains and how to have it") {
  const Utc utc;
  const StartChoice own{"16GBXL", now + 21 * hour};
  CHECK(sooner_text(&own, {{"E880", now + 3 * hour}, {"8GBS", now + hour}}, now) ==
        "would start at 18:00 in 8GBS, 20 h sooner than in 16GBXL: pcluster submit --partition "
        "8GBS");
  CHECK(sooner_text(&own, {{"8GBS", now + 21 * hour}}, now) ==
        "a job like these would start at 2026-11-22 14:00 in 16GBXL; no other partition that fits "
        "is sooner");
  CHECK(sooner_text(&own, {}, now).find("no other partition") != std::string::npos);
  CHECK(sooner_text(nullptr, {{"8GBS", now}}, now) ==
        "would start at 17:00 in 8GBS: pcluster submit --partition 8GBS");
  CHECK(sooner_text(nullptr, {}, now).empty());
}

TEST_CASE("a reservation is in the way of what would last into it") {
  JobSpec spec;
  const std::vector<Reservation> all{maintenance(now + 2 * hour, now + 4 * hour)};
  const auto found = [&](Micros time, Micros start) {
    return in_the_way(all, spec, nodes, time, start, now) != nullptr;
  };
  CHECK(found(3 * hour, now + 4 * hour));
  CHECK(found(3 * hour, 0));
  CHECK(found(0, 0));                        // no limit at all
  CHECK_FALSE(found(hour, now + 4 * hour));  // other reasons keep it
  CHECK_FALSE(found(3 * hour, now + hour));  // it starts before: the scheduler knows better
  auto larger = nodes;
  larger.push_back("node4");
  CHECK(in_the_way(all, spec, larger, 3 * hour, 0, now) == nullptr);  // a node is left
  spec.nodes = 2;
  CHECK(in_the_way(all, spec, larger, 3 * hour, 0, now) != nullptr);
  CHECK(in_the_way(all, spec, {"x1", "x2"}, 3 * hour, 0, now) == nullptr);
  CHECK(in_the_way(all, spec, nodes, 3 * hour, 0, now + 5 * hour) == nullptr);  // it is over
  spec.directives = {"--reservation=maint1"};
  CHECK_FALSE(found(3 * hour, 0));
}

TEST_CASE("what would fit before it") {
  const Utc utc;
  CHECK(time_before(maintenance(now + 2 * hour, now + 4 * hour), now) == 119 * 60 * second);
  CHECK(time_before(maintenance(now + 3 * hour, now + 4 * hour), now) == 170 * 60 * second);
  CHECK(time_before(maintenance(now + 63 * hour, now + 64 * hour), now) == 62 * hour);
  CHECK(time_before(maintenance(now + 300 * second, now + 4 * hour), now) == 0);
  CHECK(time_before(maintenance(now - hour, now + hour), now) == 0);
  CHECK(reservation_text(maintenance(now + 63 * hour, now + 73 * hour), 62 * hour, now) ==
        "cannot start before reservation maint1 is over (maintenance of node[1-3], 2026-11-24 "
        "08:00 to 2026-11-24 18:00); 2 d would fit before it: pcluster submit --time 62h");
  CHECK(reservation_text({"r2", "node1", now, now + hour, false, {}}, 0, now) ==
        "cannot start before reservation r2 is over (node1, 17:00 to 18:00)");
}

TEST_CASE("manners: the smaller of the site's and the live ones") {
  Plan plan;
  plan.jobs = 10;
  plan.spec.partition = "8GBS";
  plan.spec.manners = {50, 20, second, 0};
  auto live = limits("8GBS");
  live.max_jobs = 7, live.max_array = 1001, live.max_running = 3;
  keep_to(LiveLimits{{limits("other"), live}}, plan);
  CHECK(plan.spec.manners == SchedulerManners{7, 20, second, 0});
  REQUIRE(plan.notes.size() == 1);
  CHECK(plan.notes[0] == "partition 8GBS lets a user have 7 jobs at a time: 10 are asked for");
  plan.jobs = 5, plan.notes.clear();
  keep_to(LiveLimits{{live}}, plan);
  CHECK(plan.notes == std::vector<std::string>{
                          "partition 8GBS lets a user run 3 jobs at a time: 5 are asked for"});
  Plan free;
  free.spec.partition = "8GBS";
  keep_to(LiveLimits{{limits("8GBS")}}, free);
  keep_to({}, free);
  CHECK(free.spec.manners == SchedulerManners{});
  CHECK(free.notes.empty());
}
