// Where this worker hands connections of others on to the launcher.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/relays.hpp"

#include <fmt/format.h>

#include <utility>

#include "launcher/io/file.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster {

Relays::Relays(Loop& loop, Limits limits) : loop_(loop), limits_(limits) {}

Relays::~Relays() { *alive_ = false; }

void Relays::home(const std::string& worker, const Address& way) {
  name_ = worker;
  way_ = way;
}

void Relays::leave() {
  away();
  for (auto& [number, passing] : passing_)
    if (passing.worker) passing.worker->close();
  passing_.clear();
}

void Relays::refuse(LinkPtr worker, const std::string& why) {
  worker->send(encode(FromPeer{Relayed{name_, hostname(), why}}));
  worker->close();
  loop_.post([worker] {});  // it may be what calls us
}

void Relays::serve(LinkPtr worker) {
  if (!way_) return refuse(std::move(worker), "is not home itself");
  if (passing_.size() >= limits_.connections)
    return refuse(std::move(worker),
                  fmt::format("hands {} connections on already", passing_.size()));
  const auto number = ++last_;
  // Nothing may come before our answer: it would be lost.
  const auto gone = [this, number] { drop(number); };
  worker->on_frame = [gone](std::string_view) { gone(); };
  worker->on_closed = [gone](const std::string&) { gone(); };
  passing_[number].worker = std::move(worker);
  connect_plain(loop_, *way_, limits_.connect,
                [this, alive = alive_, number](Fd launcher, const std::string& error) {
                  if (*alive) reached(number, std::move(launcher), error);
                });
}

void Relays::reached(std::uint64_t number, Fd launcher, const std::string& error) {
  const auto found = passing_.find(number);
  if (found == passing_.end()) return;
  auto worker = std::move(found->second.worker);
  if (!launcher) {
    passing_.erase(found);
    return refuse(std::move(worker), "cannot reach the launcher itself now: " + error);
  }
  auto socket = worker->take_socket(encode(FromPeer{Relayed{name_, hostname(), {}}}));
  if (!socket) return drop(number);
  found->second.splice = std::make_unique<Splice>(
      loop_, std::move(socket), std::move(launcher), [this, number] { drop(number); },
      limits_.splice);
}

void Relays::drop(std::uint64_t number) {
  auto node = passing_.extract(number);
  if (node.empty()) return;
  loop_.post([worker = std::move(node.mapped().worker)] {
    if (worker) worker->close();
  });
}

}  // namespace pcluster
