// The workers that hand connections on, in launcher.json.
// SPDX-License-Identifier: MIT
#include "launcher/daemon/relay_list.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "launcher/base/error.hpp"

namespace pcluster {
namespace {

constexpr Micros between = second, after_trouble = 10 * second;

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address == "::1";
}

}  // namespace

RelayList::RelayList(Loop& loop, StateDirectory directory, LauncherInfo info)
    : loop_(loop), directory_(std::move(directory)), info_(std::move(info)) {}

RelayList::~RelayList() {
  if (timer_) loop_.cancel(*timer_);
}

// Whoever cannot reach this host is helped by nobody on it.
void RelayList::tell(const std::vector<RelayAt>& relays) {
  info_.relays.clear();
  for (const auto& relay : relays) {
    if (relay.host == info_.host) continue;
    auto addresses = relay.addresses;
    std::erase_if(addresses, is_loopback);
    info_.relays.push_back({to_string(relay.worker), relay.host, std::move(addresses), relay.port});
  }
  if (timer_ || info_.relays == written_) return;
  timer_ = loop_.at(std::max(loop_.now(), next_), [this] {
    timer_.reset();
    write();
  });
}

// Unless a launcher on another host has taken the cluster over meanwhile: then the file is its own.
void RelayList::write() {
  next_ = loop_.now() + between;
  if (info_.relays == written_) return;
  try {
    const auto there = read_launcher_info(directory_);
    if (!there || there->epoch != info_.epoch || there->host != info_.host) return;
    write_launcher_info(directory_, info_);
    written_ = info_.relays;
  } catch (const Error& error) {
    spdlog::warn("cannot write {}: {}", directory_.launcher(), error.what());
    next_ = loop_.now() + after_trouble;
    timer_ = loop_.at(next_, [this] {
      timer_.reset();
      write();
    });
  }
}

}  // namespace pcluster
