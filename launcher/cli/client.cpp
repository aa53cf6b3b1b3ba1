// Talks to the launcher over its unix socket.
// SPDX-License-Identifier: MIT
#include "launcher/cli/client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "launcher/cli/terminal.hpp"
#include "launcher/io/file.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster {
namespace {

// A launcher on another login node has its socket there; say where instead of "not running".
void refuse_other_host(const Session& session, const StateDirectory& state) {
  const auto info = read_launcher_info(state);
  if (!info || info->host == hostname() || session.take_over) return;
  throw Error(Exit::refused,
              fmt::format("the launcher of cluster \"{}\" runs on {}", session.cluster, info->host),
              fmt::format("call pcluster there: ssh {} pcluster ...; if it runs no more: "
                          "pcluster submit --take-over, or stop --take-over",
                          info->host));
}

}  // namespace

void refuse(const Refusal& refusal) {
  throw Error(static_cast<Exit>(refusal.code), refusal.message, refusal.hint);
}

std::optional<Client> Client::connect_if_there(const Session& session) {
  const auto state = session.state();
  try {
    return Client(ClientSocket::connect_unix(state.socket()), session.quiet);
  } catch (const Error&) {
    refuse_other_host(session, state);
    return {};
  }
}

void Client::send(const Request& request) { socket_.send(encode(request)); }

Client::Got Client::receive(Micros timeout) {
  std::string payload;
  switch (socket_.receive(payload, timeout)) {
    case ClientSocket::Got::timeout: return {Got::Kind::timeout, {}};
    case ClientSocket::Got::interrupted: return {Got::Kind::interrupted, {}};
    case ClientSocket::Got::closed: return {Got::Kind::closed, {}};
    case ClientSocket::Got::frame: break;
  }
  auto reply = decode<Reply>(payload);
  if (!reply)
    throw Error(Exit::refused, "the launcher's answer is of another version",
                "pcluster stop with the version that started it, then submit again");
  return {Got::Kind::reply, std::move(*reply)};
}

Reply Client::await(Micros timeout, bool adds) {
  constexpr const char* accepted_hint = "the launcher may have accepted it: see pcluster status";
  auto deadline = steady_now() + timeout;
  for (;;) {
    auto got = receive(std::max<Micros>(0, deadline - steady_now()));
    if (got.kind == Got::Kind::interrupted) {
      if (adds && interrupts() > 1) throw Error(Exit::interrupted, "interrupted", accepted_hint);
      if (interrupts() == 0) continue;
      if (adds && !quiet_)
        write_err("waiting for the launcher, to cancel what it accepted; Ctrl-C again leaves\n");
      // Most answers come at once: let this one come, too.
      if (!adds) deadline = std::min(deadline, steady_now() + second);
      continue;
    }
    if (got.kind == Got::Kind::timeout && interrupts() > 0)
      throw Error(Exit::interrupted, "interrupted", adds ? accepted_hint : "");
    if (got.kind == Got::Kind::timeout)
      throw Error(Exit::refused,
                  fmt::format("the launcher has not answered for {}", show_duration(timeout)),
                  "its log is launcher.log in the cluster's state directory");
    if (got.kind == Got::Kind::closed)
      throw Error(Exit::refused, "the launcher ended before it answered",
                  "its log is launcher.log in the cluster's state directory");
    if (const auto* refusal = std::get_if<Refusal>(&got.reply)) refuse(*refusal);
    return std::move(got.reply);
  }
}

}  // namespace pcluster
