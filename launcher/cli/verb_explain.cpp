// `pcluster explain`: why does it wait?
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"
#include "launcher/cli/documents.hpp"
#include "launcher/cli/launch.hpp"
#include "launcher/cli/sooner.hpp"
#include "launcher/cli/table.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/cli/verbs.hpp"
#include "launcher/cli/workload.hpp"

namespace pcluster {
namespace {

std::string explanation_text(const Explanation& explanation) {
  std::size_t width = 0;
  for (const auto& [what, text] : explanation.items)
    width = std::max(width, printable(what).size());
  std::string all;
  for (const auto& [what, text] : explanation.items) {
    const auto name = printable(what);
    all += name + std::string(width + 2 - name.size(), ' ') + printable(text) + "\n";
  }
  return all;
}

int run_explain(const Session& session, const Arguments& arguments) {
  const auto ref = workload_operand(session, arguments);
  auto client = reach_launcher(session);
  auto explanation = client.ask<Explanation>(Explain{ref});
  const bool waits = std::ranges::any_of(explanation.items,
                                         [](const auto& item) { return item.first == "waits"; });
  if (waits)
    for (auto& finding : look_for_sooner(session, client.ask<Status>(GetStatus{})))
      explanation.items.push_back(std::move(finding));
  write_out(session.json ? explanation_document(explanation) : explanation_text(explanation));
  return static_cast<int>(Exit::done);
}

}  // namespace

const Verb verb_explain{
    .name = "explain",
    .summary = "why a task waits: itself, slots, workers, jobs, the queue's own reason",
    .operands_name = "[ID[.INDEX]|last]",
    .operands = Operands::words,
    .options = {},
    .more_options = {},
    .examples =
        "pcluster explain                           # the last workload\n"
        "pcluster explain 7.123",
    .run = run_explain,
    .description =
        "Says why a task waits, from near to far: the task, its workload and what that waits "
        "for, the workers and their free slots, and the jobs of each pool with the queue's own "
        "reason. Without an index it speaks of the workload. While jobs wait, the scheduler is "
        "asked "
        "which other partition would start them sooner, and what is reserved before them.",
};

}  // namespace pcluster
