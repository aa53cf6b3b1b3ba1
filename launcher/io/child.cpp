// One command under way.
// SPDX-License-Identifier: MIT
#include "launcher/io/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "launcher/base/error.hpp"
#include "launcher/io/descriptors.hpp"

namespace pcluster {
namespace {

constexpr std::size_t most_output = 4u << 20;  // of each stream; the rest is read and dropped

std::string name_of(const std::string& entry) { return entry.substr(0, entry.find('=')); }

struct Pipe {
  Fd read, write;
};

Pipe make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    throw Error(Exit::refused, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  Pipe made{Fd(ends[0]), Fd(ends[1])};
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return made;
}

// In memory: a command that never reads cannot hold us up.
Fd as_input(const std::string& text) {
  if (text.empty()) return Fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
  Fd file(memfd_create("input", MFD_CLOEXEC));
  if (!file) throw Error(Exit::refused, fmt::format("no memory file: {}", std::strerror(errno)));
  write_all(file.get(), text);
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

// posix_spawn's two objects, freed together.
struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  SpawnSettings(int in, int out, int err) {
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes);
    // A group of its own: killed as a whole, and no Ctrl-C of ours tears a submit in two.
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

std::string value_of(const std::vector<std::string>& environment, std::string_view name) {
  for (const auto& entry : environment)
    if (entry.starts_with(name) && entry.size() > name.size() && entry[name.size()] == '=')
      return entry.substr(name.size() + 1);
  return {};
}

}  // namespace

std::vector<std::string> merged_environment(const std::vector<std::string>& changes) {
  std::vector<std::string> merged;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const auto name = name_of(*entry);
    const bool changed = std::any_of(changes.begin(), changes.end(),
                                     [&](const auto& change) { return name_of(change) == name; });
    if (!changed) merged.emplace_back(*entry);
  }
  merged.insert(merged.end(), changes.begin(), changes.end());
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> list;
  for (auto& word : words) list.push_back(word.data());
  list.push_back(nullptr);
  return list;
}

Child::Child(const std::vector<std::string>& argv, const CommandOptions& options) {
  output_.exit_code = 126;
  if (argv.empty()) {
    output_.err = "no command";
    return;
  }
  try {
    start(argv, options);
  } catch (const Error& error) { output_.err = error.what(); }
}

void Child::start(const std::vector<std::string>& argv, const CommandOptions& options) {
  auto environment = merged_environment(options.environment);
  const auto program = find_program(argv.front(), value_of(environment, "PATH"));
  if (!program) {
    output_.exit_code = 127;
    throw Error(Exit::refused, argv.front() + ": not found");
  }
  const Fd in = as_input(options.input);
  auto out = make_pipe(), err = make_pipe();
  const SpawnSettings settings(in.get(), out.write.get(), err.write.get());
  auto words = argv;
  const int error = [&] {
    const LimitAsBefore limit;
    return posix_spawn(&pid_, program->c_str(), &settings.actions, &settings.attributes,
                       pointers(words).data(), pointers(environment).data());
  }();
  if (error != 0) {
    pid_ = -1;
    throw Error(Exit::refused, fmt::format("{}: {}", *program, std::strerror(error)));
  }
  out_ = std::move(out.read);
  err_ = std::move(err.read);
  pidfd_ = Fd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));  // close-on-exec by itself
}

Child::~Child() {
  if (finished()) return;
  kill(-pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Child::read(Fd& fd, std::string& text) {
  std::array<char, 64 * 1024> buffer;
  while (fd) {
    const auto got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return fd.reset();
    const auto room = most_output - std::min(most_output, text.size());
    text.append(buffer.data(), std::min(room, static_cast<std::size_t>(got)));
  }
}

bool Child::check_exit() {
  if (finished()) return true;
  int status = 0;
  const auto waited = waitpid(pid_, &status, WNOHANG);
  if (waited == 0 || (waited < 0 && errno == EINTR)) return false;
  // Its end is the leader's end, not the end of its output: that may be a daemon's for ever.
  finish(waited == pid_ ? status : -1);
  return true;
}

void Child::finish(int status) {
  pid_ = -1;
  read_out();
  read_err();
  // status -1: somebody else has waited for it; how it ended is lost.
  output_.exit_code = status != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void Child::time_out() {
  if (finished()) return;
  output_.timed_out = true;
  kill(-pid_, SIGKILL);
}

}  // namespace pcluster
