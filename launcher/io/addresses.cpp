// This host's addresses that another host may reach.
// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/link.hpp"

namespace pcluster {
namespace {

std::string text_of(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, address, text.data(), text.size());
  return text.data();
}

bool is_global(const in6_addr& address) {
  return !IN6_IS_ADDR_LINKLOCAL(&address) && !IN6_IS_ADDR_LOOPBACK(&address) &&
         !IN6_IS_ADDR_MULTICAST(&address) && !IN6_IS_ADDR_V4MAPPED(&address);
}

// Empty: none that another host may reach.
std::string address_of(const sockaddr& address) {
  if (address.sa_family == AF_INET)
    return text_of(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  if (address.sa_family != AF_INET6) return {};
  const auto& six = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return is_global(six) ? text_of(AF_INET6, &six) : "";
}

}  // namespace

std::vector<std::string> host_addresses() { return host_addresses({}); }

std::vector<std::string> host_addresses(std::span<const std::string> wanted) {
  const auto fits = [&](std::string_view name) {
    return std::ranges::any_of(wanted, [&](const auto& glob) { return matches(name, glob); });
  };
  std::vector<std::string> four, six;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) == 0) {
    for (const auto* one = all; one != nullptr; one = one->ifa_next) {
      if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_UP) == 0 ||
          (one->ifa_flags & IFF_LOOPBACK) != 0)
        continue;
      auto text = address_of(*one->ifa_addr);
      if (text.empty() || (!wanted.empty() && !fits(one->ifa_name) && !fits(text))) continue;
      auto& list = one->ifa_addr->sa_family == AF_INET ? four : six;
      if (std::ranges::find(list, text) == list.end()) list.push_back(std::move(text));
    }
    freeifaddrs(all);
  }
  four.insert(four.end(), six.begin(), six.end());
  if (four.empty() && !wanted.empty()) return {};
  four.emplace_back("127.0.0.1");  // last: local workers need no interface
  return four;
}

std::vector<std::string> that_lead_to(const std::string& host, std::vector<std::string> addresses) {
  if (host == hostname()) return addresses;
  const auto ours = host_addresses();
  auto others = addresses;
  std::erase_if(others, [&](const auto& one) {
    return std::find(ours.begin(), ours.end(), one) != ours.end();
  });
  return others.empty() ? addresses : others;
}

}  // namespace pcluster
