// Asks the live scheduler what it allows.
// SPDX-License-Identifier: MIT
#include "launcher/cli/live.hpp"

#include <fmt/format.h>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/process.hpp"

namespace pcluster {
namespace {

CommandResult ask(const Argv& argv, Micros timeout) {
  CommandOptions patience;
  patience.timeout = timeout;
  auto said = run_command(argv, patience);
  return {said.exit_code, said.timed_out, std::move(said.out), std::move(said.err)};
}

}  // namespace

// Asked before anything is submitted: a partition's name is checked while nothing has happened yet.
Limits ask_limits(const Adapter& adapter, const Surroundings& here, bool dry) {
  const auto argv = adapter.limits();
  if (argv.empty() || !here.on_path(argv.front())) return {};
  const auto output = ask(argv, 20 * second);
  auto seen = adapter.limits_seen(output);
  if (seen || dry) return {seen};
  if (!adapter.not_set_up.empty() && output.err.find(adapter.not_set_up) != output.err.npos)
    return {{}, false};
  const auto words = lines(output.err);
  throw Error(Exit::refused,
              fmt::format("the scheduler does not answer: {}",
                          !words.empty() ? printable(words.front())
                                         : fmt::format("{} gave nothing", shell_join(argv))),
              "nothing was submitted; try again when it is back");
}

void ask_nodes(const Adapter& adapter, std::vector<PartitionLimits>& limits) {
  if (adapter.nodes != nullptr) adapter.nodes_seen(ask(adapter.nodes(), 20 * second), limits);
}

std::vector<std::string> ask_accounts(const Adapter& adapter, const Surroundings& here,
                                      const std::string& user) {
  if (adapter.accounts == nullptr) return {};
  const auto argv = adapter.accounts(user);
  if (!here.on_path(argv.front())) return {};
  return adapter.accounts_seen(ask(argv, 5 * second));
}

}  // namespace pcluster
