// Options of tasks that are split over MPI ranks; `run` and `map` share them.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>

#include "launcher/cli/verbs.hpp"
#include "launcher/model/spec.hpp"

namespace pcluster {

class Arguments;

inline constexpr Option option_span{"--span", "pool|job|worker",
                                    "how far apart the ranks of a task may be (default pool)"};
inline constexpr Option option_bind{"--bind", "none",
                                    "bind nothing to the cores of the task's slots"};
inline constexpr Option option_units{
    "--units", "N", "what there is to share out, as cells: more ranks than that are refused"};

// `ranks`: the option's name; without it the task is not split.  Throws Error(Exit::usage).
void split_task(const Arguments&, std::string_view ranks, TaskTemplate&);

}  // namespace pcluster
