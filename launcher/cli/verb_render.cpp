// `pcluster render`: the job script that submit would send, and nothing else happens.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <iterator>
#include <vector>

#include "launcher/base/error.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/submission.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

constexpr Option render_options[] = {
    {"-o,--output", "FILE", "write the script there instead of printing it"},
};

int run_render(const Session& session, const Arguments& arguments) {
  const auto submission = prepare(session, arguments, {.dry = true});
  const auto file = arguments.text("output");
  if (!file) return print_dry(submission);
  say_plan(submission);
  constexpr int as_programs_are = 0755;
  write_file(*file, submission.script, as_programs_are);
  session.say(fmt::format("written: {}", *file));
  return static_cast<int>(Exit::done);
}

}  // namespace

const Verb verb_render{
    .name = "render",
    .summary = "print the job script that submit would send",
    .operands_name = "",
    .operands = Operands::none,
    .options = render_options,
    .more_options = submission_options(),
    .examples =
        "pcluster render --partition 16GBXL --jobs 10\n"
        "pcluster render --site esi --time 2h --output job.sh\n"
        "pcluster render --json                     # with the command that submits it",
    .run = run_render,
    .description =
        "Prints the job script that submit would send with the same options, configuration and "
        "site profile, and the command that would submit it. With --output the script goes to a "
        "file. Nothing is submitted, and no launcher is started.",
};

}  // namespace pcluster
