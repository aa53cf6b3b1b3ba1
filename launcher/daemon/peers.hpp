// The connections of one kind, by id.  A link may end while its own frame is being handled.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "launcher/io/link.hpp"

namespace pcluster {

template <class Id>  // LinkId or ClientId
class Peers {
 public:
  Id add(LinkPtr link) {
    const auto number = ++last_;
    links_.emplace(number, std::move(link));
    return Id{number};
  }
  Link* find(Id id) {
    const auto found = links_.find(static_cast<std::uint64_t>(id));
    return found == links_.end() ? nullptr : found->second.get();
  }
  // Forgets it; closes it, too, unless it has ended by itself.
  void remove(Id id, bool close) {
    auto node = links_.extract(static_cast<std::uint64_t>(id));
    if (!node.empty() && close) node.mapped()->close();
  }
  bool send(Id id, std::string_view payload) {
    auto* link = find(id);
    if (link != nullptr) link->send(payload);
    return link != nullptr;
  }

 private:
  std::uint64_t last_ = 0;
  std::unordered_map<std::uint64_t, LinkPtr> links_;
};

}  // namespace pcluster
