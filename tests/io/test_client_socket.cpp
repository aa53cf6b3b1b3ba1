// The verbs' blocking client on a host that is not the launcher's: TLS, without a loop.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <thread>

#include "launcher/base/error.hpp"
#include "tests/io/peers.hpp"

using namespace pcluster;

namespace {

// A launcher in a thread of its own: it says what it is told, and ends links that say "end".
struct Echo {
  Echo() {
    listener = listen_tls(loop, test_key(), "test", {}, [this](LinkPtr link, Role role) {
      roles.push_back(role);
      link->set_frame_limit(max_frame);
      link->on_frame = [this, raw = link.get()](std::string_view payload) {
        if (payload == "end") return links.clear();
        raw->send(payload);
      };
      links.push_back(std::move(link));
    });
    thread = std::thread([this] { loop.run(); });
  }
  ~Echo() {
    loop.post([this] { loop.stop(); });
    thread.join();
    links.clear();
  }
  std::vector<Address> addresses() const { return {{"127.0.0.1", listener->port()}}; }

  Loop loop;
  std::vector<Role> roles;
  std::vector<LinkPtr> links;
  std::unique_ptr<Listener> listener;
  std::thread thread;
};

}  // namespace

TEST_CASE("a blocking client by TLS: large frames both ways, a timeout, the end") {
  Echo echo;
  auto client = ClientSocket::connect_tls(echo.addresses(), test_key(), "test", 5 * second);
  std::string answer;
  CHECK(client.receive(answer, 10 * millisecond) == ClientSocket::Got::timeout);
  CHECK(client.receive(answer, 0) == ClientSocket::Got::timeout);
  std::string large;
  for (int i = 0; i < 3'000'000; ++i) large += static_cast<char>(i * i);
  for (int i = 0; i < 3; ++i) client.send(large);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(client.receive(answer, 10 * second) == ClientSocket::Got::frame);
    CHECK((answer == large));
  }
  CHECK(client.descriptor() >= 0);
  client.send("end");
  CHECK(client.receive(answer, 5 * second) == ClientSocket::Got::closed);
  CHECK(echo.roles == std::vector<Role>{Role::client});
}

TEST_CASE("a blocking client that is not let in says what each address said") {
  Echo echo;
  const auto error = error_of(
      [&] { ClientSocket::connect_tls(echo.addresses(), test_key(8), "test", 5 * second); });
  CHECK(error.code() == Exit::refused);
  CHECK(std::string(error.what()).find("127.0.0.1:") != std::string::npos);
  CHECK(std::string(error.what()).find("not our cluster's key") != std::string::npos);
  CHECK_THROWS_AS(ClientSocket::connect_tls({}, test_key(), "test", second), Error);
}
