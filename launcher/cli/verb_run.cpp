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

constexpr Option run_options[] = {
    {"--np", "N", "split over N MPI ranks (also -np N, -n N); without it one process, no MPI"},
    {"-i,--stdin", "", "the program reads this standard input; it ends with this command"},
    option_span,
    option_bind,
    option_units,
};

// Bytes that one try has read no other can read.
void read_here(const Arguments& arguments, WorkloadSpec& spec) {
  if (arguments.has("detach"))
    throw Error(Exit::usage, "--stdin and --detach: nobody is left to read for the program",
                "leave one of them out");
  if (spec.retries > 0)
    throw Error(Exit::usage, "--stdin and --retries: what was read once is gone",
                "leave one of them out, or give the program a file");
  open_missing_input();
  spec.task.input = true;
  spec.loss_retries = 0;
}

int run_run(const Session& session, const Arguments& arguments) {
  auto spec = workload_from(session, arguments, "run");
  split_task(arguments, "np", spec.task);
  if (arguments.has("stdin")) read_here(arguments, spec);
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
    .options = run_options,
    .more_options = task_options(),
    .examples =
        "pcluster run -np 16 -- nrniv -mpi -python model.py\n"
        "pcluster run --cores 4 -- python analyse.py       # its exit code is ours\n"
        "pcluster run -i -- sort < names.txt",
    .run = run_run,
    .description =
        "Runs one program, with -np N as that many MPI ranks on the workers of one pool. Its "
        "output appears here and its exit code is ours; a failure of pcluster itself is 125.",
};

}  // namespace pcluster
