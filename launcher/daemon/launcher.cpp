// Events in, effects out; the durability barrier.
// SPDX-License-Identifier: MIT
#include "launcher/daemon/launcher.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>

#include "launcher/base/error.hpp"
#include "launcher/daemon/trial_file.hpp"
#include "launcher/io/descriptors.hpp"
#include "launcher/io/file.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster {
namespace {

constexpr Micros longest_quit = 50 * second;  // `stop` waits for 60 s
constexpr Micros read_again = 10 * second;    // a trials' file that could not be read

std::string too_many_workers(const LauncherInfo& info) {
  return fmt::format(
      "workers are turned away, the launcher has as many files open as it may ({}): raise the hard "
      "limit on {} (ulimit -Hn, LimitNOFILE), then kill {}; the next verb starts it again",
      descriptor_limit(), info.host, info.pid);
}

// A worker goes on without its Ack, and a person without each of many Progress: what is told with
// them may be synced with what comes in the next milliseconds.
bool can_wait(const Effect& effect) {
  if (const auto* send = std::get_if<effect::SendWorker>(&effect))
    return std::holds_alternative<Ack>(send->message);
  const auto* reply = std::get_if<effect::SendClient>(&effect);
  const auto* progress = reply == nullptr ? nullptr : std::get_if<Progress>(&reply->reply);
  return progress != nullptr && !progress->finished;
}

}  // namespace

Launcher::Launcher(Loop& loop, StateDirectory directory, LauncherInfo info, Core core, Store& store,
                   std::string cluster, std::function<void()> quit)
    : loop_(loop),
      directory_(directory),
      info_(std::move(info)),
      relays_(loop, directory, info_),
      core_(std::move(core)),
      store_(store),
      scheduler_(loop, directory, std::move(cluster), [this](const Event& e) { handle(e); }),
      quit_(std::move(quit)) {}

void Launcher::begin() {
  carry_out(core_.begin(loop_.now(), unix_now()));
  load_trials();
}

// ---------------------------------------------------------------- connections

void Launcher::accept(LinkPtr link, Role role) {
  role == Role::worker ? accept_worker(std::move(link)) : accept_client(std::move(link));
}

void Launcher::accept_worker(LinkPtr link) {
  auto& peer = *link;
  const auto id = workers_.add(std::move(link));
  peer.set_frame_limit(max_frame);
  peer.on_frame = [this, id](std::string_view payload) { worker_frame(id, payload); };
  peer.on_closed = [this, id](std::string reason) {
    workers_.remove(id, false);
    handle(event::WorkerCut{id, std::move(reason)});
  };
}

void Launcher::accept_client(LinkPtr link) {
  auto& peer = *link;
  const auto id = clients_.add(std::move(link));
  peer.set_frame_limit(max_frame);
  peer.on_frame = [this, id](std::string_view payload) { client_frame(id, payload); };
  peer.on_closed = [this, id](const std::string&) {
    clients_.remove(id, false);
    handle(event::ClientGone{id});
  };
}

void Launcher::worker_frame(LinkId id, std::string_view payload) {
  auto message = decode<FromWorker>(payload);
  if (message) return handle(event::WorkerSaid{id, std::move(*message)});
  spdlog::warn("a worker sent a message that is none; its connection ends");
  workers_.remove(id, true);
  handle(event::WorkerCut{id, "sent a message that is none"});
}

void Launcher::client_frame(ClientId id, std::string_view payload) {
  auto request = decode<Request>(payload);
  if (!request) {
    const Refusal refusal{static_cast<int>(Exit::refused),
                          "the launcher does not know this request",
                          "client and launcher may differ in version: pcluster stop, then submit"};
    clients_.send(id, encode(Reply{refusal}));
    clients_.remove(id, true);
    return handle(event::ClientGone{id});
  }
  answer(id, *request);
}

// ---------------------------------------------------------------- requests

void Launcher::answer(ClientId id, const Request& request) {
  const auto reply = [&](Reply message) { clients_.send(id, encode(message)); };
  if (std::holds_alternative<Ping>(request)) return reply(Pong{info_.version});
  if (std::holds_alternative<GetStatus>(request)) return reply(status());
  if (const auto* running = std::get_if<GetRunning>(&request))
    return reply(core_.running(running->workload));

  const bool adds = std::holds_alternative<AddWorkload>(request) ||
                    std::holds_alternative<SubmitJobs>(request) ||
                    std::holds_alternative<ScaleJobs>(request);
  if (adds && !trouble_.empty())  // never a "submitted" that a full disk would forget
    return reply(Refusal{static_cast<int>(Exit::refused), "cannot write the journal: " + trouble_,
                         "make room in " + directory_.root + ", then try again"});
  if (auto refusal = core_.refuses(request)) return reply(std::move(*refusal));
  try {
    if (const auto* add = std::get_if<AddWorkload>(&request))
      if (const auto* file = std::get_if<TrialFile>(&add->spec.trials))
        checked_.emplace(*file, read_trials(directory_, *file));  // not found missing later
  } catch (const Error& error) {
    return reply(Refusal{static_cast<int>(error.code()), error.what(), error.hint()});
  }
  handle(event::ClientSaid{id, request});
  checked_.reset();
}

Status Launcher::status() {
  auto status = core_.status(loop_.now());
  status.host = info_.host;
  status.version = info_.version;
  status.pid = info_.pid;
  for (auto& job : status.jobs) job.log = scheduler_.log_of(job);
  if (turned_away(loop_.now()))
    for (auto& pool : status.pools)
      if (pool.paused.empty()) pool.paused = too_many_workers(info_);
  return status;
}

// ---------------------------------------------------------------- events and effects

void Launcher::handle(const Event& event) {
  carry_out(core_.handle(event, loop_.now(), unix_now()));
}

void Launcher::carry_out(Effects effects) {
  const bool adds = std::any_of(effects.append.begin(), effects.append.end(), [](const Record& r) {
    return std::holds_alternative<WorkloadAdded>(r);
  });
  const bool awaited = !std::ranges::all_of(effects.after, can_wait);
  if (!effects.append.empty())
    append(std::move(effects.append), awaited);
  else if (awaited && last_append_ > durable_)
    store_.hurry();
  do_all(std::move(effects.now));
  if (!effects.after.empty()) {
    // Without records of its own an effect still never overtakes those that wait.
    if (last_append_ <= durable_ || (!trouble_.empty() && quits(effects.after)))
      do_all(std::move(effects.after));
    else
      waiting_.push_back({last_append_, std::move(effects.after)});
    if (!trouble_.empty()) tell_who_waits();
  }
  watch_disk();
  if (adds) load_trials();
  set_timer();
}

// The time goes before them now and then, for `events`: most records carry none.
void Launcher::append(std::vector<Record> records, bool awaited) {
  constexpr Micros often = 100 * millisecond;
  if (const auto now = unix_now(); now - clock_read_ >= often || now < clock_read_) {
    clock_read_ = now;
    records.insert(records.begin(), ClockRead{now});
  }
  last_append_ = store_.append(std::move(records), awaited);
}

// Lines of large workloads lie in files; without them their tasks would wait for ever.  A file that
// is there but cannot be read (a file system that is away) is tried again.
void Launcher::load_trials() {
  for (const auto& [workload, file] : core_.missing_trials()) {
    try {
      const bool read = checked_ && checked_->first == file;
      core_.load_trials(workload,
                        read ? std::move(checked_->second) : read_trials(directory_, file));
      if (read) checked_.reset();
    } catch (const Error& error) {
      const bool lost = error.code() == Exit::usage || !exists(path_of(directory_, file));
      spdlog::error("workload {} {}: {}", to_string(workload),
                    lost ? "is cancelled" : "waits for its trials", error.what());
      if (lost) handle(event::ClientSaid{ClientId{0}, CancelWorkload{{workload, {}}}});
      if (lost || std::exchange(reading_again_, true)) continue;
      loop_.at(loop_.now() + read_again, [this] {
        reading_again_ = false;
        load_trials();
      });
    }
  }
  set_timer();
}

void Launcher::do_all(std::vector<Effect> effects) {
  for (const auto& effect : effects) do_one(effect);
}

void Launcher::do_one(const Effect& effect) {
  if (const auto* send = std::get_if<effect::SendWorker>(&effect)) {
    workers_.send(send->link, encode(send->message));
  } else if (const auto* reply = std::get_if<effect::SendClient>(&effect)) {
    clients_.send(reply->client, encode(reply->reply));
  } else if (const auto* drop = std::get_if<effect::DropWorker>(&effect)) {
    spdlog::info("worker connection dropped: {}", drop->reason);
    workers_.remove(drop->link, true);
  } else if (const auto* launch = std::get_if<effect::Launch>(&effect)) {
    scheduler_.launch(*launch);
  } else if (const auto* look = std::get_if<effect::LookUp>(&effect)) {
    scheduler_.look_up(*look);
  } else if (const auto* poll = std::get_if<effect::Poll>(&effect)) {
    scheduler_.poll(*poll);
  } else if (const auto* cancel = std::get_if<effect::Cancel>(&effect)) {
    scheduler_.cancel(*cancel);
  } else if (const auto* relays = std::get_if<effect::Relays>(&effect)) {
    relays_.tell(relays->list);
  } else {
    quit_when_idle(loop_.now() + longest_quit);
  }
}

// A cancel command that still runs is waited for: the queue should be empty when `stop` returns.
void Launcher::quit_when_idle(Time latest) {
  if (scheduler_.busy() == 0 || loop_.now() >= latest) return quit_();
  loop_.at(loop_.now() + 5 * millisecond, [this, latest] { quit_when_idle(latest); });
}

void Launcher::set_timer() {
  const auto deadline = core_.deadline();
  if (timer_ && deadline == timer_at_) return;
  if (timer_) loop_.cancel(*timer_);
  timer_.reset();
  timer_at_ = deadline;
  if (deadline)
    timer_ = loop_.at(*deadline, [this] {
      timer_.reset();
      handle(event::Tick{});
    });
}

}  // namespace pcluster
