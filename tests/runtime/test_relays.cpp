// Connections handed on by a worker, over real sockets.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/relays.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <algorithm>

#include "launcher/model/codec.hpp"
#include "mpi-runtime/relay_call.hpp"
#include "tests/io/peers.hpp"

using namespace pcluster;

namespace {

// A worker that is home at `launcher`, as Parts and Relays make one.
struct RelayWorker {
  RelayWorker(Loop& loop, const Server& launcher, Relays::Limits limits = {})
      : relays(loop, limits),
        listener(listen_tls(loop, test_key(), "test", {}, [&](LinkPtr link, Role) {
          link->on_frame = [this, raw = link.get()](std::string_view payload) {
            const auto message = decode<ToPeer>(payload);
            REQUIRE(message);
            CHECK(std::holds_alternative<Relay>(*message));
            const auto found =
                std::ranges::find_if(asking, [&](const auto& one) { return one.get() == raw; });
            auto one = *found;
            asking.erase(found);
            relays.serve(std::move(one));
          };
          asking.push_back(std::move(link));
        })) {
    relays.home("w3", {"127.0.0.1", launcher.listener->port()});
  }
  RelayInfo info() const { return {"w3", hostname(), {"127.0.0.1"}, listener->port()}; }

  Relays relays;
  std::vector<LinkPtr> asking;
  std::unique_ptr<Listener> listener;
};

struct Called {
  LinkPtr link;
  std::string route;
  std::vector<std::string> errors, frames, ends;
  bool done = false;
};

std::shared_ptr<Called> call(Loop& loop, std::vector<RelayInfo> relays,
                             const ClusterKey& key = test_key()) {
  auto called = std::make_shared<Called>();
  call_through_relays(
      loop, {std::move(relays), key, "test"},
      [called](LinkPtr link, const std::string& route, std::vector<std::string> errors) {
        called->done = true;
        called->link = std::move(link);
        called->route = route;
        called->errors = std::move(errors);
        if (!called->link) return;
        called->link->set_frame_limit(max_frame);
        called->link->on_frame = [c = called.get()](std::string_view payload) {
          c->frames.emplace_back(payload);
        };
        called->link->on_closed = [c = called.get()](std::string why) {
          c->ends.push_back(std::move(why));
        };
      });
  return called;
}

}  // namespace

TEST_CASE("through a worker: the key is proven to the launcher, and all bytes arrive") {
  Loop loop;
  Server launcher(loop);
  RelayWorker relay(loop, launcher);
  const auto called = call(loop, {relay.info()});
  REQUIRE(run_until(loop, [&] { return called->done && !launcher.links.empty(); }));
  REQUIRE(called->link);
  CHECK(called->route == "through w3 on " + hostname());
  CHECK(launcher.roles == std::vector<Role>{Role::worker});
  CHECK(relay.relays.connections() == 1);

  launcher.links.front()->set_frame_limit(max_frame);
  std::string large(8u << 20, '\0');
  for (std::size_t i = 0; i < large.size(); ++i)
    large[i] = static_cast<char>(i * 2654435761u >> 13);
  called->link->send("hello");
  called->link->send(large);
  launcher.links.front()->send(large);
  REQUIRE(run_until(
      loop, [&] { return launcher.frames.size() == 2 && called->frames.size() == 1; },
      20 * second));
  CHECK(launcher.frames[0] == "hello");
  CHECK(launcher.frames[1] == large);
  CHECK(called->frames[0] == large);

  called->link->send("bye");
  called->link->close();
  REQUIRE(run_until(loop, [&] { return launcher.ends.size() == 1; }));
  CHECK(launcher.frames.back() == "bye");
  CHECK(run_until(loop, [&] { return relay.relays.connections() == 0; }));
}

TEST_CASE("a relay that leaves: both ends hear it at once") {
  Loop loop;
  Server launcher(loop);
  RelayWorker relay(loop, launcher);
  const auto called = call(loop, {relay.info()});
  REQUIRE(run_until(loop, [&] { return called->done && !launcher.links.empty(); }));
  REQUIRE(called->link);
  relay.relays.leave();
  CHECK(run_until(loop, [&] { return called->ends.size() == 1 && launcher.ends.size() == 1; }));
  const auto again = call(loop, {relay.info()});
  REQUIRE(run_until(loop, [&] { return again->done; }));
  CHECK_FALSE(again->link);
}

TEST_CASE(
    "a relay that is away, full, or cannot reach the launcher says so; the next one is asked") {
  Loop loop;
  Server launcher(loop);
  RelayWorker away(loop, launcher), full(loop, launcher, {.connections = 0, .splice = {}}),
      lost(loop, launcher), good(loop, launcher);
  away.relays.away();
  {
    Server gone(loop);
    lost.relays.home("w4", {"127.0.0.1", gone.listener->port()});
  }
  const auto nobody = RelayInfo{"w9", hostname(), {"127.0.0.1"}, 1};
  for (const auto& [bad, why] :
       {std::pair{&away, "is not home itself"},
        {&full, "hands 0 connections on already"},
        {&lost, "cannot reach the launcher itself now: Connection refused"}}) {
    // A group of them whose first answer is bad, then the next group.
    const auto called = call(loop, {bad->info(), nobody, nobody, good.info()});
    REQUIRE(run_until(loop, [&] { return called->done; }));
    CHECK(called->link);
    const auto alone = call(loop, {bad->info()});
    REQUIRE(run_until(loop, [&] { return alone->done; }));
    CHECK_FALSE(alone->link);
    REQUIRE(alone->errors.size() == 1);
    CHECK(alone->errors[0].find(why) != std::string::npos);
  }
}

TEST_CASE("strangers get nothing through a relay") {
  Loop loop;
  Server launcher(loop);
  RelayWorker relay(loop, launcher);
  const Fd raw = raw_connect(relay.listener->port());
  REQUIRE(write(raw.get(), "GET / HTTP/1.0\r\n\r\n", 18) == 18);
  CHECK(run_until(loop, [&] { return is_closed(raw.get()); }));
  const auto other = call(loop, {relay.info()}, test_key(9));
  REQUIRE(run_until(loop, [&] { return other->done; }));
  CHECK_FALSE(other->link);
  REQUIRE(other->errors.size() == 1);
  CHECK(other->errors[0].find("not our cluster's key") != std::string::npos);
  run_for(loop, 50 * millisecond);
  CHECK(launcher.roles.empty());
  CHECK(relay.relays.connections() == 0);
}

namespace {

struct Pair {
  Pair() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    ours = Fd(ends[0]);
    theirs = Fd(ends[1]);
  }
  Fd ours, theirs;
};

}  // namespace

TEST_CASE("who does not read is not read for: a splice keeps no more than one piece") {
  Loop loop;
  Pair a, b;
  bool ended = false;
  const Splice splice(loop, std::move(a.theirs), std::move(b.theirs), [&] { ended = true; }, {});
  std::string sent;
  const std::string piece(100'000, 'x');
  std::size_t quiet = 0;
  while (quiet < 5) {  // until nothing goes any more
    const auto taken = send(a.ours.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
    if (taken > 0) sent.append(piece, 0, static_cast<std::size_t>(taken));
    quiet = taken > 0 ? 0 : quiet + 1;
    run_for(loop, 2 * millisecond);
    REQUIRE(sent.size() < 8u << 20);
  }
  std::size_t got = 0;
  std::string buffer(1 << 16, '\0');
  shutdown(a.ours.get(), SHUT_WR);
  CHECK(run_until(loop, [&] {
    ssize_t count = 0;
    while ((count = recv(b.ours.get(), buffer.data(), buffer.size(), 0)) > 0)
      got += static_cast<std::size_t>(count);
    return count == 0;  // the end comes through, after everything
  }));
  CHECK(got == sent.size());
  CHECK_FALSE(ended);
  REQUIRE(send(b.ours.get(), "more", 4, MSG_NOSIGNAL) == 4);  // the other half is open still
  bool came = false;
  CHECK(run_until(loop, [&] {
    came = came || recv(a.ours.get(), buffer.data(), 4, 0) == 4;
    return came;
  }));
  b.ours.reset();
  CHECK(run_until(loop, [&] { return ended; }));
}

TEST_CASE("ends that say nothing for too long are cut") {
  Loop loop;
  Pair a, b, c, d;
  bool silent = false, half = false;
  const Splice one(loop, std::move(a.theirs), std::move(b.theirs), [&] { silent = true; },
                   {200 * millisecond, 100 * millisecond});
  const Splice other(loop, std::move(c.theirs), std::move(d.theirs), [&] { half = true; },
                     {60 * second, 100 * millisecond});
  shutdown(c.ours.get(), SHUT_WR);
  CHECK(run_until(loop, [&] { return silent && half; }));
  CHECK(is_closed(a.ours.get()));
  CHECK(is_closed(d.ours.get()));
}
