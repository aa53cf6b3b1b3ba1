// What tests of PBS's answers share: the captured texts, read.
// SPDX-License-Identifier: MIT
#pragma once
#include <map>

#include "tests/adapters/rendered.hpp"

namespace pcluster::test {

using Kind = SubmitAnswer::Kind;

inline const JobIdentity one{"c", "pcl-c-t", "t", "/d", 1}, three{"c", "pcl-c-t", "t", "/d", 3};

inline SubmitAnswer answer(const Adapter& adapter, int code, const std::string& err,
                           const std::string& out = "") {
  return adapter.submitted({code, false, out, err}, one);
}

// The jobs of a captured listing, by their ids.
inline std::map<std::string, JobSeen> jobs(const std::string& file) {
  const auto seen = pbs.seen({0, false, text_of("tests/adapters/pbs/" + file), ""});
  REQUIRE(seen);
  std::map<std::string, JobSeen> all;
  for (const auto& [name, job] : *seen) all[job.job_id] = job;
  return all;
}

}  // namespace pcluster::test
