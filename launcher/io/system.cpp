// What this host and process are called: programs, names, directories.
// SPDX-License-Identifier: MIT
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

bool is_program(const std::string& path) {
  struct stat about {};
  return stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) &&
         access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::optional<std::string> find_program(const std::string& name, const std::string& path_variable) {
  if (name.empty()) return {};
  if (name.find('/') != name.npos) return is_program(name) ? std::optional(name) : std::nullopt;
  for (const auto& directory : split(path_variable, ':')) {
    const auto path = (directory.empty() ? "." : directory) + "/" + name;
    if (is_program(path)) return path;
  }
  return {};
}

std::string own_binary() {
  std::array<char, PATH_MAX> path{};
  const auto length = readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) throw Error(Exit::refused, "cannot read /proc/self/exe", "is /proc mounted?");
  std::string text(path.data(), static_cast<std::size_t>(length));
  // Replaced by an upgrade while we ran: the path is still where the new one lies.
  constexpr std::string_view deleted = " (deleted)";
  if (text.ends_with(deleted)) text.resize(text.size() - deleted.size());
  return text;
}

std::string own_program(const std::string& name) {
  // Deleted while we run: what we are made of is there still, for those whom we start.
  const auto file = own_binary();
  if (name == "pcluster") return is_program(file) ? file : "/proc/self/exe";
  if (!name.starts_with("pcluster-")) return name;
  return file.substr(0, file.rfind('/') + 1) + name;
}

std::string hostname() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

// Hosts without an entry for us (a bare root, some compute nodes) leave $USER, then the number.
std::string user_name() {
  std::array<char, 4096> space{};
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(geteuid(), &entry, space.data(), space.size(), &found) == 0 && found != nullptr)
    return found->pw_name;
  const char* user = std::getenv("USER");
  return user != nullptr && *user != '\0' ? user : std::to_string(geteuid());
}

std::string current_directory() {
  std::array<char, PATH_MAX> path{};
  if (getcwd(path.data(), path.size()) == nullptr)
    throw Error(Exit::usage, std::string("the current directory is gone: ") + std::strerror(errno),
                "cd to one that exists");
  return path.data();
}

}  // namespace pcluster
