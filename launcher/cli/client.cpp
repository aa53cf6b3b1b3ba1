// Talks to the launcher over its unix socket.
// SPDX-License-Identifier: MIT
#include "launcher/cli/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "launcher/base/text.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/key.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster {
namespace {

constexpr Micros connect_limit = 5 * second;

bool elsewhere(const std::optional<LauncherInfo>& info) { return info && info->host != hostname(); }

// A launcher on another host has its socket there; its port takes those who have the key.
ClientSocket connect_to_other_host(const Session& session, const LauncherInfo& info) {
  std::string why;
  try {
    const auto key = read_key(session.state().key());
    std::vector<Address> addresses;
    for (const auto& host : that_lead_to(info.host, info.addresses))
      addresses.push_back({host, info.port});
    return ClientSocket::connect_tls(addresses, key, session.cluster, connect_limit);
  } catch (const Error& error) { why = error.what(); }
  throw Error(Exit::refused,
              fmt::format("the launcher of cluster \"{}\" runs on {}, and cannot be reached from "
                          "here: {}",
                          session.cluster, info.host, why),
              fmt::format("call pcluster there: ssh {} pcluster ...; if it runs no more: "
                          "pcluster submit --take-over, or stop --take-over",
                          info.host));
}

// Else it says why there is none yet: the launcher's disk.
bool of_workload(const Progress& news) {
  return news.workload != WorkloadId{} || news.note.empty();
}

}  // namespace

void refuse(const Refusal& refusal) {
  throw Error(static_cast<Exit>(refusal.code), refusal.message, refusal.hint);
}

std::optional<Client> Client::connect_if_there(const Session& session, Micros moment) {
  const auto state = session.state();
  const auto info = read_launcher_info(state);
  if (elsewhere(info) && !session.take_over)
    return Client(connect_to_other_host(session, *info), session.quiet);
  try {
    Client client(ClientSocket::connect_unix(state.socket()), session.quiet);
    if (client.may_be_answered(moment)) return client;
  } catch (const Error&) {  // nobody listens there
  }
  return {};
}

// The socket of a launcher that was just killed still takes connections, and never answers.  One
// that is slow is there: what is asked of it next has a patience of its own.
bool Client::may_be_answered(Micros moment) {
  send(Ping{});
  std::string answer;
  return socket_.receive(answer, moment) != ClientSocket::Got::closed;
}

void Client::send(const Request& request) { socket_.send(encode(request)); }

Client::Got Client::receive(Micros timeout, int also) {
  std::string payload;
  switch (socket_.receive(payload, timeout, also)) {
    case ClientSocket::Got::timeout: return {Got::Kind::timeout, {}};
    case ClientSocket::Got::interrupted: return {Got::Kind::interrupted, {}};
    case ClientSocket::Got::closed: return {Got::Kind::closed, {}};
    case ClientSocket::Got::ready: return {Got::Kind::ready, {}};
    case ClientSocket::Got::frame: break;
  }
  auto reply = decode<Reply>(payload);
  if (!reply)
    throw Error(Exit::refused, "the launcher's answer is of another version",
                "pcluster stop with the version that started it, then submit again");
  return {Got::Kind::reply, std::move(*reply)};
}

// Ctrl-C while a request waits that adds something: its answer is awaited, for the caller to cancel
// what was accepted.  Other answers get a moment, for most come at once.
Reply Client::await(Micros timeout, bool adds) {
  constexpr const char* accepted_hint = "the launcher may have accepted it: see pcluster status";
  constexpr Micros look = 200 * millisecond;  // a signal may come just before we wait
  auto deadline = steady_now() + timeout;
  int known = 0;
  for (;;) {
    const auto left = std::max<Micros>(0, deadline - steady_now());
    auto got = receive(std::min(left, look));
    if (got.kind == Got::Kind::closed)
      throw Error(Exit::refused, "the launcher ended before it answered",
                  "its log is launcher.log in the cluster's state directory");
    if (got.kind == Got::Kind::reply) {
      if (const auto* refusal = std::get_if<Refusal>(&got.reply)) refuse(*refusal);
      if (const auto* news = std::get_if<Progress>(&got.reply);
          adds && news && !of_workload(*news)) {
        write_err(fmt::format("the launcher waits: {}\n", printable(news->note)));
        continue;
      }
      return std::move(got.reply);
    }
    const int came = interrupts() - std::exchange(known, interrupts());
    if (came > 0 && adds && (known > 1 || left == 0))
      throw Error(Exit::interrupted, "interrupted", accepted_hint);
    if (came > 0 && adds && !quiet_)
      write_err("waiting for the launcher, to cancel what it accepted; Ctrl-C again leaves\n");
    if (came > 0 && !adds) deadline = std::min(deadline, steady_now() + second);
    if (left > 0) continue;
    if (known > 0) throw Error(Exit::interrupted, "interrupted", adds ? accepted_hint : "");
    throw Error(Exit::refused,
                fmt::format("the launcher has not answered for {}", show_duration(timeout)),
                "its log is launcher.log in the cluster's state directory");
  }
}

}  // namespace pcluster
