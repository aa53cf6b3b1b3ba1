// What the tests of io share: a directory of their own, and a loop with a time limit.
// SPDX-License-Identifier: MIT
#pragma once
#include <doctest/doctest.h>
#include <stdlib.h>

#include <functional>
#include <string>

#include "launcher/base/error.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/loop.hpp"

namespace pcluster {

struct Scratch {
  std::string path;
  Scratch() {
    char name[] = "/tmp/pcluster-io-XXXXXX";
    path = mkdtemp(name);
  }
  ~Scratch() { remove_tree(path); }
  std::string operator/(const std::string& name) const { return path + "/" + name; }
};

// Runs the loop until `ready`; false: it took too long.
inline bool run_until(Loop& loop, const std::function<bool()>& ready, Micros limit = 3 * second) {
  const auto latest = loop.now() + limit;
  while (!ready() && loop.now() < latest) {
    const auto timer = loop.at(loop.now() + millisecond, [&] { loop.stop(); });
    loop.run();
    loop.cancel(timer);
  }
  return ready();
}

inline void run_for(Loop& loop, Micros time) {
  loop.at(loop.now() + time, [&] { loop.stop(); });
  loop.run();
}

template <class Call>
Error error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) { return error; }
  return Error(Exit::done, "no error");
}

}  // namespace pcluster
