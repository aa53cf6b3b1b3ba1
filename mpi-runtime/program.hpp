// Starts one program as the leader of a session or group of its own, at the price of a bare spawn,
// and tells exactly why when it cannot.
// SPDX-License-Identifier: MIT
#pragma once
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>
#include "launcher/io/file.hpp"

namespace pcluster {

struct Program {
  std::vector<std::string> argv;
  const char* const* environment = nullptr;  // ends with nullptr
  std::string_view path;  // PATH of that environment: commands are looked up there
  std::string directory;  // empty = ours
  std::string output;     // a file for both streams; empty = the given descriptors
  // Else a process group of its own, unless we have a terminal, which a task must not get at.  A
  // session costs a scheduler group (sched_autogroup) each: up to 3 per cent of the CPU of a `true`
  // (spawn_bench 5 4000 2 session|group).
  bool own_session = true;
  std::vector<int> cores;   // bound to these; empty = wherever we may run
  int input = -1;           // a descriptor to read from; -1 = its standard input is empty
  std::vector<int> passed;  // descriptors that become 3, 4, ...
  // Opened as the next numbers; they must not let it wait.
  struct Opened {
    std::string path;
    int flags = 0;
  };
  std::vector<Opened> descriptors;
  std::string group;  // directory of a control group that it joins, if it can; empty = ours
};

enum class StartStep { process, directory, output, descriptor, command, interpreter };
struct StartFailure {
  StartStep step = StartStep::process;
  int error = 0;  // errno
};
// What a person reads: what is missing, on which host, and what to do.
std::string explain(const StartFailure&, const Program&, const std::string& host);
// As shells have it: 127 = no such command, 126 = not a program; 125 = a failure of ours.
int exit_code(const StartFailure&);

class Starter {
 public:
  Starter();
  ~Starter();
  Starter(const Starter&) = delete;
  Starter& operator=(const Starter&) = delete;

  // `out` and `err` become its output.  It dies with us.
  std::variant<pid_t, StartFailure> start(const Program&, int out, int err);

 private:
  struct Order;
  struct Outcome;
  [[noreturn]] static void child(const Order&);
  pid_t clone_child(Order&);
  void list_candidates(const Program&);

  Outcome* outcome_;  // in memory shared with the child
  Fd nothing_, own_out_, own_err_;
  std::vector<int> foreign_handlers_;  // signals whose disposition is not the default here
  rlim_t files_soft_ = 0;              // what the task gets, when we raised our own limit
  std::string candidates_;             // "/usr/bin/foo\0/bin/foo\0"
  std::pair<std::string, std::string> candidates_of_;  // of this command and PATH
  std::vector<const char*> argv_;
  std::vector<char> stack_;
};

}  // namespace pcluster
