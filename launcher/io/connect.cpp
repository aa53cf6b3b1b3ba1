// Connecting to a launcher that may be reached by one of many addresses: all at once, the first
// that proves the key wins, every error is kept. SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "launcher/io/asio.hpp"
#include "launcher/io/asio_loop.hpp"
#include "launcher/io/connection.hpp"
#include "launcher/io/link.hpp"
#include "launcher/io/socket.hpp"

namespace pcluster {
namespace {

using Resolver = asio::ip::tcp::resolver;

struct Attempt {
  std::string name;   // "10.0.0.1:4001", or "node1:4001 (10.0.0.1:4001)"
  std::string error;  // empty: under way
  ConnectionPtr connection;
};

struct Search {
  Loop& loop;
  std::shared_ptr<TlsKeys> keys;
  std::function<void(LinkPtr, ConnectFailure)> done;
  Time deadline = 0;
  std::vector<Attempt> attempts;
  std::vector<std::shared_ptr<Resolver>> resolvers;
  std::optional<TimerId> timer;
  std::size_t waiting = 0;
};
using SearchPtr = std::shared_ptr<Search>;

void finish(const SearchPtr& search, ConnectionPtr winner) {
  const auto done = std::exchange(search->done, nullptr);
  if (!done) return;
  if (search->timer) search->loop.cancel(*search->timer);
  for (const auto& resolver : search->resolvers) resolver->cancel();
  ConnectFailure failure;
  for (auto& attempt : search->attempts) {
    if (attempt.connection && attempt.connection != winner) attempt.connection->close();
    attempt.connection.reset();
    if (!attempt.error.empty()) failure.errors.push_back(attempt.name + ": " + attempt.error);
  }
  if (!winner) return done(nullptr, std::move(failure));
  done(winner->make_link(), {});
  winner->listen();
}

void failed(const SearchPtr& search, std::size_t index, const std::string& error) {
  if (!search->done) return;
  search->attempts[index].error = error;
  search->attempts[index].connection.reset();
  if (--search->waiting == 0) finish(search, nullptr);
}

void try_endpoint(const SearchPtr& search, std::size_t index, const Endpoint& endpoint) {
  int error = 0;
  Fd fd = start_connect(endpoint, error);
  if (error != 0 && error != EINPROGRESS) {
    // Told in the next turn, like every other failure: not while the others are still to be tried.
    search->loop.post([=] { failed(search, index, std::strerror(error)); });
    return;
  }
  const auto connection =
      Connection::make(search->loop, Channel(std::move(fd), search->keys), show(endpoint));
  search->attempts[index].connection = connection;
  connection->begin(true, search->deadline + second, [=](const std::string& text) {
    if (!text.empty()) return failed(search, index, text);
    finish(search, search->attempts[index].connection);
  });
}

void resolved(const SearchPtr& search, std::size_t index, const std::string& error,
              const Resolver::results_type& results) {
  if (!search->done) return;
  if (!error.empty()) return failed(search, index, "cannot resolve the name: " + error);
  const auto name = search->attempts[index].name;
  bool first = true;
  for (const auto& result : results) {
    Endpoint endpoint;
    endpoint.size = static_cast<socklen_t>(result.endpoint().size());
    std::memcpy(&endpoint.address, result.endpoint().data(), endpoint.size);
    if (!std::exchange(first, false)) {
      index = search->attempts.size();
      search->attempts.emplace_back();
      ++search->waiting;
    }
    search->attempts[index].name = fmt::format("{} ({})", name, show(endpoint));
    try_endpoint(search, index, endpoint);
  }
}

void try_name(const SearchPtr& search, std::size_t index, const Address& address) {
  const auto resolver = std::make_shared<Resolver>(search->loop.impl().context);
  search->resolvers.push_back(resolver);
  resolver->async_resolve(address.host, std::to_string(address.port), Resolver::numeric_service,
                          [=](const asio::error_code& error, const Resolver::results_type& found) {
                            resolved(search, index, error ? error.message() : "", found);
                          });
}

void out_of_time(const SearchPtr& search, Micros timeout) {
  search->timer.reset();
  for (auto& attempt : search->attempts)
    if (attempt.error.empty())
      attempt.error = fmt::format("no answer within {}", show_duration(timeout));
  finish(search, nullptr);
}

}  // namespace

void connect_tls(Loop& loop, const std::vector<Address>& addresses, const ClusterKey& key,
                 const std::string& cluster, Role role, Micros timeout,
                 std::function<void(LinkPtr, ConnectFailure)> done) {
  const auto search = std::make_shared<Search>(
      Search{loop, TlsKeys::client(key, cluster, role), std::move(done), loop.now() + timeout});
  if (addresses.empty()) {
    search->attempts.push_back({"no address", "the launcher has told none", nullptr});
    loop.post([search] { finish(search, nullptr); });
    return;
  }
  search->timer = loop.at(search->deadline, [=] { out_of_time(search, timeout); });
  search->waiting = addresses.size();
  for (const auto& address : addresses)
    search->attempts.push_back({show_address(address.host, address.port), {}, nullptr});
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (const auto endpoint = numeric_endpoint(addresses[i].host, addresses[i].port))
      try_endpoint(search, i, *endpoint);
    else
      try_name(search, i, addresses[i]);
  }
}

}  // namespace pcluster
