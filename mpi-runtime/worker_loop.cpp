// The worker proper, below its guard: launcher, agent and tasks joined by one loop.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/worker_loop.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <sstream>
#include <utility>

#include "launcher/base/error.hpp"
#include "launcher/io/flush.hpp"
#include "launcher/model/codec.hpp"
#include "mpi-runtime/process_use.hpp"

namespace pcluster {
namespace {

constexpr Micros kill_after = 3 * second;   // from TERM to KILL when we leave
constexpr Micros leave_after = 6 * second;  // then the guard sees to the rest
constexpr Micros look_at_end = 10 * millisecond;

std::string variable(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<std::string> words_of(const char* name) {
  std::istringstream text(variable(name));
  return {std::istream_iterator<std::string>(text), {}};
}

Micros script_started() {
  return static_cast<Micros>(std::atof(variable("PCLUSTER_JOB_STARTED").c_str()) * 1e6 + 0.5);
}

}  // namespace

WorkerLoop::WorkerLoop(const WorkerOptions& options, const WorkerFacts& facts,
                       const std::string& incarnation, std::function<void()> home)
    : home_(std::move(home)),
      directory_{options.directory},
      size_(measure_size()),
      slots_(options.slots != 0 ? options.slots : size_.resources.cores),
      tasks_(
          loop_, facts, size_, slots_, [this](const std::string& text) { say(text); },
          [this](TaskResult result) {
            if (!leaving_since_) carry_out(agent_.finished(std::move(result), loop_.now()));
          },
          [this](const InputWanted& wanted) {
            if (!leaving_since_) carry_out(agent_.wants_input(wanted, loop_.now()));
          },
          [this](ChannelBytes bytes) {
            if (!leaving_since_) carry_out(agent_.wrote(std::move(bytes)));
          },
          ahead_calls()),
      parts_(
          loop_, tasks_, [this](const std::string& text) { say(text); },
          [this](const AttemptId& attempt) {
            if (!leaving_since_) carry_out(agent_.vacated(attempt, loop_.now()));
          }),
      relays_(loop_, {}),
      end_(job_end(variable("PCLUSTER_JOB_END"), variable("PCLUSTER_JOB_WARNING"),
                   variable("PCLUSTER_JOB_SIGNAL"), script_started())),
      agent_(introduce(options, incarnation), loop_.now(),
             limits_of(end_, loop_.now(), unix_now())),
      dial_(
          loop_,
          {directory_,
           options.cluster,
           facts.local_directory,
           words_of("PCLUSTER_LOGIN"),
           {},
           [this](int pid) { tasks_.spare(pid); }},
          [this](const std::string& text) { say(text); },
          [this](LinkPtr link) { connected(std::move(link)); },
          [this] {
            if (agent_.running() == 0 && agent_.id())
              leave("the cluster was stopped: its key is gone");
          }) {}

Hello WorkerLoop::introduce(const WorkerOptions& options, const std::string& incarnation) {
  Hello me;
  me.token = options.token;
  me.job_id = variable("PCLUSTER_JOB_ID");
  me.host = hostname();
  me.addresses = host_addresses();
  me.incarnation = incarnation;
  me.size = size_.resources;
  me.slots = slots_;
  me.confined = size_.confined;
  me.port = port_ = parts_.listen(directory_, options.cluster, options.ports);
  parts_.on_relay([this](LinkPtr link) { relays_.serve(std::move(link)); });
  me.pid = static_cast<std::uint64_t>(getpid());
  me.script_started_unix = script_started();
  me.ends_unix = end_.ends_unix;
  return me;
}

int WorkerLoop::run() {
  watch_signals();
  dial_.call();
  set_clock();
  loop_.run();
  return code_;
}

// By descriptor, not by handlers: a child that shares our memory must never run one.
void WorkerLoop::watch_signals() {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&wanted, signal);
  sigprocmask(SIG_BLOCK, &wanted, nullptr);
  signals_ = Fd(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  loop_.watch(signals_.get(), [this] {
    signalfd_siginfo told{};
    while (read(signals_.get(), &told, sizeof told) == sizeof told) {
      if (leaving_since_) continue;
      if (told.ssi_signo == SIGUSR1) {
        warned();
        continue;
      }
      const auto reason = fmt::format("the job was told to end (signal {})", told.ssi_signo);
      carry_out(agent_.job_ended(reason, loop_.now()));  // reports what is done, says Bye
      leave(reason);
    }
  });
}

void WorkerLoop::warned() {
  const auto within = warned_within(end_, unix_now());
  say("the scheduler warns: " +
      (within > 0 ? "the job ends in " + show_duration(within) : std::string("the job ends soon")));
  carry_out(agent_.warned(within, loop_.now()));
}

void WorkerLoop::say(const std::string& text) {
  auto line = fmt::format("{} pcluster worker {}: {}\n", show_utc(unix_now()),
                          name_.empty() ? std::to_string(getpid()) : name_, text);
  std::fputs(line.c_str(), stderr);  // a full disk under the job's log must not end us
}

// ---------------------------------------------------------------- the launcher

void WorkerLoop::connected(LinkPtr link) {
  if (link_) {  // another way was found while this one holds
    link_->close();
    loop_.post([old = std::move(link_)] {});
    carry_out(agent_.disconnected(loop_.now()));
  }
  link_ = std::move(link);
  welcomed_ = false;
  link_->set_frame_limit(max_frame);
  link_->on_frame = [this](std::string_view payload) { received(payload); };
  link_->on_closed = [this](const std::string& reason) { disconnected(reason); };
  carry_out(agent_.connected(loop_.now()));
}

void WorkerLoop::disconnected(const std::string& reason) {
  loop_.post([link = std::move(link_)] {});  // it may be the one that calls us
  link_.reset();
  relays_.away();
  if (leaving_since_) return;
  if (welcomed_ || reason != last_loss_) say("connection lost: " + reason + "; tasks go on");
  last_loss_ = reason;
  carry_out(agent_.disconnected(loop_.now()));
  dial_.call_later();
}

void WorkerLoop::hang_up() {
  if (!link_) return;
  link_->close();
  disconnected("no sign of life from the launcher, or it is outdated");
}

void WorkerLoop::received(std::string_view payload) {
  auto message = decode<ToWorker>(payload);
  if (!message) {
    say("the launcher sent what this version does not understand");
    return hang_up();
  }
  if (auto* welcome = std::get_if<Welcome>(&*message)) {
    bool first = name_.empty();
    if (first) name_ = to_string(welcome->worker);
    try {
      tasks_.welcome(welcome->worker, directory_.spool(), welcome->mpi);
    } catch (const Error& error) {
      say(std::string(error.what()) + "; output of tasks is lost. " + error.hint());
    }
    if (first) forget_peak_memory();
  }
  if (auto* forget = std::get_if<Forget>(&*message)) {
    tasks_.forget(forget->workload);
    tasks_.end_residents(forget->workload);
    parts_.end_residents(forget->workload);
  }
  if (auto* define = std::get_if<Define>(&*message)) tasks_.forget(define->workload);
  if (!leaving_since_) carry_out(agent_.received(*message, loop_.now()));
  // An outdated launcher was hung up on by now.
  if (!link_ || !std::holds_alternative<Welcome>(*message)) return;
  welcomed_ = true;
  home_();
  dial_.answered();
  if (const auto& way = dial_.way(); !way.at.host.empty()) relays_.home(name_, way.at);
}

void WorkerLoop::send(FromWorker message) {
  // What a report tells is in the spool before it leaves.
  if (auto* report = std::get_if<Report>(&message); report != nullptr && !report->results.empty())
    tasks_.output().vouch_for(report->results);
  if (auto* hello = std::get_if<Hello>(&message)) {
    const auto& way = dial_.way();
    hello->route = way.route;
    hello->relay_port = way.at.host.empty() ? 0 : port_;
  }
  if (link_) link_->send(encode(message));
}

// ---------------------------------------------------------------- the agent

// What an act brings about may ask for more acts: in order, and never one inside another.
void WorkerLoop::carry_out(Acts acts) {
  for (auto& act : acts) to_do_.push_back(std::move(act));
  if (carrying_out_) return;
  carrying_out_ = true;
  while (!to_do_.empty()) {
    Act next = std::move(to_do_.front());
    to_do_.pop_front();
    carry_out_one(std::move(next));
  }
  carrying_out_ = false;
  set_clock();
}

void WorkerLoop::carry_out_one(Act act) {
  if (auto* message = std::get_if<act::Send>(&act)) return send(std::move(message->message));
  if (leaving_since_) return;
  auto* start = std::get_if<act::Start>(&act);
  if (start != nullptr && link_) flush(*link_);  // what has ended is told before more begins
  if (start != nullptr) return tasks_.start(start->task);
  if (auto* one = std::get_if<act::Signal>(&act)) return tasks_.signal(one->attempt, one->signal);
  if (auto* seat = std::get_if<act::Seat>(&act)) return parts_.seat(seat->part);
  if (auto* seat = std::get_if<act::Vacate>(&act)) return parts_.vacate(seat->attempt);
  if (auto* feed = std::get_if<act::Feed>(&act)) return tasks_.feed(feed->input);
  if (auto* take = std::get_if<act::Take>(&act)) return tasks_.taken(take->taken);
  if (std::holds_alternative<act::SendAgain>(act)) return tasks_.send_again();
  if (auto* stop = std::get_if<act::Leave>(&act)) return leave(stop->reason);
  if (std::holds_alternative<act::Hang>(act)) hang_up();
}

void WorkerLoop::set_clock() {
  auto next = leaving_since_ ? std::nullopt : agent_.deadline();
  if (next == clock_at_) return;
  if (clock_) loop_.cancel(*clock_);
  clock_.reset();
  clock_at_ = next;
  if (!next) return;
  clock_ = loop_.at(*next, [this] {
    clock_.reset();
    clock_at_.reset();
    carry_out(agent_.tick(loop_.now()));
  });
}

// ---------------------------------------------------------------- the end

void WorkerLoop::leave(const std::string& reason) {
  if (leaving_since_) return;
  leaving_since_ = loop_.now();
  if (!agent_.id()) code_ = static_cast<int>(Exit::refused);
  say("leaving: " + reason);
  set_clock();
  tasks_.signal_all(SIGTERM);
  parts_.leave(reason);
  relays_.leave();
  loop_.at(loop_.now() + look_at_end, [this] { check_end(); });
}

void WorkerLoop::check_end() {
  Micros since = loop_.now() - *leaving_since_;
  if (since >= kill_after && !killed_) {
    killed_ = true;
    tasks_.signal_all(SIGKILL);
  }
  bool quiet = tasks_.running() == 0 && (!link_ || link_->queued() == 0);
  if (!quiet && since < leave_after) {
    loop_.at(loop_.now() + look_at_end, [this] { check_end(); });
    return;
  }
  tasks_.output().flush();
  if (link_) link_->close();
  loop_.at(loop_.now() + look_at_end, [this] { loop_.stop(); });
}

}  // namespace pcluster
