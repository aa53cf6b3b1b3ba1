// Through workers that are home: a few of them at a time are asked to hand a connection on, and the
// key is proven to the launcher itself over what they hand on.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <string>
#include <vector>
#include "launcher/io/link.hpp"
#include "launcher/io/state.hpp"

namespace pcluster {

struct RelayCall {
  std::vector<RelayInfo> relays;  // in the order in which to ask
  ClusterKey key{};
  std::string cluster;
};
// `link` is null when none of them does; `route` for people: "through w3 on n14".
using RelayDone =
    std::function<void(LinkPtr link, std::string route, std::vector<std::string> errors)>;
void call_through_relays(Loop&, RelayCall, RelayDone);

}  // namespace pcluster
