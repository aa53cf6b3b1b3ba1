// The state directory of a cluster: where everything lies, and who runs its launcher.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <vector>
#include "launcher/model/ids.hpp"

namespace pcluster {

struct StateDirectory {  // paths only
  std::string root;      // .../NAME
  std::string key() const { return root + "/key"; }
  std::string launcher() const { return root + "/launcher.json"; }
  std::string socket() const { return root + "/socket"; }
  std::string lock() const { return root + "/lock"; }
  std::string log() const { return root + "/launcher.log"; }
  std::string journal() const { return root + "/journal"; }
  std::string jobs() const { return root + "/jobs"; }
  std::string spool() const { return root + "/spool"; }
  std::string inputs() const { return root + "/inputs"; }
  std::string stopped() const { return root + "/stopped"; }  // marks a cluster that was stopped
  std::string workloads() const { return root + "/workloads"; }
  std::string workload(WorkloadId id) const { return root + "/workloads/" + to_string(id); }
};

// A worker that hands connections of others on to the launcher.
struct RelayInfo {
  std::string worker, host;
  std::vector<std::string> addresses;
  std::uint16_t port = 0;
  bool operator==(const RelayInfo&) const = default;
};
// launcher.json: how clients and workers find the launcher.
struct LauncherInfo {
  std::uint64_t pid = 0;
  std::string host, boot_id, start_ticks;  // of the process: a pid alone may be another's by now
  std::vector<std::string> addresses;
  std::uint16_t port = 0;
  std::string version;
  Epoch epoch = 0;
  std::vector<RelayInfo> relays;  // for those that cannot reach it themselves
};
std::optional<LauncherInfo> read_launcher_info(const StateDirectory&);
void write_launcher_info(const StateDirectory&, const LauncherInfo&);
LauncherInfo this_process();      // pid, host, boot_id, start_ticks
bool alive(const LauncherInfo&);  // on this host, the same process

// What take_lock wrote, and where.
struct HeldLock {
  std::string path, text;
  bool from_elsewhere = false;  // the holder before us may live still, on another host
  // False: another launcher has it now.  One that was removed is made again; a file system that
  // cannot say leaves us what we have.
  bool still_ours() const;
};
// The lock of the launcher: an O_EXCL file, so that no file system has to know flock.  A stale one
// of this host is taken over; another host's only with `take_over`.  Throws Error (Exit::refused)
// naming the holder.
HeldLock take_lock(const StateDirectory&, bool take_over = false);
void release_lock(const StateDirectory&);
std::optional<LauncherInfo> lock_holder(const StateDirectory&);  // nothing: nobody, or not said

}  // namespace pcluster
