// Links between those who share the key: order, sizes, ends, callbacks that close.
// SPDX-License-Identifier: MIT
#include "launcher/io/link.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "tests/io/peers.hpp"

using namespace pcluster;

namespace {

std::shared_ptr<Client> joined(Loop& loop, Server& server) {
  auto client = connect(loop, {{"127.0.0.1", server.listener->port()}}, test_key());
  REQUIRE(run_until(loop, [&] { return client->done && !server.links.empty(); }));
  REQUIRE(client->link);
  return client;
}

}  // namespace

TEST_CASE("both roles join with the right key, and frames go both ways") {
  Loop loop;
  Server server(loop);
  for (const auto role : {Role::worker, Role::client}) {
    const auto client =
        connect(loop, {{"127.0.0.1", server.listener->port()}}, test_key(), "test", role);
    REQUIRE(run_until(loop, [&] { return client->done && server.roles.size() > 0; }));
    REQUIRE(client->link);
    CHECK(server.roles == std::vector{role});
    client->link->send("hello");
    server.links[0]->send("welcome");
    CHECK(run_until(loop, [&] { return !server.frames.empty() && !client->frames.empty(); }));
    CHECK(server.frames == std::vector<std::string>{"hello"});
    CHECK(client->frames == std::vector<std::string>{"welcome"});
    CHECK(server.links[0]->peer().starts_with("127.0.0.1:"));
    server.roles.clear(), server.links.clear(), server.frames.clear();
  }
}

TEST_CASE("a thousand messages of one turn arrive in order") {
  Loop loop;
  Server server(loop);
  const auto client = joined(loop, server);
  for (int i = 0; i < 1000; ++i) client->link->send("message " + std::to_string(i));
  CHECK(run_until(loop, [&] { return server.frames.size() == 1000; }));
  bool in_order = server.frames.size() == 1000;
  for (std::size_t i = 0; in_order && i < 1000; ++i)
    in_order = server.frames[i] == "message " + std::to_string(i);
  CHECK(in_order);
  CHECK(client->link->queued() == 0);
}

TEST_CASE("a peer that reads no more is given up before its frames fill the memory") {
  Loop loop;
  Server server(loop);
  const auto client = joined(loop, server);
  const std::string large(12u << 20, 'x');
  std::size_t most = 0;
  for (int i = 0; i < 100; ++i) {  // nobody runs the loop meanwhile: nothing is read
    client->link->send(large);
    most = std::max(most, client->link->queued());
  }
  CHECK(most > 8 * max_frame);
  CHECK(most < 9 * max_frame);
  CHECK(client->link->queued() == 0);
  REQUIRE(run_until(loop, [&] { return !client->ends.empty(); }));
  CHECK(client->ends[0].find("does not read") != std::string::npos);
}

TEST_CASE("large frames pass when the receiver allows them, and end the link when not") {
  Loop loop;
  Server server(loop);
  const auto client = joined(loop, server);
  const std::string large(12u << 20, 'x');
  SUBCASE("allowed") {
    server.links[0]->set_frame_limit(max_frame);
    for (int i = 0; i < 3; ++i) client->link->send(large);
    CHECK(client->link->queued() > 3 * large.size());
    CHECK(run_until(
        loop, [&] { return server.frames.size() == 3; }, 10 * second));
    CHECK(std::all_of(server.frames.begin(), server.frames.end(),
                      [&](const auto& frame) { return frame == large; }));
    CHECK(client->link->queued() == 0);
  }
  SUBCASE("not allowed: that link, and no other") {
    const auto other = connect(loop, {{"127.0.0.1", server.listener->port()}}, test_key());
    REQUIRE(run_until(loop, [&] { return server.links.size() == 2; }));
    client->link->send(std::string(max_frame_before_hello + 1, 'x'));
    CHECK(run_until(loop, [&] { return !client->ends.empty() && !server.ends.empty(); }));
    CHECK(server.ends[0].find("above the limit") != std::string::npos);
    CHECK(server.frames.empty());
    other->link->send("still here");
    CHECK(run_until(loop, [&] { return server.frames.size() == 1; }));
  }
  SUBCASE("an empty one never") {
    client->link->send("");
    CHECK(run_until(loop, [&] { return !server.ends.empty(); }));
  }
}

TEST_CASE("close: what is queued still arrives, then the other side is told; ours is not") {
  Loop loop;
  Server server(loop);
  const auto client = joined(loop, server);
  server.links[0]->set_frame_limit(max_frame);
  const std::string large(8u << 20, 'y');  // more than the kernel takes at once
  client->link->send(large);
  client->link->close();
  client->link->send("too late");
  CHECK(run_until(loop, [&] { return !server.ends.empty(); }));
  CHECK(server.frames == std::vector<std::string>{large});
  CHECK(server.ends == std::vector<std::string>{"closed by the peer"});
  CHECK(client->ends.empty());
  server.links[0]->send("to nobody");
  run_for(loop, 20 * millisecond);
  CHECK(server.ends.size() == 1);
}

TEST_CASE("a peer that ends or is cut is told once, with the reason") {
  Loop loop;
  Server server(loop);
  auto client = joined(loop, server);
  SUBCASE("the handle goes") {
    client->link.reset();
    CHECK(run_until(loop, [&] { return !server.ends.empty(); }));
    CHECK(server.ends.size() == 1);
  }
  SUBCASE("the listener goes, links stay") {
    server.listener.reset();
    client->link->send("on");
    CHECK(run_until(loop, [&] { return server.frames.size() == 1; }));
    CHECK(server.ends.empty());
  }
}

TEST_CASE("a link may be closed or dropped in each of its own callbacks") {
  Loop loop;
  std::vector<LinkPtr> links;
  int calls = 0;
  const auto listener = listen_tls(loop, test_key(), "test", {}, [&](LinkPtr link, Role) {
    if (calls == 100) return;  // dropped while it is accepted
    auto* raw = link.get();
    link->on_frame = [&, raw](std::string_view payload) {
      ++calls;
      if (payload == "close") raw->close();
      if (payload == "drop") links.clear();
      if (payload == "replace") {
        const std::string captured(1000, 'c');
        raw->on_frame = [&calls, captured](std::string_view) { calls += captured == "" ? 0 : 10; };
      }
    };
    link->on_closed = [&](const std::string&) { links.clear(), ++calls; };
    links.push_back(std::move(link));
  });
  const auto meet = [&] {
    auto client = connect(loop, {{"127.0.0.1", listener->port()}}, test_key());
    REQUIRE(run_until(loop, [&] { return client->done; }));
    return client;
  };
  SUBCASE("close, drop: later frames of the same read are not delivered") {
    for (const auto* word : {"close", "drop"}) {
      calls = 0;
      const auto client = meet();
      for (int i = 0; i < 3; ++i) client->link->send(word);
      CHECK(run_until(loop, [&] { return !client->ends.empty(); }));
      CHECK(calls == 1);
    }
  }
  SUBCASE("another function for the next frame") {
    const auto client = meet();
    for (int i = 0; i < 2; ++i) client->link->send("replace");
    CHECK(run_until(loop, [&] { return calls == 11; }));
  }
  SUBCASE("dropped in on_closed") {
    auto client = meet();
    REQUIRE(run_until(loop, [&] { return !links.empty(); }));
    client->link.reset();
    CHECK(run_until(loop, [&] { return calls == 1; }));
    CHECK(links.empty());
  }
  SUBCASE("dropped while it is accepted") {
    calls = 100;
    const auto client = meet();
    CHECK(run_until(loop, [&] { return !client->ends.empty(); }));
  }
}

TEST_CASE("all addresses are tried at once; one that works wins, else every error is told") {
  Loop loop;
  Server server(loop);
  const auto port = server.listener->port();
  const auto begun = loop.now();
  // 192.0.2.1 is nobody's: no answer, or no route.
  const auto client =
      connect(loop, {{"192.0.2.1", 9}, {"127.0.0.1", 1}, {"localhost", port}}, test_key());
  REQUIRE(run_until(loop, [&] { return client->done; }));
  CHECK(client->link);
  CHECK(client->errors.empty());
  CHECK(loop.now() - begun < second);

  const auto failed = connect(loop, {{"127.0.0.1", 1}, {"127.0.0.1", port}, {"192.0.2.1", 9}},
                              test_key(8), "test", Role::worker, 300 * millisecond);
  REQUIRE(run_until(loop, [&] { return failed->done; }));
  CHECK_FALSE(failed->link);
  REQUIRE(failed->errors.size() == 3);
  CHECK(failed->errors[0] == "127.0.0.1:1: Connection refused");
  CHECK(failed->errors[1] == "127.0.0.1:" + std::to_string(port) + ": not our cluster's key");
  CHECK(failed->errors[2].starts_with("192.0.2.1:9: "));

  const auto none = connect(loop, {}, test_key());
  CHECK_FALSE(none->done);
  REQUIRE(run_until(loop, [&] { return none->done; }));
  CHECK(none->errors.size() == 1);
}

TEST_CASE("a range of ports: one of them, or an error that names it") {
  Loop loop;
  const auto first = listen_tls(loop, test_key(), "test", {}, [](LinkPtr, Role) {});
  const auto port = first->port();
  CHECK(port != 0);
  const auto error = error_of([&] {
    listen_tls(loop, test_key(), "test", {port, port}, [](LinkPtr, Role) {});
  });
  CHECK(std::string(error.what()).find(std::to_string(port)) != std::string::npos);
}

TEST_CASE("the unix socket: private, at a path of any length, blocking clients") {
  const Scratch scratch;
  const auto directory = scratch / std::string(90, 'a') + "/" + std::string(90, 'b');
  make_private_directory(directory);
  const auto path = directory + "/socket";
  Loop loop;
  std::vector<LinkPtr> links;
  auto listener = listen_unix(loop, path, [&](LinkPtr link) {
    link->set_frame_limit(max_frame);
    link->on_frame = [raw = link.get()](std::string_view payload) {
      raw->send("you said " + std::string(payload.substr(0, 5)));
      raw->send("and no more");
    };
    links.push_back(std::move(link));
  });
  CHECK(listener->port() == 0);
  struct stat about {};
  REQUIRE(stat(path.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);

  std::thread verb([&] {
    auto client = ClientSocket::connect_unix(path);
    std::string answer;
    CHECK(client.receive(answer, 10 * millisecond) == ClientSocket::Got::timeout);
    client.send("hello" + std::string(3u << 20, '.'));
    CHECK(client.receive(answer, second) == ClientSocket::Got::frame);
    CHECK(answer == "you said hello");
    CHECK(client.receive(answer, -1) == ClientSocket::Got::frame);
    CHECK(answer == "and no more");
    loop.post([&] { links.clear(), loop.stop(); });
    CHECK(client.receive(answer, second) == ClientSocket::Got::closed);
  });
  loop.run();
  verb.join();
  CHECK_NOTHROW(listen_unix(loop, path, [](LinkPtr) {}));  // over the one that a crash left
  listener.reset();
  const auto error = error_of([&] { ClientSocket::connect_unix(path); });
  CHECK(error.code() == Exit::refused);
  CHECK(error_of([&] { ClientSocket::connect_unix(scratch / "none"); }).code() == Exit::refused);
}

TEST_CASE("a signal interrupts a waiting client") {
  const Scratch scratch;
  Loop loop;
  const auto listener = listen_unix(loop, scratch / "socket", [](LinkPtr) {});
  auto client = ClientSocket::connect_unix(scratch / "socket");
  struct sigaction quiet {
  }, before{};
  quiet.sa_handler = [](int) {};
  sigaction(SIGALRM, &quiet, &before);
  ualarm(30'000, 0);
  std::string payload;
  CHECK(client.receive(payload, 2 * second) == ClientSocket::Got::interrupted);
  sigaction(SIGALRM, &before, nullptr);
}

TEST_CASE("addresses of this host: numeric, loopback last") {
  const auto addresses = host_addresses();
  REQUIRE_FALSE(addresses.empty());
  CHECK(addresses.back() == "127.0.0.1");
  CHECK(std::count(addresses.begin(), addresses.end(), "127.0.0.1") == 1);
}
