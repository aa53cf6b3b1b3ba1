// Where this worker, which is home, hands connections of others on to the launcher: their bytes go
// through unread, for the key is proven between those two.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include "launcher/io/link.hpp"
#include "launcher/io/splice.hpp"

namespace pcluster {

class Relays {
 public:
  struct Limits {
    std::size_t connections = 128;
    Micros connect = 5 * second;  // to the launcher
    Splice::Limits splice;
  };
  Relays(Loop&, Limits);
  ~Relays();

  // We are home by `way`, which the launcher has proven to be its own: there they go.  What is
  // handed on already stays as it is when we are not home any more.
  void home(const std::string& worker, const Address& way);
  void away() { way_.reset(); }
  void serve(LinkPtr);  // a worker has asked for it there
  void leave();         // ends all of them; they call again, elsewhere
  std::size_t connections() const { return passing_.size(); }

 private:
  struct Passing {
    LinkPtr worker;  // until the launcher has answered
    std::unique_ptr<Splice> splice;
  };

  void refuse(LinkPtr, const std::string& why);
  void reached(std::uint64_t number, Fd launcher, const std::string& error);
  void drop(std::uint64_t number);

  Loop& loop_;
  Limits limits_;
  std::string name_;
  std::optional<Address> way_;
  std::map<std::uint64_t, Passing> passing_;
  std::uint64_t last_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pcluster
