// `pcluster submit`: worker jobs in the queue, and the wait until they are home.
// SPDX-License-Identifier: MIT
#include "launcher/cli/settings.hpp"
#include "launcher/cli/submission.hpp"

namespace pcluster {
namespace {

int run_submit(const Session& session, const Arguments& arguments) {
  return submit(session, arguments, {});
}

}  // namespace

const Verb verb_submit{
    .name = "submit",
    .summary = "bring up worker jobs and wait until they are home",
    .operands_name = "",
    .operands = Operands::none,
    .options = submission_options(),
    .more_options = {},
    .examples =
        "pcluster submit --partition 16GBXL --jobs 10\n"
        "pcluster submit --jobs 2 --cores 4 --memory 8G --time 2h\n"
        "pcluster submit --jobs 10 --dry-run        # the job script, and nothing else",
    .run = run_submit,
    .description =
        "Asks the scheduler for worker jobs, waits until their workers have phoned home, and says "
        "how many came. A second submit of the same shape adds to them; jobs that pend for too "
        "long are cancelled again. On a machine without a scheduler the workers are local. Every "
        "value may also come from the environment, the configuration or the site profile: pcluster "
        "config show says which counts.",
    .environment = settings_environment,
};

}  // namespace pcluster
