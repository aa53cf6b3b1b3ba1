// `pcluster start`: submit, with every value from a configuration file.
// SPDX-License-Identifier: MIT
#include "launcher/cli/settings.hpp"
#include "launcher/cli/submission.hpp"

namespace pcluster {
namespace {

constexpr Option start_options[] = {
    {"--num-engines", "N", "slots per node (default: its cores)"},
};

int run_start(const Session& session, const Arguments& arguments) {
  return submit(session, arguments,
                {.configuration_required = true, .slot_per_core = true, .file = {}});
}

}  // namespace

const Verb verb_start{
    .name = "start",
    .summary = "submit with the values of a configuration file",
    .operands_name = "",
    .operands = Operands::none,
    .options = start_options,
    .more_options = submission_options(),
    .examples =
        "pcluster start                             # ~/.config/pcluster/config.yaml\n"
        "pcluster start --config cluster.yaml --num-engines 8",
    .run = run_start,
    .description =
        "Does what submit does, with every value from a configuration file, by default "
        "~/.config/pcluster/config.yaml; options on the command line count more. A worker gets one "
        "slot per core unless the file or --num-engines says otherwise.",
    .environment = settings_environment,
};

}  // namespace pcluster
