// Waits for a launcher that has ended, or starts it again.
// SPDX-License-Identifier: MIT
#include "launcher/cli/comeback.hpp"

#include <fmt/format.h>

#include <optional>

#include "launcher/cli/launch.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

constexpr std::size_t most_losses = 5;  // of the launcher, within
constexpr Micros loss_window = 60 * second;
constexpr Micros come_back = 30 * second;  // a launcher may take so long to restart

// The launcher is gone: the workload goes on at the workers, and a new launcher takes it up.  One
// that somebody else restarts needs a moment; then we start it, and again if it did not stay.
Client reconnect(const Session& session, WorkloadId id) {
  const auto deadline = steady_now() + come_back;
  auto start_at = steady_now() + second;
  std::optional<Error> last;
  while (steady_now() < deadline && interrupts() == 0 && !hung_up()) {
    if (!exists(session.state().key()))
      throw Error(Exit::refused,
                  fmt::format("the cluster was stopped while workload {} ran", to_string(id)),
                  fmt::format("what it had done: pcluster results {}", to_string(id)));
    const bool start = steady_now() >= start_at;
    if (start) start_at = steady_now() + 5 * second;
    try {
      if (auto client = start ? find_launcher(session) : Client::connect_if_there(session)) {
        client->send(Follow{id});
        return std::move(*client);
      }
    } catch (const Error& error) { last = error; }
    pause_for(100 * millisecond);
  }
  if (last) throw Error(*last);
  throw Error(
      Exit::refused, fmt::format("the launcher ended while workload {} ran", to_string(id)),
      fmt::format("the next submit starts it again; then: pcluster wait {}", to_string(id)));
}

}  // namespace

// One that ends again and again does not get better by being started again.
Client Comeback::await() {
  losses_.push_back(steady_now());
  std::erase_if(losses_, [&](Time at) { return losses_.back() - at > loss_window; });
  if (losses_.size() >= most_losses)
    throw Error(Exit::refused,
                fmt::format("the launcher ended {} times within {}", losses_.size(),
                            show_duration(loss_window)),
                fmt::format("{} may say why; then: pcluster wait {}", session_.state().log(),
                            to_string(id_)));
  session_.say("the connection to the launcher is lost; waiting for it to come back");
  return reconnect(session_, id_);
}

}  // namespace pcluster
