// The options of the mpiexecs that people know.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/mpi_words.hpp"

#include <algorithm>
#include <array>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/arguments.hpp"

namespace pcluster {
namespace {

using Words = std::vector<std::string>;

constexpr Option options[] = {
    {"--np", "N", "over how many ranks (also -np N, -n N, -c N)"},
    {"-x", "VAR[=VALUE]", "set a variable for the ranks; VAR alone takes this shell's value", true},
    {"--wdir", "DIR", "working directory (also -wdir, -wd; default: this one)"},
    {"--env", "VAR VALUE", "set a variable for the ranks (also -env, -genv)", true},
    {"--mca", "NAME VALUE", "a parameter of Open MPI, unless it says where ranks run", true},
};

constexpr Option ignored[] = {
    {"--oversubscribe", "", "ignored: a task waits for as many slots as it needs"},
    {"--use-hwthread-cpus", "", "ignored: a worker has the cores of its job"},
    {"--bind-to", "WHAT", "ignored: the ranks share the cores of the task's slots"},
    {"--map-by", "WHAT", "ignored, as are --rank-by and --ppn: one worker is filled first"},
    {"--rank-by", "WHAT", "ignored"},
    {"--ppn", "N", "ignored (also -ppn, -N, -npernode)"},
    {"--host", "NAMES", "ignored: the pool has its hosts (also -H, -hosts)"},
    {"--hostfile", "FILE", "ignored (also -machinefile, -f)"},
    {"--report-bindings", "", "ignored"},
    {"--display-map", "", "ignored"},
    {"--allow-run-as-root", "", "ignored: the workers see to it"},
    {"--genvall", "", "ignored (also -envall)"},
};

constexpr std::pair<std::string_view, std::string_view> spellings[] = {
    {"-n", "--np"},
    {"-c", "--np"},
    {"--n", "--np"},
    {"-wd", "--wdir"},
    {"--wd", "--wdir"},
    {"-genv", "--env"},
    {"--genv", "--env"},
    {"-gmca", "--mca"},
    {"--gmca", "--mca"},
    {"-H", "--host"},
    {"-hosts", "--host"},
    {"-f", "--hostfile"},
    {"-N", "--ppn"},
    {"-npernode", "--ppn"},
    {"-machinefile", "--hostfile"},
    {"--machinefile", "--hostfile"},
    {"-envall", "--genvall"},
};

// Parameters that say how mpiexec reaches hosts and places ranks: the worker says those.
constexpr std::array<std::string_view, 7> launching = {"plm*",   "ras*",  "rmaps*",      "rank*",
                                                       "orte_*", "odls*", "hwloc_base_*"};

constexpr std::array<std::string_view, 10> settings = {
    "OMPI_MCA_*", "PRTE_MCA_*", "PMIX_MCA_*", "UCX_*",   "FI_*",
    "PSM2_*",     "PSM3_*",     "I_MPI_*",    "MPICH_*", "MPIR_CVAR_*"};

template <class Globs>
bool any_matches(const Globs& globs, std::string_view name) {
  return std::ranges::any_of(globs, [&](std::string_view glob) { return matches(name, glob); });
}

std::string spelled(const std::string& word) {
  for (const auto& [name, ours] : spellings)
    if (word == name) return std::string(ours);
  const bool one_dash = word.size() > 2 && word[0] == '-' && word[1] != '-';
  return one_dash ? "-" + word : word;  // Open MPI and MPICH know both
}

const Option* find_option(std::string_view name) {
  for (const auto all :
       {std::span<const Option>(options), std::span<const Option>(ignored), global_options()})
    for (const auto& option : all)
      for (const auto& each : split(option.names, ','))
        if (each == name) return &option;
  return nullptr;
}

// `--mca A B` and `--env A B` are one value of ours: A=B.
std::size_t values_of(const Option& option, const Words& words, std::size_t first) {
  if (option.value.empty()) return 0;
  const bool pair = option.value.find(' ') != option.value.npos && first < words.size() &&
                    words[first].find('=') == std::string::npos;
  return pair ? 2 : 1;
}

std::pair<std::string, std::string> assigned(const std::string& word) {
  const auto equals = std::min(word.find('='), word.size());
  return {word.substr(0, equals), word.substr(std::min(equals + 1, word.size()))};
}

void set(Environment& environment, const std::string& name, std::string value) {
  std::erase_if(environment, [&](const auto& each) { return each.first == name; });
  environment.emplace_back(name, std::move(value));
}

void read_environment(const Arguments& arguments, const Variables& variables, MpiexecCall& call) {
  for (const auto& word : arguments.all("mca")) {
    auto [name, value] = assigned(word);
    if (any_matches(launching, name))
      call.ignored.push_back("--mca " + name);
    else
      set(call.environment, "OMPI_MCA_" + name, std::move(value));
  }
  for (const auto& word : arguments.all("env")) {
    auto [name, value] = assigned(word);
    set(call.environment, name, std::move(value));
  }
  for (const auto& word : arguments.all("x")) {
    auto [name, value] = assigned(word);
    if (word.find('=') == word.npos && !variables.contains(name))
      call.ignored.push_back("-x " + name + " (not set here)");
    else
      set(call.environment, name,
          word.find('=') == word.npos ? variable(variables, name) : std::move(value));
  }
}

}  // namespace

std::span<const Option> mpiexec_options() { return options; }
std::span<const Option> mpiexec_ignored() { return ignored; }

Words spell_mpiexec(const Words& words) {
  Words ours;
  std::size_t i = 0;
  while (i < words.size() && words[i] != "--" && words[i].size() > 1 && words[i][0] == '-') {
    auto name = spelled(words[i++]);
    const auto* option = find_option(name);
    ours.push_back(std::move(name));
    if (option == nullptr) continue;
    const auto count = std::min(values_of(*option, words, i), words.size() - i);
    if (count > 0) ours.push_back(count == 2 ? words[i] + "=" + words[i + 1] : words[i]);
    i += count;
  }
  if (i < words.size() && words[i] != "--") ours.emplace_back("--");
  ours.insert(ours.end(), words.begin() + static_cast<long>(i), words.end());
  return ours;
}

MpiexecCall read_mpiexec(const Arguments& arguments, const Variables& variables) {
  const auto& words = arguments.command();
  if (std::ranges::find(words, ":") != words.end())
    throw Error(Exit::usage, "mpiexec: several programs in one call (\":\")",
                "give it one: a script that looks at its rank may start others");
  MpiexecCall call;
  call.ranks = arguments.number("np", 1).value_or(0);
  if (call.ranks == 0)
    throw Error(Exit::usage, "mpiexec: over how many ranks?",
                "write: pcluster mpiexec -n N PROGRAM");
  call.directory = arguments.text("wdir").value_or("");
  for (const auto& option : ignored)
    if (arguments.has(long_name(option))) call.ignored.push_back(std::string(option.names));
  read_environment(arguments, variables, call);
  return call;
}

Environment mpi_settings(const Variables& variables) {
  Environment environment;
  if (variables.contains("OMPI_COMM_WORLD_SIZE")) return environment;  // a launcher's, not a user's
  for (const auto& [name, value] : variables)
    if (any_matches(settings, name)) environment.emplace_back(name, value);
  return environment;
}

}  // namespace pcluster
