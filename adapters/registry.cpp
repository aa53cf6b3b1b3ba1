// The schedulers that we know.  A new one is one line here.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "adapters/adapter.hpp"

namespace pcluster {
namespace {

// The first whose probe is there wins.
constexpr const Adapter* all[] = {&slurm, &slurm_lib, &pbs, &torque, &local};

}  // namespace

std::span<const Adapter* const> adapters() { return all; }

const Adapter* find_adapter(std::string_view name) {
  const auto found = std::ranges::find(all, name, &Adapter::name);
  return found == std::end(all) ? nullptr : *found;
}

}  // namespace pcluster
