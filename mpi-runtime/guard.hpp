// The guard: one process above each worker, which ends whatever is left when the worker is gone,
// however it went.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>

namespace pcluster {

// Forks; the child runs `worker` and ends with its code.  Returns that code (128 + signal when one
// killed the worker) in the guard, when no process is left below it.  Call before there are threads
// or loops. TERM, INT and HUP to the guard are TERM to the worker; the guard's death is, too.  USR1
// is handed on as it is.
// When the worker was killed, and the guard was told nothing, `again` is asked with the signal,
// once nothing is left of the worker: true forks anew.
int run_under_guard(const std::function<int()>& worker,
                    const std::function<bool(int signal)>& again = {});

}  // namespace pcluster
