// What waiting and progress look like, in words.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "launcher/model/messages.hpp"

namespace pcluster {

// "0/10 workers available, waiting.. 2s"
std::string waiting_text(std::uint32_t home, std::uint32_t wanted, Micros elapsed);

// "[#########       ] | 58% Completed | 52.3s | 3 failed | 38s left"
// In so many columns, but for the note, which may be cut.
std::string bar_text(const Progress&, Micros elapsed, std::size_t columns);
// "580 of 1000 done, 3 failed, 16 running, 52.3s": for a log.
std::string progress_text(const Progress&, Micros elapsed);
// "1000 done" or "3 of 1000 failed; see: pcluster results 7 --failed"
std::string ended_text(const Progress&);

// "7 pending (Priority), 2 running": the jobs whose workers are not home, by what they wait for.
std::string absent_jobs_text(const std::vector<JobRow>&);

}  // namespace pcluster
