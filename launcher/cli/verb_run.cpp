// `pcluster run`: one program, split over MPI ranks or not, its output here and its exit code ours.
// SPDX-License-Identifier: MIT
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/one_program.hpp"
#include "launcher/cli/split.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/cli/workload.hpp"

namespace pcluster {
namespace {

constexpr Option options[] = {
    {"--np", "N", "split over N MPI ranks (also -np N, -n N); without it one process, no MPI"},
    option_span,
    option_bind,
    option_units,
};

int run(const Session& session, const Arguments& arguments) {
  auto spec = workload_from(session, arguments, "run");
  split_task(arguments, "np", spec.task);
  auto client = reach_launcher(session);
  catch_interrupts();
  if (arguments.has("detach"))
    return print_detached(session, add_workload(client, spec, false), spec);
  return run_program(session, client, spec);
}

}  // namespace

const Verb verb_run{
    .name = "run",
    .summary = "run one program, split over MPI ranks with -np",
    .operands_name = "[--] PROGRAM [ARGUMENTS...]",
    .operands = Operands::command,
    .options = options,
    .more_options = task_options(),
    .examples =
        "pcluster run -np 16 -- nrniv -mpi -python model.py\n"
        "pcluster run --cores 4 -- python analyse.py       # its exit code is ours",
    .run = run,
    .description =
        "Runs one program, with -np N as that many MPI ranks on the workers of one pool. Its "
        "output appears here and its exit code is ours; a failure of pcluster itself is 125.",
};

}  // namespace pcluster
