// Calls the launcher until it answers, wherever it is by then, and by whatever way there is.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/dial.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/hops.hpp"
#include "mpi-runtime/relay_call.hpp"

namespace pcluster {
namespace {

constexpr Micros first_wait = 100 * millisecond;
constexpr Micros longest_wait = 15 * second;
constexpr Micros answer_within = 10 * second;  // of one call, all addresses at once
constexpr Micros direct_within = 5 * second;   // the same when there are other ways to try

double chance(std::minstd_rand& random) {
  return std::uniform_real_distribution<double>(0, 1)(random);
}

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

Dial::Dial(Loop& loop, DialOptions options, std::function<void(const std::string&)> say,
           std::function<void(LinkPtr)> connected, std::function<void()> key_is_gone)
    : loop_(loop),
      options_(std::move(options)),
      say_(std::move(say)),
      connected_(std::move(connected)),
      key_is_gone_(std::move(key_is_gone)),
      random_(std::random_device{}()),
      ladder_(options_.times, chance(random_)),
      ssh_(loop) {}

Dial::~Dial() {
  *alive_ = false;
  for (const auto& timer : {timer_, direct_timer_})
    if (timer) loop_.cancel(*timer);
}

void Dial::call_later() {
  if (timer_ || calling_) return;
  timer_ = loop_.at(loop_.now() + back_off(misses_, chance(random_)), [this] { call(); });
}

void Dial::call() {
  if (timer_) loop_.cancel(*timer_);
  timer_.reset();
  if (calling_) return;
  const auto& directory = options_.directory;
  try {
    const auto launcher = read_launcher_info(directory);
    // `stop` removes it; any other trouble with the file system passes.
    const bool gone = access(directory.key().c_str(), F_OK) != 0 && errno == ENOENT;
    if (gone && exists(directory.root)) key_is_gone_();
    if (!launcher)
      return missed(obstacle_text(
          hostname(), directory.launcher() +
                          " is not there (the state directory must be on a file system that this "
                          "node shares with the launcher: PCLUSTER_DIR, or state_dir: of the "
                          "site)"));
    key_ = read_key(directory.key());
    launcher_ = *launcher;
  } catch (const Error& error) {
    return missed(obstacle_text(hostname(), error.what()) +
                  (error.hint().empty() ? "" : "; " + error.hint()));
  }
  if (!launcher_.relays.empty()) relays_ = launcher_.relays;
  calling_ = true;
  direct_errors_.clear();
  other_errors_.clear();
  rungs_ = ladder_.order(loop_.now());
  next();
}

// ---------------------------------------------------------------- the rungs

void Dial::next() {
  if (rungs_.empty()) {
    calling_ = false;
    auto words = no_way_text(hostname(), direct_errors_);
    if (!other_errors_.empty()) words += "; other ways: " + join(other_errors_, "; ");
    return missed(words + "; " +
                  remedy(telling_errors(direct_errors_), launcher_, options_.directory));
  }
  const auto rung = rungs_.front();
  rungs_.erase(rungs_.begin());
  switch (rung) {
    case Rung::direct: return call_direct();
    case Rung::relay: return call_relays();
    case Rung::ssh: return call_ssh();
  }
}

void Dial::call_direct(Micros within, std::function<void(LinkPtr, std::vector<std::string>)> done) {
  std::vector<Address> addresses;
  for (const auto& host : that_lead_to(launcher_.host, launcher_.addresses))
    addresses.push_back({host, launcher_.port});
  connect_tls(loop_, addresses, key_, options_.cluster, Role::worker, within,
              [alive = alive_, done = std::move(done)](LinkPtr link, ConnectFailure failure) {
                if (*alive) done(std::move(link), std::move(failure.errors));
              });
}

void Dial::call_direct() {
  const bool others = !relays_.empty() || !options_.scratch.empty();
  call_direct(others ? direct_within : answer_within,
              [this](LinkPtr link, std::vector<std::string> errors) {
                if (!link) return failed(Rung::direct, std::move(errors));
                const std::string route = link->peer();
                reached(Rung::direct, std::move(link), route);
              });
}

void Dial::call_relays() {
  if (relays_.empty()) return failed(Rung::relay, {});
  auto relays = relays_;  // each worker another one first
  std::shuffle(relays.begin(), relays.end(), random_);
  call_through_relays(loop_, {std::move(relays), key_, options_.cluster},
                      [this, alive = alive_](LinkPtr link, const std::string& route,
                                             std::vector<std::string> errors) {
                        if (!*alive) return;
                        link ? reached(Rung::relay, std::move(link), route)
                             : failed(Rung::relay, std::move(errors));
                      });
}

void Dial::call_ssh() {
  if (options_.scratch.empty()) return failed(Rung::ssh, {});
  auto call = ssh_call(launcher_, options_.logins);
  call.directory = options_.scratch;
  call.key = key_;
  call.cluster = options_.cluster;
  call.started = options_.spare;
  ssh_.call(std::move(call), [this](LinkPtr link, const std::string& route,
                                    std::vector<std::string> errors) {
    link ? reached(Rung::ssh, std::move(link), route) : failed(Rung::ssh, std::move(errors));
  });
}

void Dial::failed(Rung rung, std::vector<std::string> errors) {
  ladder_.failed(rung, loop_.now());
  auto& to = rung == Rung::direct ? direct_errors_ : other_errors_;
  to.insert(to.end(), errors.begin(), errors.end());
  next();
}

void Dial::reached(Rung rung, LinkPtr link, const std::string& route) {
  calling_ = false;
  ++misses_;  // until it welcomes us: one that does not must not be stormed
  // Those who come by a relay are none themselves: no chain of them.
  way_ = {rung, route, rung == Rung::relay ? Address{} : parse_address(link->peer())};
  connected_(std::move(link));
}

void Dial::missed(const std::string& why) {
  if (why != last_why_) say_(why);
  last_why_ = why;
  ++misses_;
  call_later();
}

// ---------------------------------------------------------------- at home

void Dial::answered() {
  misses_ = 0;
  ladder_.worked(way_.rung, loop_.now());
  if (way_.rung != Rung::ssh) ssh_.end();
  if (direct_timer_) loop_.cancel(*std::exchange(direct_timer_, std::nullopt));
  if (way_.rung == Rung::direct) return;
  direct_timer_ = loop_.at(loop_.now() + options_.times.direct_again, [this] {
    direct_timer_.reset();
    look_for_direct();
  });
}

// The launcher takes the new connection for the old one: nothing is lost or done twice.
void Dial::look_for_direct() {
  if (calling_ || timer_) return;
  call_direct(direct_within, [this](LinkPtr link, const std::vector<std::string>&) {
    if (calling_ || timer_) return;  // the old way has broken meanwhile
    if (!link) return answered();
    const std::string route = link->peer();
    say_("the launcher can be reached directly now (" + route + ")");
    reached(Rung::direct, std::move(link), route);
  });
}

}  // namespace pcluster
