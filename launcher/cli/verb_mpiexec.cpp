// `pcluster mpiexec`: stands in for mpiexec on a command line, with the pool's slots for hosts.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/mpi_words.hpp"
#include "launcher/cli/one_program.hpp"
#include "launcher/cli/standard_input.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/cli/workload.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

WorkloadSpec spec_of(const Session& session, const Arguments& arguments, const MpiexecCall& call) {
  const auto here = current_directory();
  WorkloadSpec spec;
  spec.verb = "mpiexec";
  auto& task = spec.task;
  task.argv = arguments.command();
  task.directory = call.directory.starts_with('/') ? call.directory
                   : call.directory.empty()        ? here
                                                   : here + "/" + call.directory;
  task.sent = sent_environment(session.variables);
  for (auto& setting : mpi_settings(session.variables)) task.sent.push_back(std::move(setting));
  task.environment = call.environment;
  task.ranks = call.ranks;
  task.input = true;
  spec.loss_retries = 0;  // what it has read is gone
  return spec;
}

int run_mpiexec(const Session& session, const Arguments& arguments) {
  if (arguments.command().empty())
    throw Error(Exit::usage, "mpiexec: no command",
                "give it after --; see: pcluster mpiexec --help");
  const auto call = read_mpiexec(arguments, session.variables);
  open_missing_input();
  if (!call.ignored.empty())
    session.say(fmt::format("pcluster mpiexec: ignored: {}", printable(join(call.ignored, ", "))));
  auto client = reach_launcher(session);
  catch_interrupts();
  const auto code = run_program(session, client, spec_of(session, arguments, call));
  const bool interrupted = code == static_cast<int>(Exit::interrupted) && interrupts() > 0;
  return interrupted ? 128 + last_interrupt() : code;
}

}  // namespace

const Verb verb_mpiexec{
    .name = "mpiexec",
    .summary = "stand in for mpiexec: its options, its standard input, its exit code",
    .operands_name = "[--] PROGRAM [ARGUMENTS...]",
    .operands = Operands::command,
    .options = mpiexec_options(),
    .more_options = mpiexec_ignored(),
    .examples =
        "pcluster mpiexec -n 4 ./model < parameters.txt\n"
        "pcluster mpiexec -np 8 -x MODEL=full -wdir /scratch/me ./model\n"
        "python -c 'MPIBackend(8, mpi_cmd=\"pcluster mpiexec\")'   # as hnn-core takes it",
    .run = run_mpiexec,
    .description =
        "Runs a program as N MPI ranks on the workers of a pool, for what calls mpiexec by its "
        "name. Its standard input goes to rank 0, the output of all ranks comes here byte for "
        "byte, and its exit code is ours; Ctrl-C and SIGTERM end all ranks. Variables that set "
        "MPI up (OMPI_MCA_*, UCX_*, I_MPI_*, ...) go along. Options that say where ranks run are "
        "ignored, and named once. A failure of pcluster itself is 125.",
    .spell = spell_mpiexec,
};

}  // namespace pcluster
