// What an agent wants to be done, by kind.
// SPDX-License-Identifier: MIT
#pragma once
#include <variant>
#include <vector>
#include "mpi-runtime/agent.hpp"

namespace pcluster {

template <class T>
std::vector<T> acts_of(const Acts& acts) {
  std::vector<T> found;
  for (const auto& one : acts)
    if (const auto* act = std::get_if<T>(&one)) found.push_back(*act);
  return found;
}

// Its messages to the launcher.
template <class T>
std::vector<T> messages_of(const Acts& acts) {
  std::vector<T> found;
  for (const auto& send : acts_of<act::Send>(acts))
    if (const auto* message = std::get_if<T>(&send.message)) found.push_back(*message);
  return found;
}

}  // namespace pcluster
