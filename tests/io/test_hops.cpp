// Errors of calls grouped into one sentence, and that sentence found again in a job's log.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "launcher/io/hops.hpp"

using namespace pcluster;

TEST_CASE("each error of a call has a kind") {
  CHECK(failure_kind("10.0.0.1:4001: Connection refused") == "refused");
  CHECK(failure_kind("10.0.0.1:4001: No route to host") == "no route");
  CHECK(failure_kind("192.0.2.2:4001: Network is unreachable") == "unreachable");
  CHECK(failure_kind("10.0.0.1:4001: Connection timed out") == "timed out");
  CHECK(failure_kind("10.0.0.1:4001: no answer within 10.0s") == "timed out");
  CHECK(failure_kind("login:4001: cannot resolve the name: Host not found") == "name unknown");
  CHECK(failure_kind("10.0.0.1:4001: not our cluster's key") == "wrong key");
  CHECK(failure_kind("10.0.0.1:4001: speaks another protocol, not pcluster's") == "wrong key");
  CHECK(failure_kind("10.0.0.1:4001: closed the connection in the handshake") == "cut off");
  CHECK(failure_kind("10.0.0.1:4001: the stars are wrong") == "failed");
}

TEST_CASE("a round of calls is one sentence, the most frequent error first") {
  const auto text = no_way_text(
      "n14", {"10.0.0.1:4001: Connection refused", "192.0.2.2:4001: No route to host",
              "192.0.2.3:4001: No route to host", "127.0.0.1:4001: Connection refused"});
  CHECK(text ==
        "no way to the launcher: 3 addresses tried from n14: 2 no route, 1 refused "
        "(10.0.0.1:4001: Connection refused; 192.0.2.2:4001: No route to host; "
        "192.0.2.3:4001: No route to host)");
  CHECK(no_way_text("n1", {"127.0.0.1:1: Connection refused"}).find("1 address tried from n1: 1") !=
        std::string::npos);
}

TEST_CASE("submit finds the last sentence of a log") {
  const auto first = no_way_text("n14", {"10.0.0.1:4001: Connection refused"});
  const auto second = no_way_text("n14", {"10.0.0.1:4001: No route to host"});
  const auto line = [](const std::string& text) {
    return "2026-11-21T08:02:09Z pcluster worker 17: " + text + "; a firewall?\n";
  };
  CHECK(no_way_in("loading modules\n" + line(first)) == "1 address tried from n14: 1 refused");
  CHECK(no_way_in(line(first) + line(second) + "more\n") == "1 address tried from n14: 1 no route");
  CHECK(no_way_in(line(obstacle_text("n14", "/x is not there (PCLUSTER_DIR)"))) ==
        "from n14: /x is not there");
  CHECK_FALSE(no_way_in("leaving: the job was told to end\n"));
  CHECK_FALSE(no_way_in(""));
}
