// Between the core and the world: frames and answers become events, effects become frames, commands
// and records.  `after` effects wait for the store.
// SPDX-License-Identifier: MIT
#pragma once
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "launcher/core/core.hpp"
#include "launcher/daemon/peers.hpp"
#include "launcher/daemon/relay_list.hpp"
#include "launcher/daemon/scheduler.hpp"
#include "launcher/io/key.hpp"
#include "launcher/io/link.hpp"
#include "launcher/io/store.hpp"

namespace pcluster {

class Launcher {
 public:
  // `core` has been replayed.  `quit` is called once, when the cluster has ended.
  Launcher(Loop&, StateDirectory, LauncherInfo, Core core, Store& store, std::string cluster,
           std::function<void()> quit);

  void begin();
  void accept(LinkPtr, Role);             // an authenticated connection
  void durable(std::uint64_t number);     // from the store
  void trouble(const std::string& text);  // from the store; empty: it writes again

 private:
  struct Waiting {
    std::uint64_t number;
    std::vector<Effect> effects;
  };

  void accept_worker(LinkPtr);
  void accept_client(LinkPtr);
  void worker_frame(LinkId, std::string_view payload);
  void client_frame(ClientId, std::string_view payload);
  void answer(ClientId, const Request&);  // what only reads, or is refused
  Status status();

  void handle(const Event&);
  void carry_out(Effects);
  void append(std::vector<Record>, bool awaited);
  void do_all(std::vector<Effect>);
  void do_one(const Effect&);
  void load_trials();
  void set_timer();
  void quit_when_idle(Time latest);
  static bool quits(const std::vector<Effect>&);
  void watch_disk();
  void tell_who_waits();

  Loop& loop_;
  StateDirectory directory_;
  LauncherInfo info_;
  RelayList relays_;
  Core core_;
  Store& store_;
  Scheduler scheduler_;
  std::function<void()> quit_;
  Peers<LinkId> workers_;
  Peers<ClientId> clients_;
  std::deque<Waiting> waiting_;  // in the order of their records
  std::uint64_t last_append_ = 0, durable_ = 0;
  bool reading_again_ = false;  // trials whose file could not be read
  // Of the workload that is being accepted.
  std::optional<std::pair<TrialFile, PackedLines>> checked_;
  Micros clock_read_ = 0;  // the last time that went into the journal
  std::string trouble_;
  bool hangs_ = false, watched_ = false;  // the disk: neither done nor an error; looked at again
  std::optional<TimerId> timer_;
  std::optional<Time> timer_at_;  // what it is set for
};

}  // namespace pcluster
