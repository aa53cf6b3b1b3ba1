// Which workers `--on` means.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/worker_list.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

constexpr std::uint32_t most = 100'000;

[[noreturn]] void no_workers(const std::string& text) {
  throw Error(Exit::usage, fmt::format("--on \"{}\" names no workers", printable(text)),
              "write w0, w0,w3-w5, or all; pcluster status lists them");
}

std::uint32_t number_of(const std::string& word, const std::string& text) {
  const auto id = parse_worker_id(word.starts_with('w') ? word : "w" + word);
  if (!id) no_workers(text);
  return static_cast<std::uint32_t>(*id);
}

}  // namespace

std::vector<WorkerId> chosen_workers(const std::string& text, const Status& status) {
  std::vector<WorkerId> chosen;
  if (text == "all") {
    for (const auto& row : status.workers)
      if (row.state == "idle" || row.state == "busy") chosen.push_back(row.worker);
    if (chosen.empty())
      throw Error(Exit::usage, "--on all: no worker is home", "pcluster submit brings workers up");
    return chosen;
  }
  for (const auto& part : split(text, ',')) {
    const auto ends = split(part, '-');
    if (ends.size() > 2) no_workers(text);
    const auto first = number_of(ends.front(), text), last = number_of(ends.back(), text);
    if (last < first || last - first >= most || last >= ~0u) no_workers(text);
    for (auto number = first; number <= last; ++number)
      if (std::ranges::find(chosen, WorkerId{number}) == chosen.end())
        chosen.push_back(WorkerId{number});
  }
  return chosen;
}

WorkloadSpec on_workers(WorkloadSpec spec, const std::string& said, const Status& status) {
  spec.on = chosen_workers(said, status);
  TrialLines names;
  for (const auto id : spec.on) names.push_back(to_string(id));
  spec.trials = std::move(names);
  spec.loss_retries = 0;
  return spec;
}

}  // namespace pcluster
