// The launcher's start and end: lock, key, replay, listen, say where we are; and clear all that
// away. SPDX-License-Identifier: MIT
#include "launcher/daemon/daemon.hpp"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <thread>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/daemon/damage.hpp"
#include "launcher/daemon/launcher.hpp"
#include "launcher/daemon/lock_watch.hpp"
#include "launcher/io/descriptors.hpp"
#include "launcher/io/file.hpp"

namespace pcluster {
namespace {

constexpr std::uint64_t few_descriptors = 4096;
constexpr auto last_words = std::chrono::seconds(1);

// Written by a thread of its own: a disk that hangs must not hold the loop.
void open_log(const StateDirectory& directory) {
  auto log =
      spdlog::create_async_nb<spdlog::sinks::basic_file_sink_mt>("launcher", directory.log());
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %L %v", spdlog::pattern_time_type::utc);
  log->flush_on(spdlog::level::info);
  spdlog::set_default_logger(log);
}

// What a cluster that was stopped left for `results` and `logs` goes when a new one of its name
// begins.
void clear_stopped(const StateDirectory& directory) {
  if (!exists(directory.stopped())) return;
  for (const auto& path : {directory.journal(), directory.jobs(), directory.spool(),
                           directory.inputs(), directory.workloads(), directory.stopped()})
    remove_tree(path);
}

void make_tree(const StateDirectory& directory) {
  make_private_directory(directory.root);
  for (const auto& path : {directory.journal(), directory.jobs(), directory.spool(),
                           directory.inputs(), directory.workloads()})
    make_directories(path, 0700);
}

// Ids of lost records are not given again: tables and spools of theirs are there.
void after_damage(const StateDirectory& directory, Core& core) {
  try {
    for (const auto& line : lost_work(directory)) spdlog::warn("journal: {}", line);
    for (const auto id : workloads_on_disk(directory)) core.pass_over(id);
    for (const auto id : workers_on_disk(directory)) core.pass_over(id);
  } catch (const Error& error) { spdlog::warn("what the damage cost: {}", error.what()); }
}

struct Replayed {
  Core core;
  Epoch epoch;
};

// Record by record: a journal of millions of results must not stand in memory.
Replayed replay(const StateDirectory& directory, const std::string& cluster) {
  Core core(cluster, 0);
  const auto report =
      replay_journal(directory.journal(), [&](const Record& record) { core.apply(record); });
  for (const auto& note : report.notes) spdlog::warn("journal: {}", note);
  if (!report.notes.empty()) after_damage(directory, core);
  const Epoch epoch = report.last_epoch + 1;
  core.set_epoch(epoch);
  spdlog::info("epoch {}: {} records replayed", epoch, report.records);
  return {std::move(core), epoch};
}

// The end of a cluster: nobody can come any more, and what tells where we were goes.
void clear_away(const StateDirectory& directory) {
  write_file(directory.stopped(), "");
  for (const auto& path : {directory.key(), directory.launcher(), directory.socket()})
    remove_tree(path);
}

// A name that fits nothing here must not cut everybody off.
std::vector<std::string> told_addresses(const std::vector<std::string>& interface) {
  auto told = host_addresses(interface);
  if (!told.empty()) return told;
  spdlog::warn("no address of this host fits {}: workers are told all", join(interface, ", "));
  return host_addresses();
}

void say_taken_over(const StateDirectory& directory) {
  const auto other = lock_holder(directory);
  spdlog::error("another launcher has taken this cluster over, {}: this one ends",
                other ? fmt::format("process {} on {}", other->pid, other->host) : "now");
}

int serve(const LauncherOptions& options, const StateDirectory& directory, HeldLock lock) {
  if (const auto limit = raise_descriptor_limit(); limit < few_descriptors)
    spdlog::warn("room for about {} workers: this process may have {} files open (ulimit -Hn)",
                 end_for_strangers(), limit);
  const auto key = make_key(directory.key());
  Loop loop;
  std::unique_ptr<Launcher> launcher;
  // The one before us, should it live: what it had begun to write is there before we read.
  if (lock.from_elsewhere) std::this_thread::sleep_for(last_words);
  bool ended = false, taken_over = false;
  LockWatch watch(loop, std::move(lock), [&] {
    taken_over = true;
    say_taken_over(directory);
    loop.stop();
  });
  auto [core, epoch] = replay(directory, options.cluster);
  Store store(
      loop, directory, epoch, [&](std::uint64_t number) { launcher->durable(number); },
      [&](const std::string& text) { launcher->trouble(text); }, watch.fenced());
  store.recall();
  const auto accept = [&](LinkPtr link, Role role) { launcher->accept(std::move(link), role); };
  const auto tls = listen_tls(loop, key, options.cluster, options.ports, accept);
  auto info = this_process();
  info.addresses = told_addresses(options.interface);
  std::ranges::stable_partition(info.addresses, [&](const std::string& address) {
    return std::ranges::find(options.first, address) != options.first.end();
  });
  info.port = tls->port();
  info.version = PCLUSTER_VERSION;
  info.epoch = epoch;

  launcher = std::make_unique<Launcher>(loop, directory, info, std::move(core), store,
                                        options.cluster, [&] {
                                          ended = true;
                                          loop.stop();
                                        });
  const auto local = listen_unix(loop, directory.socket(), [&](LinkPtr link) {
    launcher->accept(std::move(link), Role::client);
  });
  // TERM ends this process only: the cluster goes on, and the next verb starts a launcher again.
  loop.on_signals({SIGTERM, SIGINT}, [&](int) { loop.stop(); });
  launcher->begin();
  write_launcher_info(directory, info);
  spdlog::info("listening on port {}", info.port);
  loop.run();
  if (!taken_over)
    spdlog::info(ended ? "the cluster has ended" : "ended by a signal; the cluster goes on");
  if (ended) clear_away(directory);
  return 0;
}

// To the log, if it is open, and to whoever started us.
void say_last(const std::string& what, const std::string& hint) {
  if (const auto log = spdlog::get("launcher")) log->error("{} {}", what, hint);
  std::fprintf(stderr, "pcluster: %s\n", what.c_str());
  if (!hint.empty()) std::fprintf(stderr, "  %s\n", hint.c_str());
}

}  // namespace

int run_launcher(const LauncherOptions& options) {
  if (options.directory.empty() || !valid_cluster_name(options.cluster))
    throw Error(Exit::usage, "the launcher needs --directory and --cluster",
                "verbs such as `pcluster submit` start it by themselves");
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  const StateDirectory directory{options.directory};
  make_private_directory(directory.root);
  auto lock = take_lock(directory, options.take_over);
  int code = static_cast<int>(Exit::refused);
  try {
    clear_stopped(directory);
    make_tree(directory);
    open_log(directory);
    code = serve(options, directory, std::move(lock));
  } catch (const Error& error) {
    say_last(error.what(), error.hint());
  } catch (const std::exception& error) {  // of a library: the lock must go all the same
    say_last(error.what(), "");
  }
  release_lock(directory);
  return code;
}

}  // namespace pcluster
