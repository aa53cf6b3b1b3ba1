// The schedulers that we know.  A new one is one line here.
// SPDX-License-Identifier: MIT
#include "adapters/adapter.hpp"

namespace pcluster {
namespace {

// The first whose probe is there wins.
constexpr const Adapter* all[] = {&slurm, &slurm_lib, &pbs, &torque, &local};

}  // namespace

std::span<const Adapter* const> adapters() { return all; }

const Adapter* find_adapter(std::string_view name) {
  for (const auto* adapter : all) {
    if (adapter->name == name) return adapter;
    if (adapter->here != nullptr && adapter->here->name == name) return adapter->here;
  }
  return nullptr;
}

}  // namespace pcluster
