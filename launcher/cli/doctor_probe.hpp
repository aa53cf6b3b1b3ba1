// The probe job of `doctor`: submitted as a worker's would be, talked with, and cleared away.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "launcher/cli/submission.hpp"
#include "launcher/io/findings.hpp"

namespace pcluster {

struct StampRound {
  Stamp answer;
  Micros seen_unix = 0;  // here
};

struct ProbeRun {
  std::string job_id, directory;
  Micros waited = 0;                 // from the submit to the probe's first word
  std::optional<Findings> findings;  // nothing: `problem` says why
  std::string problem, remedy;
  std::vector<AddressTry> back;  // from here to the node
  std::vector<StampRound> rounds;
  std::string stale;  // why there are too few rounds
};

// Throws Error(Exit::interrupted) on Ctrl-C; whatever happens, job and files are gone then.
ProbeRun run_probe(const Submission&);

// The job as it would be for a real token; `directory`: of the probe.
JobIdentity probe_identity(const std::string& directory, const std::string& token);

}  // namespace pcluster
