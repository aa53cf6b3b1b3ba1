// Ports of another host brought here by ssh.
// SPDX-License-Identifier: MIT
#include "launcher/io/ssh_tunnel.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "launcher/base/text.hpp"
#include "launcher/io/child.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

constexpr Micros look_again = 50 * millisecond;

std::string socket_path(const SshTunnel::Order& order, std::size_t index) {
  return fmt::format("{}/ssh{}", order.directory, index);
}
std::string log_path(const SshTunnel::Order& order) { return order.directory + "/ssh.log"; }

}  // namespace

std::vector<std::string> ssh_command(const SshTunnel::Order& order) {
  std::vector<std::string> words{"ssh", "-N", "-n", "-T", "-x", "-a", "-E", log_path(order)};
  // The user's configuration says with which key, and whom to trust; nothing of it may ask
  // somebody, leave a connection behind, or run something.
  for (const char* option :
       {"BatchMode=yes", "ConnectTimeout=8", "ConnectionAttempts=1", "ServerAliveInterval=5",
        "ServerAliveCountMax=3", "ExitOnForwardFailure=yes", "ControlMaster=no", "ControlPath=none",
        "PermitLocalCommand=no", "StreamLocalBindUnlink=yes", "StreamLocalBindMask=0177"}) {
    words.emplace_back("-o");
    words.emplace_back(option);
  }
  for (std::size_t i = 0; i < order.targets.size(); ++i) {
    words.emplace_back("-L");
    words.push_back(socket_path(order, i) + ":" + to_string(order.targets[i]));
  }
  words.emplace_back("--");
  words.push_back(order.host);
  return words;
}

std::string ssh_error(std::string_view said) {
  std::string last;
  for (const auto& line : lines(said))
    if (const auto text = trim(line); !text.empty()) last = text;
  return last.empty() ? "ended without a word" : last;
}

struct SshTunnel::State {
  State(Loop& on, Order what, Ready then)
      : loop(on), order(std::move(what)), ready(std::move(then)), until(on.now() + order.within) {}

  void look(const std::shared_ptr<State>& self);
  void tell(std::vector<Address> sockets, std::string error) {
    if (!error.empty()) child.reset();
    if (const auto told = std::exchange(ready, nullptr)) told(std::move(sockets), std::move(error));
  }

  Loop& loop;
  Order order;
  Ready ready;
  Time until;
  std::unique_ptr<Child> child;
  std::optional<TimerId> timer;
};

void SshTunnel::State::look(const std::shared_ptr<State>& self) {
  if (child->check_exit()) {
    const auto said = child->take();
    return tell({}, ssh_error(said.err + read_file_if_there(log_path(order)).value_or("")));
  }
  std::vector<Address> sockets;
  for (std::size_t i = 0; i < order.targets.size(); ++i)
    if (const auto path = socket_path(order, i); exists(path)) sockets.push_back({path, 0});
  if (sockets.size() == order.targets.size()) return tell(std::move(sockets), {});
  if (loop.now() >= until) return tell({}, "no answer within " + show_duration(order.within));
  timer = loop.at(loop.now() + look_again, [self] {
    self->timer.reset();
    self->look(self);
  });
}

SshTunnel::SshTunnel(Loop& loop, Order order, Ready ready)
    : state_(std::make_shared<State>(loop, std::move(order), std::move(ready))) {
  const auto& what = state_->order;
  unlink(log_path(what).c_str());
  for (std::size_t i = 0; i < what.targets.size(); ++i) unlink(socket_path(what, i).c_str());
  state_->child = std::make_unique<Child>(ssh_command(what), CommandOptions{});
  if (!state_->child->finished() && what.started) what.started(state_->child->pid());
  state_->timer = loop.at(loop.now(), [state = state_] {
    state->timer.reset();
    state->look(state);
  });
}

SshTunnel::~SshTunnel() {
  if (state_->timer) state_->loop.cancel(*state_->timer);
  state_->ready = nullptr;
  if (state_->child) state_->child->check_exit();  // no signal to who has its number by now
  state_->child.reset();
}

}  // namespace pcluster
