// What mpiexec starts in the place of a resident, or of a program with a channel: it gives the
// first rank the pipes, and becomes the program. SPDX-License-Identifier: MIT
#include "mpi-runtime/rank_start.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace pcluster {
namespace {

constexpr const char* rank_variables[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"};

// Of the trial that the ranks were started for.
constexpr const char* of_one_trial[] = {"PCLUSTER_TASK",    "PCLUSTER_TRIAL",  "PCLUSTER_INDEX",
                                        "PCLUSTER_ATTEMPT", "PCLUSTER_RESULT", "PCLUSTER_RESIDENT"};

const char* own_rank() {
  for (const char* name : rank_variables)
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return nullptr;
}

int refuse(int code, const std::string& what, const char* why) {
  std::fprintf(stderr, "pcluster: %s: %s\n", what.c_str(), why);
  return code;
}

// Whatever numbers are free: some MPI libraries have a descriptor open of which they know only the
// number.  Without waiting: the worker may have given up by now.
int open_for_program(const std::string& path, int mode) {
  const int fd = open(path.c_str(), mode | O_NONBLOCK);
  if (fd >= 0) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  return fd;
}

}  // namespace

int start_rank(const std::vector<std::string>& given) {
  constexpr int ours = 125, not_found = 127, not_executable = 126;
  const bool channel = !given.empty() && given.front() == of_channel;
  const std::vector<std::string> words(given.begin() + (channel ? 1 : 0), given.end());
  if (words.size() < 3) return refuse(ours, rank_start_role, "workers call this");
  const char* rank = own_rank();
  if (rank == nullptr)
    return refuse(ours, channel ? "a channel with ranks" : "a resident with ranks",
                  "this MPI tells no rank its number before MPI_Init (OMPI_COMM_WORLD_RANK, "
                  "PMIX_RANK or PMI_RANK)");
  if (!channel)
    for (const char* name : of_one_trial) unsetenv(name);
  const char* variable = channel ? "PCLUSTER_CHANNEL" : "PCLUSTER_RESIDENT";
  unsetenv(variable);
  if (std::string_view(rank) == "0") {
    const int in = open_for_program(words[0], O_RDONLY);
    const int out = open_for_program(words[1], O_WRONLY);
    if (in < 0 || out < 0)
      return refuse(ours, channel ? "the pipes of a channel" : "the pipes of a resident",
                    std::strerror(errno));
    const auto both = std::to_string(in) + "," + std::to_string(out);
    setenv(variable, both.c_str(), 1);
  }
  std::vector<char*> argv;
  for (std::size_t i = 2; i < words.size(); ++i)
    argv.push_back(const_cast<char*>(words[i].c_str()));
  argv.push_back(nullptr);
  execvp(argv.front(), argv.data());
  return refuse(errno == ENOENT ? not_found : not_executable, words[2], std::strerror(errno));
}

}  // namespace pcluster
