// The processes below us as /proc shows them: who is whose child, and how to end a whole tree.
// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>
#include <string>
#include <string_view>
#include <vector>
#include "launcher/io/file.hpp"

namespace pcluster {

// Our own children; one file kept open, so that a look costs one read.  For a process of one
// thread.
class OwnChildren {
 public:
  OwnChildren();
  const std::vector<pid_t>& look();  // valid until the next look

 private:
  Fd file_;  // none where the kernel has no such file: then /proc is searched
  std::vector<char> buffer_ = std::vector<char>(16 * 1024);
  std::vector<pid_t> found_;
};

std::vector<pid_t> children_of(pid_t process);

// `signal` to `root` and everything below it.
void signal_tree(pid_t root, int signal);
// Stops each process before its children are listed (a stopped one cannot fork), then kills all.
void kill_tree(pid_t root);

// What the process was started with: "NAME=value\0NAME=value\0"; empty when it cannot be read.
std::string environment_of(pid_t process);
bool has_entry(std::string_view environment, std::string_view entry);
// One letter of `ps`: R, S, D, Z, ...; blank when there is no such process.
char process_state(pid_t process);

}  // namespace pcluster
