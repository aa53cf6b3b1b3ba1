// Asks the live scheduler what else it knows.
// SPDX-License-Identifier: MIT
#include "launcher/cli/live.hpp"

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
