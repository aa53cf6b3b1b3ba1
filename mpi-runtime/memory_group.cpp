// A control group per task that asked for memory, where the kernel lets us make one.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/memory_group.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

std::string text_of(const std::string& path) {
  try {
    return read_file_if_there(path).value_or("");
  } catch (const Error&) {
    return {};  // what we may not read says nothing
  }
}

std::uint64_t number_in(const std::string& path) {
  return static_cast<std::uint64_t>(std::max(0LL, to_integer(trim(text_of(path))).value_or(0)));
}

bool set(const std::string& path, const std::string& value) {
  const Fd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file &&
         write(file.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

// "name N" on a line of its own.
std::uint64_t counted(const std::string& path, const std::string& name) {
  for (const auto& line : lines(text_of(path)))
    if (const auto words = split(line, ' '); words.size() == 2 && words[0] == name)
      return static_cast<std::uint64_t>(std::max(0LL, to_integer(words[1]).value_or(0)));
  return 0;
}

bool passes_memory_on(const std::string& directory) {
  for (const auto& word : split(trim(text_of(directory + "/cgroup.subtree_control")), ' '))
    if (word == "memory") return true;
  return false;
}

}  // namespace

std::optional<std::string> MemoryGroups::base() const {
  if (!own_ || given_up_) return {};
  const auto& own = own_->directory;
  if (own_->version == 1 || passes_memory_on(own)) return own;
  const auto above = own.substr(0, own.rfind('/'));
  if (own != own_->mount && passes_memory_on(above)) return above;
  return {};
}

std::string MemoryGroups::make(const std::string& name, std::uint64_t limit_kb) {
  const auto below = base();
  if (!below) return {};
  const auto group = *below + "/" + name;
  const auto bytes = std::to_string(limit_kb << 10);
  if (mkdir(group.c_str(), 0700) != 0) {
    give_up();
    return {};
  }
  const bool held =
      set(group + (own_->version == 1 ? "/memory.limit_in_bytes" : "/memory.max"), bytes);
  if (!held) {
    remove(group);
    give_up();
    return {};
  }
  if (own_->version == 1) {
    set(group + "/memory.memsw.limit_in_bytes", bytes);
  } else {
    set(group + "/memory.swap.max", "0");
    set(group + "/memory.oom.group", "1");  // half a task is of no use
  }
  return group;
}

void MemoryGroups::remove(const std::string& group) const { rmdir(group.c_str()); }

std::uint64_t MemoryGroups::peak_kb(const std::string& group) const {
  return number_in(group + (own_->version == 1 ? "/memory.max_usage_in_bytes" : "/memory.peak")) >>
         10;
}

std::uint64_t MemoryGroups::kills(const std::string& group) const {
  if (own_->version == 1) return counted(group + "/memory.oom_control", "oom_kill");
  const auto local = group + "/memory.events.local";  // Linux 5.2 and later
  return counted(exists(local) ? local : group + "/memory.events", "oom_kill");
}

bool MemoryGroups::has_processes(const std::string& group) const {
  return !trim(text_of(group + "/cgroup.procs")).empty();
}

}  // namespace pcluster
