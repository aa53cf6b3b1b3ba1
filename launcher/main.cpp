// One binary: the verbs that people type, and the roles in which pcluster starts itself.
// SPDX-License-Identifier: MIT
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/cli/cli.hpp"
#include "launcher/daemon/daemon.hpp"
#include "launcher/io/findings.hpp"
#include "launcher/io/local_jobs.hpp"
#include "launcher/script/site.hpp"
#include "mpi-runtime/mpi_agent.hpp"
#include "mpi-runtime/node_probe.hpp"
#include "mpi-runtime/rank_start.hpp"
#include "mpi-runtime/worker.hpp"

namespace pcluster {
namespace {

using Words = std::vector<std::string>;
using Flags = std::map<std::string, std::function<void(const std::string&)>>;

// `--name value` pairs only: job scripts and we write these lines, no person does.
void read_flags(const Words& words, const Flags& flags) {
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const auto flag = flags.find(words[i]);
    if (flag == flags.end() || i + 1 == words.size())
      throw Error(Exit::usage, "unexpected argument \"" + words[i] + "\"",
                  "job scripts call this; see: pcluster --help");
    flag->second(words[i + 1]);
  }
}

auto into(std::string& target) {
  return [&target](const std::string& value) { target = value; };
}

int worker(const Words& words) {
  WorkerOptions options;
  read_flags(words,
             {{"--directory", into(options.directory)},
              {"--cluster", into(options.cluster)},
              {"--token", into(options.token)},
              {"--local-directory", into(options.local_directory)},
              {"--slots",
               [&](const std::string& text) {
                 const auto number = to_integer(text);
                 if (!number || *number < 0 || *number > 1 << 16)
                   throw Error(Exit::usage, "--slots: \"" + text + "\" is no number");
                 options.slots = static_cast<std::uint32_t>(*number);
               }},
              {"--ports", [&](const std::string& range) { options.ports = parse_ports(range); }},
              {"--scrub", [&](const std::string& glob) { options.scrub.push_back(glob); }}});
  return run_worker(options);
}

// A job script starts it with a worker's words; of those it needs two.
int node_probe(const Words& words) {
  WorkerOptions options;
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    if (words[i] == "--directory") options.directory = words[i + 1];
    if (words[i] == "--local-directory") options.local_directory = words[i + 1];
  }
  if (options.directory.empty())
    throw Error(Exit::usage, "the probe needs --directory", "pcluster doctor starts it");
  return run_node_probe(options);
}

int launcher(const Words& words) {
  LauncherOptions options;
  read_flags(words,
             {{"--directory", into(options.directory)},
              {"--cluster", into(options.cluster)},
              {"--first", [&](const std::string& address) { options.first.push_back(address); }},
              {"--ports", [&](const std::string& range) { options.ports = parse_ports(range); }},
              {"--interface", [&](const std::string& glob) { options.interface.push_back(glob); }},
              {"--take-over", [&](const std::string& yes) { options.take_over = yes == "yes"; }}});
  return run_launcher(options);
}

int start_role(int (*role)(const Words&), const Words& words) {
  try {
    return role(words);
  } catch (const Error& error) {
    std::fprintf(stderr, "pcluster: %s\n", error.what());
    if (!error.hint().empty()) std::fprintf(stderr, "  %s\n", error.hint().c_str());
    return static_cast<int>(error.code());
  }
}

}  // namespace
}  // namespace pcluster

int main(int argc, char** argv) {
  using namespace pcluster;
  if (called_as_mpi_agent(argv[0])) return run_mpi_agent(argv[0], Words(argv + 1, argv + argc));
  const std::string role = argc > 1 ? argv[1] : "";
  const Words rest(argv + (argc > 1 ? 2 : 1), argv + argc);
  if (role == "worker") return start_role(worker, rest);
  if (role == probe_role) return start_role(node_probe, rest);
  if (role == "launcher") return start_role(launcher, rest);
  if (role == rank_start_role) return start_rank(rest);
  if (role == "local-jobs")
    return start_role([](const Words& words) { return run_local_jobs(words); }, rest);
  return run_cli(argc, argv);
}
