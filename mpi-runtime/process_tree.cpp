// The processes below us as /proc shows them: who is whose child, and how to end a whole tree.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/process_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

namespace pcluster {
namespace {

// The kernel hands a list out by pages, full but for the entry that did not fit: less is its end.
constexpr ssize_t one_page = 4096 - 64;
constexpr std::size_t max_depth = 512;  // of a process tree; deeper ones come to us when theirs die

// Files of /proc have no size; false when the process is gone.
bool slurp(int fd, std::string& text) {
  text.resize(64 * 1024);
  std::size_t have = 0;
  for (;;) {
    ssize_t n = pread(fd, text.data() + have, text.size() - have, static_cast<off_t>(have));
    if (n < 0) return false;
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
    if (have == text.size()) text.resize(2 * text.size());
  }
  text.resize(have);
  return true;
}

bool slurp(const std::string& path, std::string& text) {
  Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file && slurp(file.get(), text);
}

void parse_pids(const char* at, std::vector<pid_t>& pids) {
  for (char* end = nullptr;; at = end) {
    long pid = std::strtol(at, &end, 10);
    if (end == at) return;
    pids.push_back(static_cast<pid_t>(pid));
  }
}

std::string proc(pid_t process, const char* name) {
  return "/proc/" + std::to_string(process) + "/" + name;
}

// Names that are numbers.
std::vector<pid_t> numbers_in(const std::string& directory) {
  std::vector<pid_t> numbers;
  std::unique_ptr<DIR, int (*)(DIR*)> open_directory(opendir(directory.c_str()), closedir);
  if (!open_directory) return numbers;
  while (const dirent* entry = readdir(open_directory.get()))
    if (int number = std::atoi(entry->d_name)) numbers.push_back(number);
  return numbers;
}

// "PID (name, which may hold anything) STATE PPID ...": state and parent.
std::pair<char, pid_t> state_and_parent(pid_t process) {
  std::string text;
  if (!slurp(proc(process, "stat"), text)) return {' ', 0};
  auto end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos || end_of_name + 4 > text.size()) return {' ', 0};
  return {text[end_of_name + 2], std::atoi(text.c_str() + end_of_name + 4)};
}

std::vector<pid_t> children_by_search(pid_t parent) {
  std::vector<pid_t> found;
  for (pid_t process : numbers_in("/proc"))
    if (state_and_parent(process).second == parent) found.push_back(process);
  return found;
}

void stop_tree(pid_t process, std::vector<pid_t>& all, std::size_t depth) {
  if (kill(process, SIGSTOP) != 0) return;
  all.push_back(process);
  if (depth == max_depth) return;
  for (pid_t child : children_of(process)) stop_tree(child, all, depth + 1);
}

}  // namespace

OwnChildren::OwnChildren() {
  std::string path = "/proc/self/task/" + std::to_string(getpid()) + "/children";
  file_ = Fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

const std::vector<pid_t>& OwnChildren::look() {
  found_.clear();
  if (!file_) return found_ = children_by_search(getpid());
  std::size_t have = 0;
  for (ssize_t n = one_page; n >= one_page;) {
    if (buffer_.size() - have < std::size_t{2} * one_page) buffer_.resize(2 * buffer_.size());
    n = pread(file_.get(), buffer_.data() + have, buffer_.size() - have - 1,
              static_cast<off_t>(have));
    have += static_cast<std::size_t>(std::max<ssize_t>(n, 0));
  }
  buffer_[have] = '\0';
  parse_pids(buffer_.data(), found_);
  return found_;
}

std::vector<pid_t> children_of(pid_t process) {
  static const std::string own = proc(getpid(), "task/") + std::to_string(getpid()) + "/children";
  static const bool listed = access(own.c_str(), F_OK) == 0;
  if (!listed) return children_by_search(process);
  std::vector<pid_t> found;
  std::string text;
  std::string threads = proc(process, "task");
  for (pid_t thread : numbers_in(threads))
    if (slurp(threads + "/" + std::to_string(thread) + "/children", text))
      parse_pids(text.c_str(), found);
  return found;
}

void signal_tree(pid_t root, int signal) {
  std::vector<pid_t> all{root};
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto children = children_of(all[i]);  // before the signal: a parent that dies loses them
    all.insert(all.end(), children.begin(), children.end());
  }
  for (pid_t process : all) kill(process, signal);
}

void kill_tree(pid_t root) {
  std::vector<pid_t> all;
  stop_tree(root, all, 0);
  for (pid_t process : all) kill(process, SIGKILL);
}

std::string environment_of(pid_t process) {
  std::string text;
  if (!slurp(proc(process, "environ"), text)) text.clear();
  return text;
}

bool has_entry(std::string_view environment, std::string_view entry) {
  while (!environment.empty()) {
    auto end = environment.find('\0');
    if (environment.substr(0, end) == entry) return true;
    if (end == std::string_view::npos) return false;
    environment.remove_prefix(end + 1);
  }
  return false;
}

char process_state(pid_t process) { return state_and_parent(process).first; }

}  // namespace pcluster
