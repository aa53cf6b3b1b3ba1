// This host's addresses that another host may reach.
// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

#include "launcher/io/file.hpp"
#include "launcher/io/link.hpp"

namespace pcluster {
namespace {

void add(std::vector<std::string>& list, int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, address, text.data(), text.size());
  if (std::find(list.begin(), list.end(), text.data()) == list.end())
    list.emplace_back(text.data());
}

bool is_global(const in6_addr& address) {
  return !IN6_IS_ADDR_LINKLOCAL(&address) && !IN6_IS_ADDR_LOOPBACK(&address) &&
         !IN6_IS_ADDR_MULTICAST(&address) && !IN6_IS_ADDR_V4MAPPED(&address);
}

}  // namespace

std::vector<std::string> host_addresses() {
  std::vector<std::string> four, six;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) == 0) {
    for (const auto* one = all; one != nullptr; one = one->ifa_next) {
      if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_UP) == 0 ||
          (one->ifa_flags & IFF_LOOPBACK) != 0)
        continue;
      if (one->ifa_addr->sa_family == AF_INET) {
        add(four, AF_INET, &reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr);
      } else if (one->ifa_addr->sa_family == AF_INET6) {
        const auto& address = reinterpret_cast<const sockaddr_in6*>(one->ifa_addr)->sin6_addr;
        if (is_global(address)) add(six, AF_INET6, &address);
      }
    }
    freeifaddrs(all);
  }
  four.insert(four.end(), six.begin(), six.end());
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
