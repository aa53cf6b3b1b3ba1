// Workloads of clusters that were stopped.
// SPDX-License-Identifier: MIT
#include "launcher/cli/earlier.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/store.hpp"

namespace pcluster {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_clusters = 5, most_workloads = 200;

std::string place(const StateDirectory& state) { return state.root + "/earlier"; }

std::vector<long long> numbers(const StateDirectory& state) {
  std::vector<long long> all;
  for (const auto& name : list_directory(place(state)))
    if (const auto number = to_integer(name)) all.push_back(*number);
  std::ranges::sort(all);
  return all;
}

// Links cost no room; where there are none, the bytes are copied.
void keep(const std::string& from, const std::string& to) {
  constexpr auto how = fs::copy_options::recursive | fs::copy_options::skip_existing;
  std::error_code error;
  fs::copy(from, to, how | fs::copy_options::create_hard_links, error);
  if (error) fs::copy(from, to, how, error);
}

}  // namespace

void keep_workloads(const StateDirectory& state) {
  auto ids = workloads_on_disk(state);
  std::erase_if(ids, [&](WorkloadId id) {
    try {
      return read_spec(state, id).verb != "map";
    } catch (const Error&) { return true; }
  });
  if (ids.empty()) return;
  if (ids.size() > most_workloads) ids.erase(ids.begin(), ids.end() - most_workloads);
  auto known = numbers(state);
  const auto number = known.empty() ? 1 : known.back() + 1;
  const StateDirectory kept{place(state) + "/" + std::to_string(number)};
  make_directories(kept.workloads());
  for (const auto id : ids) keep(state.workload(id), kept.workload(id));
  keep(state.inputs(), kept.inputs());
  known.push_back(number);
  for (std::size_t i = 0; i + most_clusters < known.size(); ++i)
    remove_tree(place(state) + "/" + std::to_string(known[i]));
}

std::vector<StateDirectory> earlier_clusters(const StateDirectory& state) {
  std::vector<StateDirectory> all;
  for (const auto number : numbers(state))
    all.push_back({place(state) + "/" + std::to_string(number)});
  std::ranges::reverse(all);
  return all;
}

}  // namespace pcluster
