// How much of a pool a task takes.  Pure: reads, changes nothing.
// SPDX-License-Identifier: MIT
#pragma once
#include "launcher/core/fleet.hpp"
#include "launcher/core/workloads.hpp"

namespace pcluster {

// Workers of this pool (a part of one, or several for a gang) that a task takes; 0: with so many
// jobs of its shape the pool could never run it.
double workers_for(const Pool&, const TaskTemplate&, Micros needs_time, std::uint32_t jobs);

// Nobody knows how large its workers are: neither its shape says it, nor has one come home.
bool unknown_size(const Pool&);

// The first automatic pool that could run it; null: none.
const Pool* automatic_for(const Fleet&, const TaskTemplate&, Micros needs_time);

}  // namespace pcluster
