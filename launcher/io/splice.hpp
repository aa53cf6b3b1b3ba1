// Two sockets joined: what comes from the one goes to the other, both ways, never read and never
// more of it in memory than one read each way: who takes nothing is sent nothing.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include "launcher/io/file.hpp"
#include "launcher/io/loop.hpp"

namespace pcluster {

class Splice {
 public:
  struct Limits {
    Micros silence = 60 * second;    // without a byte either way: the ends are gone, or hang
    Micros after_half = 5 * second;  // the same once one of them has said its last
  };
  // `ended` is called once, from the loop: both ends are closed then.
  Splice(Loop&, Fd one, Fd other, std::function<void()> ended, Limits limits);
  ~Splice();  // closes both
  Splice(const Splice&) = delete;
  Splice& operator=(const Splice&) = delete;
  std::uint64_t bytes() const;  // in all

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace pcluster
