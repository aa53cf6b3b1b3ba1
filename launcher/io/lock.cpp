// The launcher's lock: one launcher per state directory, on whatever login node.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <thread>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/info_text.hpp"
#include "launcher/io/key.hpp"
#include "launcher/io/state.hpp"

namespace pcluster {
namespace {

// Creates the lock with its text; false: it is there already.
bool create(const std::string& path, const std::string& text) {
  const Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file && errno == EEXIST) return false;
  if (!file)
    throw Error(Exit::refused,
                fmt::format("cannot make the lock {}: {}", path, std::strerror(errno)));
  try {
    write_all(file.get(), text);
    if (fsync(file.get()) != 0)
      throw Error(Exit::refused, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  } catch (const Error&) {
    unlink(path.c_str());  // a lock that names nobody would stay for ever
    throw;
  }
  return true;
}

// The holder's text.  Another launcher may be between creating and writing it: look again for a
// while.
std::string read_lock(const std::string& path) {
  std::string text;
  for (int i = 0; i < 20; ++i) {
    const auto found = read_file_if_there(path);
    if (!found) return {};
    text = *found;
    if (parse_info(text)) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  return text;
}

void refuse(const std::string& path, const std::optional<LauncherInfo>& holder) {
  const std::string take_over =
      "if no launcher of this cluster runs any more: pcluster submit --take-over";
  if (!holder) throw Error(Exit::refused, "the lock " + path + " names no launcher", take_over);
  if (holder->host == hostname())
    throw Error(Exit::refused,
                fmt::format("a launcher of this cluster runs already: process {} on {}",
                            holder->pid, holder->host),
                "pcluster status shows it; pcluster stop ends it");
  throw Error(
      Exit::refused,
      fmt::format("the launcher of this cluster is process {} on {}", holder->pid, holder->host),
      fmt::format("call pcluster there: ssh {} pcluster ...; {}", holder->host, take_over));
}

// Takes the lock away that held `text`.  Renamed first, then looked at: of two launchers that found
// the same stale lock the slower one would otherwise remove the quicker one's new lock.
void remove_stale(const std::string& path, const std::string& text) {
  const auto aside = path + "." + random_token(8);
  if (rename(path.c_str(), aside.c_str()) != 0) return;  // gone already
  if (read_file_if_there(aside) != text) {
    if (link(aside.c_str(), path.c_str()) != 0) rename(aside.c_str(), path.c_str());
  }
  unlink(aside.c_str());
}

}  // namespace

bool HeldLock::still_ours() const {
  try {
    const auto found = read_file_if_there(path);
    return found ? *found == text : create(path, text);
  } catch (const Error&) { return true; }
}

HeldLock take_lock(const StateDirectory& directory, bool take_over) {
  const auto path = directory.lock();
  const auto ours = to_text(this_process());
  bool from_elsewhere = false;
  constexpr int attempts = 5;  // each round, somebody else was quicker
  for (int i = 0; i < attempts; ++i) {
    if (create(path, ours)) return {path, ours, from_elsewhere};
    const auto text = read_lock(path);
    if (text.empty() && !exists(path)) continue;
    const auto holder = parse_info(text);
    const bool stale = holder && holder->host == hostname() && !alive(*holder);
    const bool ours_already = text == ours;
    if (ours_already) return {path, ours, from_elsewhere};
    const bool lives_here = holder && alive(*holder);
    if (!stale && (lives_here || !take_over)) refuse(path, holder);
    remove_stale(path, text);
    from_elsewhere = from_elsewhere || !stale;
  }
  refuse(path, parse_info(read_lock(path)));
  return {};
}

std::optional<LauncherInfo> lock_holder(const StateDirectory& directory) {
  return parse_info(read_file_if_there(directory.lock()).value_or(""));
}

void release_lock(const StateDirectory& directory) {
  const auto text = read_file_if_there(directory.lock());
  if (text && *text == to_text(this_process())) unlink(directory.lock().c_str());
}

}  // namespace pcluster
