// Asks the program over the library once; its answer is the limits of partitions as well.
// SPDX-License-Identifier: MIT
#include "launcher/cli/library.hpp"

#include <fmt/format.h>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/process.hpp"

namespace pcluster {
namespace {

constexpr Micros patience = 20 * second;

}  // namespace

Via choose_via(const Adapter& commands, const std::string& said,
               const std::function<CommandResult(const Argv&)>& ask, bool dry) {
  const auto* library = commands.by_library;
  const auto impossible = [](const std::string& why) {
    return Error(Exit::usage,
                 fmt::format("the scheduler's library cannot be used here: {}", printable(why)),
                 "leave --slurm-via lib out: the scheduler's commands do the same");
  };
  if (library == nullptr) {
    if (said == "lib" && !dry)
      throw impossible(fmt::format("pcluster knows none of {} jobs", commands.name));
    return {&commands, "", "", {}};
  }
  if (said == "cli") return {&commands, "cli", "", {}};
  auto answer = ask(library->limits());
  auto fit = library->fit(answer);
  if (said == "lib") {
    if (!fit.works && !dry) throw impossible(fit.why);
    return {library, "lib", fit.why, std::move(answer)};
  }
  if (!fit.why.empty()) return {&commands, "cli", fit.why, {}};
  return {library, "lib", "", std::move(answer)};
}

CommandResult ask_scheduler(Argv argv) {
  argv.front() = own_program(argv.front());
  CommandOptions options;
  options.timeout = patience;
  const auto output = run_command(argv, options);
  return {output.exit_code, output.timed_out, output.out, output.err};
}

Via via_of(const ChosenSite& site, const Configuration& asked, const Surroundings& here, bool dry) {
  const auto& profiles = site.profile.slurm_via;
  const auto said = asked.slurm_via.value_or(profiles.empty() ? "auto" : profiles);
  // Where no scheduler is, nothing is asked: --dry-run.
  const auto& commands = *site.adapter;
  if (!here.on_path(std::string(commands.probe)) && dry) return {&commands, "", "", {}};
  return choose_via(commands, said, ask_scheduler, dry);
}

}  // namespace pcluster
