// libslurm, as this program sees it: its header, what it exports without saying so, its errors.
// SPDX-License-Identifier: MIT
#pragma once
#include <slurm/slurm.h>
#include <slurm/slurm_errno.h>

#include <cerrno>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

// Exported, and in no header of most releases; names of our own, should a header have them.
extern "C" {
const char* slurm_api_job_state(std::uint32_t) __asm__("slurm_job_state_string");
const char* slurm_api_job_reason(std::uint32_t) __asm__("slurm_job_reason_string");
const char* slurm_api_node_state(std::uint32_t) __asm__("slurm_node_state_string");
}

namespace pcluster::slurm_api {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

enum Exit : int {
  done = 0,
  refused = 1,       // Slurm said no, or nothing: as its commands end
  usage = 2,         // not how this program is called
  use_command = 126  // nothing was done: this wants Slurm's own command
};

struct Failure {
  int exit_code = refused;
  std::string words;
  int code = 0;  // Slurm's
};

// What the last call that failed left.
inline int last_error() {
#if SLURM_VERSION_NUMBER < SLURM_VERSION_NUM(24, 11, 0)
  return slurm_get_errno();
#else
  return errno;
#endif
}

// Throws what the last call said went wrong, unless it says 0.
void check(int said);

inline Json text(const char* words) { return words == nullptr ? "" : words; }
// Slurm's numbers have values that mean none, and no limit: null.
inline Json number(std::uint32_t value) {
  return value == NO_VAL || value == INFINITE ? Json() : Json(value);
}
inline Json number(std::uint64_t value) {
  return value == NO_VAL64 || value == INFINITE64 ? Json() : Json(value);
}

// The verbs: words of the command line, and the answer.
Json submit(const Words&);
Json jobs(const Words&);
Json partitions(const Words&);
Json nodes(const Words&);
Json cancel(const Words&);
Json ping(const Words&);
Json version(const Words&);

Json fit();  // this library against the running Slurm

}  // namespace pcluster::slurm_api
