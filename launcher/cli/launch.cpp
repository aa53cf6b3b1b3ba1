// Starts the launcher in a session of its own and waits until it answers.
// SPDX-License-Identifier: MIT
#include "launcher/cli/launch.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "launcher/base/text.hpp"
#include "launcher/cli/earlier.hpp"
#include "launcher/cli/terminal.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/process.hpp"
#include "launcher/script/site.hpp"

namespace pcluster {
namespace {

constexpr Micros start_limit = 20 * second, stop_limit = 60 * second;

bool has_ended(int pid) {
  if (waitpid(pid, nullptr, WNOHANG) == pid) return true;
  return kill(pid, 0) != 0 && errno == ESRCH;
}

std::string link_of(const Session& session) {
  return session.home() + "/.pcluster/" + session.cluster;
}

std::string start_log(const StateDirectory& state) { return state.root + "/launcher.start"; }

// The launcher's options, a word a line.
std::string listening_file(const StateDirectory& state) { return state.root + "/listen"; }

std::vector<std::string> listening_words(const Listening& listening) {
  std::vector<std::string> words;
  if (listening.ports.first > 0)
    words.insert(words.end(), {"--ports", show_ports(listening.ports)});
  for (const auto& each : listening.interface) words.insert(words.end(), {"--interface", each});
  for (const auto& each : listening.first) words.insert(words.end(), {"--first", each});
  return words;
}

void note_other_port(const Session& session, PortRange ports) {
  const auto info = read_launcher_info(session.state());
  if (ports.first == 0 || !info || (info->port >= ports.first && info->port <= ports.last)) return;
  session.say(
      fmt::format("the launcher runs already, on port {}, which is outside {}: stop the "
                  "cluster first to move it",
                  info->port, show_ports(ports)));
}

// The socket's end, then the process's.  A further Ctrl-C leaves it to itself.
void await_end(const Session& session, Client& client, const std::optional<LauncherInfo>& info) {
  const auto deadline = steady_now() + stop_limit;
  const auto interrupts_before = interrupts();
  bool closed = false;
  while (steady_now() < deadline) {
    if (interrupts() > interrupts_before)
      throw Error(Exit::interrupted, "interrupted; the cluster ends all the same");
    if (!closed)
      closed = client.receive(50 * millisecond).kind == Client::Got::Kind::closed;
    else if (!info || !alive(*info))
      return;
    else
      pause_for(2 * millisecond);
  }
  throw Error(Exit::timed_out,
              fmt::format("the launcher has not ended within {}", show_duration(stop_limit)),
              "its log: " + session.state().log());
}

}  // namespace

Stopping stop_launcher(const Session& session, Client& client) {
  const auto info = read_launcher_info(session.state());
  const auto stopping = client.ask<Stopping>(StopCluster{});
  await_end(session, client, info);
  try {
    keep_workloads(session.state());
  } catch (const Error&) {  // the cluster has ended all the same
  }
  return stopping;
}

std::string log_tail(const std::string& path, std::size_t count) {
  const auto text = read_file_if_there(path);
  if (!text) return {};
  auto all = lines(*text);
  const auto first = all.size() > count ? all.size() - count : 0;
  std::string tail;
  for (auto i = first; i < all.size(); ++i) tail += "    " + printable(all[i]) + "\n";
  if (!tail.empty()) tail.pop_back();
  return tail;
}

Launched ensure_launcher(const Session& session, const std::optional<Listening>& listening) {
  if (auto client = Client::connect_if_there(session)) {
    if (listening) note_other_port(session, listening->ports);
    return {std::move(*client), false};
  }
  const auto state = session.state();
  make_directories(state.root.substr(0, state.root.rfind('/')));
  make_private_directory(state.root);
  std::vector<std::string> argv = {own_binary(), "launcher",  "--directory",
                                   state.root,   "--cluster", session.cluster};
  if (listening) write_file(listening_file(state), join(listening_words(*listening), "\n"));
  for (auto& word : lines(read_file_if_there(listening_file(state)).value_or("")))
    argv.push_back(std::move(word));
  if (session.take_over) argv.insert(argv.end(), {"--take-over", "yes"});
  const auto pid = start_detached(argv, start_log(state));
  const auto begun = steady_now();
  Micros pause = 2 * millisecond;
  for (;;) {
    const bool ended = has_ended(pid);  // before the look: another's launcher may hold the lock
    if (auto client = Client::connect_if_there(session)) {
      remove_tree(start_log(state));
      return {std::move(*client), true};
    }
    const bool late = steady_now() - begun > start_limit;
    if (ended || late) {
      const auto tail = log_tail(start_log(state));
      throw Error(
          Exit::refused,
          fmt::format("the launcher {}{}{}", ended ? "ended while it started" : "does not answer",
                      tail.empty() ? "" : ":\n", tail),
          "its log: " + state.log());
    }
    if (interrupts() > 0) throw Error(Exit::interrupted, "interrupted");
    pause_for(pause);
    pause = std::min<Micros>(pause + millisecond, 20 * millisecond);
  }
}

std::optional<Client> find_launcher(const Session& session) {
  if (auto client = Client::connect_if_there(session)) return client;
  if (!exists(session.state().key())) return {};  // `stop` deletes it
  session.say("the launcher is gone, but this cluster was not stopped: starting it again");
  return ensure_launcher(session).client;
}

namespace {

// The clusters that were not stopped, beside the one that was asked for.
std::vector<std::string> clusters_beside(const Session& session) {
  const auto root = session.state().root;
  const auto parent = root.substr(0, root.rfind('/'));
  std::vector<std::string> names;
  if (!exists(parent)) return names;
  for (const auto& name : list_directory(parent))
    if (name != session.cluster && exists(parent + "/" + name + "/key")) names.push_back(name);
  return names;
}

}  // namespace

Client reach_launcher(const Session& session) {
  if (auto client = find_launcher(session)) return std::move(*client);
  throw Error(
      Exit::refused,
      fmt::format("no launcher runs for cluster \"{}\"{}", session.cluster,
                  did_you_mean(session.cluster, clusters_beside(session))),
      session.cluster == "default"
          ? "start a cluster with: pcluster submit --jobs N"
          : fmt::format("start it with: pcluster submit --cluster {} --jobs N", session.cluster));
}

StateDirectory settled_state(const Session& session, const std::string& site_state_dir) {
  const auto now = session.state();
  if (site_state_dir.empty() || !variable(session.variables, "PCLUSTER_DIR").empty()) return now;
  char old[4096];
  const auto link = link_of(session);
  const bool is_link = readlink(link.c_str(), old, sizeof old) >= 0;
  if (!is_link && exists(link)) return now;  // begun there before the profile named a place
  const auto base = expand_path(site_state_dir, session.variables, user_name());
  return {base + "/" + session.cluster};
}

void settle_state_directory(const Session& session, const std::string& site_state_dir) {
  const auto now = session.state(), real = settled_state(session, site_state_dir);
  if (now.root == real.root) return;
  if (exists(now.key()))  // a second launcher would not know of its jobs
    throw Error(Exit::refused,
                fmt::format("cluster \"{}\" lives in {}, and this site's place is {}",
                            session.cluster, now.root, real.root),
                fmt::format("stop it first: pcluster stop --cluster {}; or submit with another "
                            "--cluster NAME",
                            session.cluster));
  const auto link = link_of(session);
  make_directories(session.home() + "/.pcluster");
  unlink(link.c_str());
  if (symlink(real.root.c_str(), link.c_str()) != 0)
    throw Error(Exit::usage,
                fmt::format("cannot link {} to {}: {}", link, real.root, std::strerror(errno)),
                "set PCLUSTER_DIR to a directory that the nodes can see");
}

}  // namespace pcluster
