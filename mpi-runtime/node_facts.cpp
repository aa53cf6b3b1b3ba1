// What the probe of `doctor` finds on its node without any other host.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/node_facts.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <set>

#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/process.hpp"
#include "mpi-runtime/size.hpp"

namespace pcluster {
namespace {

constexpr Micros patience = 10 * second;  // with one command of the node

std::string variable(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<std::uint64_t> soft_limit(int which) {
  rlimit limit{};
  if (getrlimit(static_cast<__rlimit_resource>(which), &limit) != 0) return {};
  if (limit.rlim_cur == RLIM_INFINITY) return {};
  return limit.rlim_cur;
}

void look_at_limits(Findings& found) {
  const auto size = measure_size();
  found.cores = size.resources.cores;
  found.memory_mb = size.resources.memory_mb;
  found.confined = size.confined;
  if (const auto bytes = soft_limit(RLIMIT_MEMLOCK)) found.memlock_kb = *bytes / 1024;
  found.open_files = soft_limit(RLIMIT_NOFILE);
  found.cpu_seconds = soft_limit(RLIMIT_CPU);
  for (const auto* place : {"/sys/class/infiniband", "/sys/class/hfi1"})
    for (auto& name : list_directory(place)) found.fabrics.push_back(std::move(name));
}

// A directory that we made, and so can use.
bool can_write(const std::string& path) {
  auto name = path + "/pcluster-probe-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) return false;
  rmdir(name.c_str());
  return true;
}

void look_at_scratch(const std::string& local_directory, Findings& found) {
  const auto user = "/" + user_name();
  const std::pair<std::string, const char*> candidates[] = {
      {local_directory, "--local-directory"},
      {variable("TMPDIR"), "$TMPDIR"},
      {"/tmp", ""},
      {"/scratch", ""},
      {"/scratch" + user, ""},
      {"/local", ""},
      {"/localscratch", ""},
      {"/lscratch", ""},
      {"/local_scratch", ""},
      {"/var/tmp", ""},
      {"/dev/shm", ""},
  };
  std::set<std::pair<dev_t, ino_t>> seen;
  for (const auto& [path, origin] : candidates) {
    struct stat info {};
    if (path.empty()) continue;
    const bool there = stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    const bool said = *origin != '\0';
    if (!there && said) found.scratch.push_back({path, origin, {}, false});
    if (!there || !seen.insert({info.st_dev, info.st_ino}).second) continue;
    const bool writable = can_write(path);
    if (writable || said)
      found.scratch.push_back(
          {path, origin, file_system_of(path).value_or(FileSystem{}), writable});
  }
}

ProgramFound look_for(const std::string& name, const std::string& asked) {
  ProgramFound program{name, {}, {}};
  const auto path = find_program(asked, variable("PATH"));
  if (!path) return program;
  program.path = *path;
  CommandOptions options;
  options.timeout = patience;
  const auto said = run_command({*path, "--version"}, options);
  program.version = version_in(said.out.empty() ? said.err : said.out);
  return program;
}

std::string ask(const std::vector<std::string>& argv) {
  if (argv.empty()) return {};
  CommandOptions options;
  options.timeout = patience;
  const auto said = run_command(argv, options);
  if (said.exit_code == 0) return {};
  if (said.exit_code == 127) return fmt::format("{} is not on PATH there", argv.front());
  const auto words = lines(trim(said.err));
  return words.empty() ? fmt::format("{} ended with {}", argv.front(), said.exit_code)
                       : printable(words.front());
}

}  // namespace

std::string version_in(const std::string& output) {
  std::string first;
  for (const auto& line : lines(output)) {
    const auto text = trim(line);
    if (text.starts_with("Version:")) return std::string(trim(text.substr(8)));  // of Hydra
    if (first.empty() && !text.empty()) first = printable(text);
  }
  const auto blank = first.rfind(' ');
  const auto last = blank == first.npos ? first : first.substr(blank + 1);
  const bool number = !last.empty() && last.find_first_not_of("0123456789.") == last.npos;
  return number ? last : first;
}

void look_at_node(const NodeQuestions& questions, Findings& found) {
  found.directory = file_system_of(questions.state_directory).value_or(FileSystem{});
  look_at_limits(found);
  look_at_scratch(questions.local_directory, found);
  const auto& mpiexec = questions.request.mpiexec;
  found.programs.push_back(look_for("mpiexec", mpiexec.empty() ? "mpiexec" : mpiexec));
  found.programs.push_back(look_for("mpicc", "mpicc"));
  found.ask_error = ask(questions.request.ask);
}

}  // namespace pcluster
