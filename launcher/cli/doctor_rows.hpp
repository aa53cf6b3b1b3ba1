// What doctor saw, as rows for people: each ok, a warning or failed, with what to do about it.
// Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "launcher/cli/doctor_login.hpp"
#include "launcher/cli/doctor_probe.hpp"

namespace pcluster {

struct DoctorRow {
  std::string name, state, detail, remedy;  // state: ok | warning | failed
};

std::vector<DoctorRow> login_rows(const LoginFacts&);
// `same_host`: the probe is a process of this host.
std::vector<DoctorRow> probe_rows(const ProbeRun&, bool same_host);

// How late one side sees what the other has written; `apart`: the clocks' difference is known, so
// that the two ways can be told from each other.
struct Latency {
  Micros there = 0, back = 0, clock_ahead = 0;
  bool apart = false;
};
std::optional<Latency> latency_of(const ProbeRun&);

// Where a worker's tasks have their scratch, and where they would have it better.
struct ScratchChoice {
  const ScratchPlace* used = nullptr;    // --local-directory, else $TMPDIR, else /tmp
  const ScratchPlace* better = nullptr;  // local and writable; nothing: `used` is fine, or all bad
};
ScratchChoice choose_scratch(const std::vector<ScratchPlace>&);

}  // namespace pcluster
