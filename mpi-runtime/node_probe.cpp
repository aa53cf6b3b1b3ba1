// The probe on a node: calls each address of the login host by itself, looks at the node, then
// answers stamps until doctor is done.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/node_probe.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/hops.hpp"
#include "launcher/io/link.hpp"
#include "launcher/io/state.hpp"
#include "mpi-runtime/node_facts.hpp"

namespace pcluster {
namespace {

constexpr Micros call_limit = 5 * second;  // of one address
constexpr Micros clock_limit = second;     // for the clock's answers
constexpr Micros look_every = 5 * millisecond;
constexpr Micros lonely_after = 120 * second;  // no stamp for so long: doctor was killed
constexpr unsigned clock_rounds = 5;

class NodeProbe {
 public:
  explicit NodeProbe(const WorkerOptions& options)
      : paths_{options.directory},
        questions_{options.directory, options.local_directory, read_request()},
        key_(read_key(StateDirectory{options.directory}.key())) {
    found_.host = hostname();
    found_.started_unix = unix_now();
    found_.addresses = host_addresses();
  }

  int run() {
    listen();
    const auto& addresses = questions_.request.addresses;
    waiting_ = addresses.size();
    found_.tries.resize(addresses.size());
    for (std::size_t i = 0; i < addresses.size(); ++i) call(i);
    if (waiting_ == 0) loop_.post([this] { look_around(); });
    loop_.run();
    return 0;
  }

 private:
  ProbeRequest read_request() const {
    if (auto request = parse_request(read_file(paths_.request()))) return *request;
    throw Error(Exit::refused, paths_.request() + " cannot be read",
                "is the state directory on a file system that this node shares?");
  }

  void listen() {
    const auto take = [this](LinkPtr link, Role) { callers_.push_back(std::move(link)); };
    try {
      listener_ = listen_tls(loop_, key_, probe_back_cluster, questions_.request.ports, take);
      found_.port = listener_->port();
    } catch (const Error& error) { fmt::print("pcluster probe: {}\n", error.what()); }
  }

  void call(std::size_t index) {
    auto& attempt = found_.tries[index];
    attempt.address = questions_.request.addresses[index];
    const auto begun = loop_.now();
    connect_tls(loop_, {{attempt.address, questions_.request.port}}, key_, probe_cluster,
                Role::worker, call_limit, [=, this](LinkPtr link, const ConnectFailure& failure) {
                  auto& done = found_.tries[index];
                  done.took = loop_.now() - begun;
                  done.error = join(failure.errors, "; ");
                  done.kind = link ? "reached" : failure_kind(done.error);
                  if (link && !link_) link_ = std::move(link);
                  if (--waiting_ == 0) compare_clocks();
                });
  }

  // Several times, and the round with the least delay counts.
  void compare_clocks() {
    if (!link_) return look_around();
    link_->on_closed = [this](const std::string&) { loop_.post([this] { look_around(); }); };
    link_->on_frame = [this](std::string_view payload) { clock_answer(payload); };
    timer_ = loop_.at(loop_.now() + clock_limit, [this] { look_around(); });
    ask_clock();
  }

  void ask_clock() {
    asked_unix_ = unix_now();
    link_->send("clock");
  }

  void clock_answer(std::string_view payload) {
    const auto now = unix_now();
    const auto theirs = to_integer(payload);
    const auto delay = now - asked_unix_;
    if (theirs && (!found_.clock_ahead || delay < least_delay_)) {
      least_delay_ = delay;
      found_.clock_ahead = asked_unix_ + delay / 2 - *theirs;
    }
    if (++rounds_ < clock_rounds) return ask_clock();
    loop_.post([this] { look_around(); });
  }

  void look_around() {
    if (looked_) return;
    looked_ = true;
    if (timer_) loop_.cancel(*timer_);
    look_at_node(questions_, found_);
    const auto text = to_text(found_);
    fmt::print("{}", text);
    std::fflush(stdout);
    write_file(paths_.findings(), text);
    alone_since_ = loop_.now();
    answer_stamps();
  }

  void answer_stamps() {
    if (const auto stamp = read_stamp(paths_.login_stamp())) {
      const auto seen = unix_now();
      if (stamp->number == 0) return loop_.stop();
      if (stamp->number != answered_) {
        answered_ = stamp->number;
        alone_since_ = loop_.now();
        put_stamp(paths_.node_stamp(), {stamp->number, unix_now(), stamp->written_unix, seen});
      }
    } else if (!exists(paths_.root)) {
      return loop_.stop();
    }
    if (loop_.now() - alone_since_ > lonely_after) return loop_.stop();
    loop_.at(loop_.now() + look_every, [this] { answer_stamps(); });
  }

  Loop loop_;
  ProbePaths paths_;
  NodeQuestions questions_;
  ClusterKey key_;
  Findings found_;
  std::unique_ptr<Listener> listener_;
  std::vector<LinkPtr> callers_;
  LinkPtr link_;
  std::optional<TimerId> timer_;
  std::size_t waiting_ = 0;
  unsigned rounds_ = 0, answered_ = 0;
  Micros asked_unix_ = 0, least_delay_ = 0;
  Time alone_since_ = 0;
  bool looked_ = false;
};

}  // namespace

int run_node_probe(const WorkerOptions& options) {
  signal(SIGPIPE, SIG_IGN);
  return NodeProbe(options).run();
}

}  // namespace pcluster
