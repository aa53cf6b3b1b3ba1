// A worker's parts of other workers' gangs, as their heads see them.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <signal.h>

#include "gang_rig.hpp"
#include "launcher/model/codec.hpp"
#include "rig.hpp"

using namespace pcluster;

namespace {

// A head of few words.
struct Head {
  Head(GangRig& gang, Role role) {
    connect_tls(gang.loop, {{"127.0.0.1", gang.port}}, read_key(gang.directory.key()), "default",
                role, 5 * second, [this](LinkPtr made, const ConnectFailure&) {
                  link = std::move(made);
                  link->set_frame_limit(max_frame);
                  link->on_frame = [this](std::string_view payload) { heard(payload); };
                  link->on_closed = [this](const std::string&) { closed = true; };
                });
    gang.until([this] { return link != nullptr; });
  }
  void heard(std::string_view payload) {
    const auto message = decode<FromPeer>(payload);
    if (const auto* one = std::get_if<PartOutput>(&*message)) (one->err ? err : out) += one->bytes;
    if (const auto* one = std::get_if<PartEnded>(&*message)) end = *one;
  }
  void order(const AttemptId& attempt, const std::string& worker, const std::string& command) {
    link->send(encode(ToPeer{StartPart{attempt, worker, command}}));
  }
  LinkPtr link;
  std::string out, err;
  std::optional<PartEnded> end;
  bool closed = false;
};

}  // namespace

TEST_CASE("a part's output comes whole and in order, whatever its size, and then its exit code") {
  GangRig gang;
  const auto start = gang.start_of("");
  gang.parts.seat(start);
  Head head(gang, Role::worker);
  head.order(start.attempt, "w3", "seq 1 1000000; echo err >&2; exit 7");
  gang.until([&] { return head.end.has_value(); });
  CHECK(head.end->exit_code == 7);
  CHECK(head.end->message.empty());
  CHECK(head.err == "err\n");
  REQUIRE(head.out.size() == 6'888'896);
  CHECK(head.out.ends_with("999999\n1000000\n"));
  Head second(gang, Role::worker);  // the slots are still the part's
  second.order(start.attempt, "w3", "kill -9 $$");
  gang.until([&] { return second.end.has_value(); });
  CHECK(second.end->exit_code == 128 + SIGKILL);
}

TEST_CASE("what a worker refuses to start") {
  GangRig gang;
  const auto start = gang.start_of("");
  gang.parts.seat(start);
  Head stranger(gang, Role::client);
  gang.until([&] { return stranger.closed; });
  Head wrong(gang, Role::worker);
  wrong.order(start.attempt, "w4", "true");
  gang.until([&] { return wrong.end.has_value(); });
  CHECK(wrong.end->message == "w3 listens there now");
  Head first(gang, Role::worker), again(gang, Role::worker);
  first.order(start.attempt, "w3", "sleep 20");
  gang.turn(second / 10);
  again.order(start.attempt, "w3", "true");
  gang.until([&] { return again.end.has_value(); });
  CHECK(again.end->message == "its part runs already");
}

TEST_CASE("a head that hangs up: what it started is gone at once") {
  GangRig gang;
  const auto number = unique_number();
  const auto start = gang.start_of("");
  gang.parts.seat(start);
  Head head(gang, Role::worker);
  head.order(start.attempt, "w3",
             "trap '' TERM; (setsid sleep " + number + " &) ; sleep " + number);
  gang.until([&] { return sleepers(number).size() == 2; });
  head.link->close();
  gang.until([&] { return sleepers(number).empty(); });
}
