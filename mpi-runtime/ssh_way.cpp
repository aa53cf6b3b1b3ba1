// By the user's own ssh.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/ssh_way.hpp"

#include <algorithm>
#include <utility>

namespace pcluster {
namespace {

constexpr std::size_t most_hosts = 3, most_targets = 6;
constexpr Micros prove_within = 8 * second;

template <class T>
void add(std::vector<T>& list, const T& value, std::size_t most) {
  if (list.size() < most && std::ranges::find(list, value) == list.end()) list.push_back(value);
}

}  // namespace

// The host we log in to may be another than the launcher's (several behind one name, a gateway): it
// is told all there is to try, and the key says which is the launcher.
SshCall ssh_call(const LauncherInfo& launcher, const std::vector<std::string>& logins) {
  SshCall call;
  auto hosts = logins;
  if (hosts.empty()) {
    hosts = that_lead_to(launcher.host, launcher.addresses);
    hosts.insert(hosts.begin(), launcher.host);
  }
  for (const auto& host : hosts) add(call.hosts, host, most_hosts);
  add(call.targets, {"127.0.0.1", launcher.port}, most_targets);
  for (const auto& host : launcher.addresses)
    add(call.targets, {host, launcher.port}, most_targets);
  return call;
}

void SshWay::call(SshCall call, Done done) {
  call_ = std::move(call);
  done_ = std::move(done);
  tried_ = 0;
  errors_.clear();
  next();
}

void SshWay::next() {
  tunnel_.reset();
  if (tried_ == call_.hosts.size()) {
    if (const auto done = std::exchange(done_, nullptr)) done(nullptr, {}, std::move(errors_));
    return;
  }
  const auto& host = call_.hosts[tried_++];
  tunnel_ = std::make_unique<SshTunnel>(
      loop_, SshTunnel::Order{host, call_.targets, call_.directory, call_.started},
      [this, host](const std::vector<Address>& sockets, const std::string& error) {
        ready(host, sockets, error);
      });
}

void SshWay::ready(const std::string& host, const std::vector<Address>& sockets,
                   const std::string& error) {
  if (!error.empty()) {
    errors_.push_back("ssh " + host + ": " + error);
    // The tunnel calls us: it goes in the next turn.
    return loop_.post([this, alive = alive_] {
      if (*alive) next();
    });
  }
  connect_tls(loop_, sockets, call_.key, call_.cluster, Role::worker, prove_within,
              [this, alive = alive_, host](LinkPtr link, const ConnectFailure& failure) {
                if (*alive) proven(host, std::move(link), failure.errors);
              });
}

void SshWay::proven(const std::string& host, LinkPtr link, const std::vector<std::string>& errors) {
  if (!link) {
    errors_.push_back("ssh " + host + ": it reaches no launcher of ours: " +
                      (errors.empty() ? "" : errors.front()));
    return next();
  }
  if (const auto done = std::exchange(done_, nullptr)) done(std::move(link), "ssh " + host, {});
}

}  // namespace pcluster
