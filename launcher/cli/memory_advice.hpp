// What to do about tasks that ran out of memory.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include "launcher/io/result_rows.hpp"

namespace pcluster {

// "17 ran out of memory; with more: pcluster submit --memory 16G; pcluster retry 3 --memory 16G";
// empty when none did.
std::string memory_advice(WorkloadId, const TaskTemplate&, ResultRows);

// Twice what they had, rounded to what people write.
std::uint64_t more_memory_mb(std::uint64_t had_kb);

}  // namespace pcluster
