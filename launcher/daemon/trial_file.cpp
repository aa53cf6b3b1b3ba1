// Reads the lines of a large workload, and checks that they are those that were meant.
// SPDX-License-Identifier: MIT
#include "launcher/daemon/trial_file.hpp"

#include <utility>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/core/core.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/key.hpp"

namespace pcluster {

std::string path_of(const StateDirectory& directory, const TrialFile& file) {
  return directory.inputs() + "/" + file.name;
}

PackedLines read_trials(const StateDirectory& directory, const TrialFile& file) {
  if (file.name.find('/') != file.name.npos)
    throw Error(Exit::usage, "the trials' file must lie in " + directory.inputs());
  auto text = read_file(path_of(directory, file));
  if (sha256_hex(text) != file.sha256)
    throw Error(Exit::usage, "the trials' file " + file.name + " has changed", "submit it again");
  if (text.size() > PackedLines::most_bytes)
    throw Error(Exit::usage, "the trials' file " + file.name + " is larger than 4 GiB",
                "split the work into several workloads");
  PackedLines trials(std::move(text));
  if (trials.size() != file.count)
    throw Error(Exit::usage, "the trials' file " + file.name + " is cut short", "submit it again");
  if (const auto refusal = refuses_trials(trials))
    throw Error(Exit::usage, refusal->message, refusal->hint);
  return trials;
}

}  // namespace pcluster
