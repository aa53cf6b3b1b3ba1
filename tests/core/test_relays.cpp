// Which workers are named to those that cannot reach the launcher themselves.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <set>

#include "bench.hpp"

using namespace pcluster;
using pcluster::test::Bench;

namespace {

struct Relaying : Bench {
  Relaying() {
    std::vector<std::string> ids;
    for (int i = 0; i < 20; ++i) ids.push_back(std::to_string(i));
    token = this->jobs(ids);
  }
  LinkId come(int job, const std::string& host, std::uint16_t port) {
    auto me = hello(token, std::to_string(job), 2);
    me.host = host;
    me.addresses = {"10.0.0." + std::to_string(job)};
    me.relay_port = port;
    me.route = port == 0 ? "through w0 on a" : "10.0.0.1:4001";
    const auto link = join(me);
    note();
    return link;
  }
  void note() {
    for (const auto& told : of<effect::Relays>(last.now)) {
      relays = told.list;
      ++times;
    }
  }
  std::set<std::string> hosts() const {
    std::set<std::string> all;
    for (const auto& one : relays) all.insert(one.host);
    return all;
  }
  std::string token;
  std::vector<RelayAt> relays;
  int times = 0;
};

}  // namespace

TEST_CASE("workers that are home and may hand on are named, others are not") {
  Relaying bench;
  bench.come(0, "a", 4000);
  REQUIRE(bench.relays.size() == 1);
  CHECK(bench.relays[0] == RelayAt{WorkerId{0}, "a", {"10.0.0.0"}, 4000});
  bench.come(1, "b", 0);  // itself by a relay
  CHECK(bench.times == 1);
  const auto status = bench.core.status(bench.now);
  CHECK(status.workers[0].route == "10.0.0.1:4001");
  CHECK(status.workers[1].route == "through w0 on a");
}

TEST_CASE("whoever goes is not named any more; nothing is said while nothing changes") {
  Relaying bench;
  const auto first = bench.come(0, "a", 4000);
  bench.come(1, "b", 4001);
  CHECK(bench.times == 2);
  bench.say(first, Heartbeat{});
  bench.note();
  CHECK(bench.times == 2);
  bench.handle(event::WorkerCut{first, "cut"});
  bench.note();
  REQUIRE(bench.relays.size() == 1);
  CHECK(bench.relays[0].host == "b");
  bench.come(0, "a", 4000);
  CHECK(bench.relays.size() == 2);
}

TEST_CASE("eight at most, on as many hosts as there are, and those who were named stay") {
  Relaying bench;
  for (int i = 0; i < 10; ++i) bench.come(i, "a", 4000);
  CHECK(bench.relays.size() == 8);
  for (int i = 10; i < 13; ++i) bench.come(i, "b" + std::to_string(i), 4000);
  CHECK(bench.relays.size() == 8);
  CHECK(bench.hosts().size() == 4);
  CHECK(bench.relays.front().worker == WorkerId{0});
  const auto times = bench.times;
  bench.come(13, "a", 4000);
  CHECK(bench.times == times);
}
