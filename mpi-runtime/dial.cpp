// Calls the launcher until it answers, wherever it is by then.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/dial.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "launcher/base/error.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/hops.hpp"

namespace pcluster {
namespace {

constexpr Micros first_wait = 100 * millisecond;
constexpr Micros longest_wait = 15 * second;
constexpr Micros answer_within = 10 * second;  // of one call, all addresses at once

}  // namespace

Micros back_off(unsigned misses, double chance) {
  Micros wait = std::min(longest_wait, first_wait << std::min(misses, 10u));
  return static_cast<Micros>(static_cast<double>(wait) * (0.5 + chance / 2));
}

std::string remedy(const std::vector<std::string>& errors, const LauncherInfo& launcher,
                   const StateDirectory& directory) {
  auto any = [&errors](std::string_view what) {
    return std::any_of(errors.begin(), errors.end(), [what](const std::string& error) {
      return error.find(what) != std::string::npos;
    });
  };
  if (any("refused"))
    return fmt::format(
        "the launcher on {} does not listen there: it ended, or starts anew; see {} on that host",
        launcher.host, directory.log());
  if (any("key") || any("handshake") || any("TLS"))
    return fmt::format(
        "somebody else listens there, or the key is another's: is {} the cluster's "
        "directory on every node?",
        directory.root);
  return fmt::format(
      "a firewall between this node and {}?  Ask the site which ports nodes may reach on it",
      launcher.host);
}

Dial::Dial(Loop& loop, StateDirectory directory, std::string cluster,
           std::function<void(const std::string&)> say, std::function<void(LinkPtr)> connected,
           std::function<void()> key_is_gone)
    : loop_(loop),
      directory_(std::move(directory)),
      cluster_(std::move(cluster)),
      say_(std::move(say)),
      connected_(std::move(connected)),
      key_is_gone_(std::move(key_is_gone)),
      random_(std::random_device{}()) {}

Dial::~Dial() {
  *alive_ = false;
  if (timer_) loop_.cancel(*timer_);
}

void Dial::call_later() {
  if (timer_ || calling_) return;
  double chance = std::uniform_real_distribution<double>(0, 1)(random_);
  timer_ = loop_.at(loop_.now() + back_off(misses_, chance), [this] { call(); });
}

void Dial::call() {
  if (timer_) loop_.cancel(*timer_);
  timer_.reset();
  if (calling_) return;
  try {
    auto launcher = read_launcher_info(directory_);
    // `stop` removes it; any other trouble with the file system passes.
    bool gone = access(directory_.key().c_str(), F_OK) != 0 && errno == ENOENT;
    if (gone && exists(directory_.root)) key_is_gone_();
    if (!launcher)
      return missed(obstacle_text(
          hostname(), directory_.launcher() +
                          " is not there (the state directory must be on a file system that this "
                          "node shares with the launcher: PCLUSTER_DIR, or state_dir: of the "
                          "site)"));
    std::vector<Address> addresses;
    for (const auto& host : launcher->addresses) addresses.push_back({host, launcher->port});
    ClusterKey key = read_key(directory_.key());
    calling_ = true;
    connect_tls(loop_, addresses, key, cluster_, Role::worker, answer_within,
                [this, alive = alive_, info = *launcher](LinkPtr link, ConnectFailure failure) {
                  if (!*alive) return;
                  calling_ = false;
                  if (link) {
                    ++misses_;  // until it welcomes us: one that does not must not be stormed
                    return connected_(std::move(link));
                  }
                  missed(no_way_text(hostname(), failure.errors) + "; " +
                         remedy(telling_errors(failure.errors), info, directory_));
                });
  } catch (const Error& error) {
    calling_ = false;
    missed(obstacle_text(hostname(), error.what()) +
           (error.hint().empty() ? "" : "; " + error.hint()));
  }
}

void Dial::missed(const std::string& why) {
  if (why != last_why_) say_(why);
  last_why_ = why;
  ++misses_;
  call_later();
}

}  // namespace pcluster
