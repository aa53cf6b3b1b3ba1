// Many workers in one process.
// SPDX-License-Identifier: MIT
#include "join_links.hpp"

#include <fmt/format.h>

#include <cstring>
#include <deque>
#include <utility>

#include "launcher/io/socket.hpp"

namespace bench {

using namespace pcluster;

namespace {

constexpr Micros patience = 60 * second;  // for a handshake
constexpr Micros again_after = 200 * millisecond;
constexpr std::uint32_t at_once = 32;

Hello hello(const LinksPlan& plan, std::uint32_t number) {
  Hello me;
  me.token = plan.token;
  me.job_id = fmt::format("bench.{}", number);
  me.host = fmt::format("bench-node-{:04}", number);
  me.addresses = {"10.0.0.1", "fd00::1"};
  me.incarnation = random_token(16);
  me.size.cores = plan.slots;
  me.size.memory_mb = 4096;
  me.slots = plan.slots;
  me.route = show_address(plan.address, plan.port);
  me.port = 4001;
  me.relay_port = 4002;
  me.script_started_unix = unix_now();
  return me;
}

TaskResult done(const AttemptId& attempt) {
  TaskResult result;
  result.attempt = attempt;
  result.start_unix = result.end_unix = unix_now();
  result.cpu = 1000;
  result.max_rss_kb = 2000;
  return result;
}

}  // namespace

struct Links::Worker {
  Worker(Hello me, Time now) : agent(std::move(me), now, {}) {}
  Agent agent;
  ConnectionPtr connection;  // until its handshake is over
  LinkPtr link;
  std::optional<TimerId> timer;
  std::optional<Time> timer_at;
  bool welcomed = false;
};

Links::Links(Loop& loop, LinksPlan plan, const ClusterKey& key)
    : loop_(loop),
      plan_(std::move(plan)),
      keys_(TlsKeys::client(key, plan_.cluster, Role::worker)) {
  auto other = key;
  other[0] ^= 1;
  other_keys_ = TlsKeys::client(other, plan_.cluster, Role::worker);
}

Links::~Links() = default;

void Links::connect_all() {
  const auto endpoint = numeric_endpoint(plan_.address, plan_.port);
  for (std::uint32_t i = 0; i < plan_.silent; ++i) {
    int error = 0;
    silent_.push_back(start_connect(*endpoint, error));
  }
  workers_.reserve(plan_.links);
  connect_some();
}

// Nodes would say their first word at once; one process for all of them has to take turns.
void Links::connect_some() {
  for (std::uint32_t i = 0; i < at_once && workers_.size() < plan_.links; ++i) {
    const auto number = static_cast<std::uint32_t>(workers_.size());
    if (number < plan_.strangers) connect_stranger();
    workers_.push_back(std::make_unique<Worker>(hello(plan_, number), loop_.now()));
    connect(*workers_.back());
  }
  if (workers_.size() < plan_.links) loop_.post([this] { connect_some(); });
}

void Links::connect_stranger() {
  int error = 0;
  auto fd = start_connect(*numeric_endpoint(plan_.address, plan_.port), error);
  strangers_.push_back(Connection::make(loop_, Channel(std::move(fd), other_keys_), "launcher"));
  strangers_.back()->begin(true, loop_.now() + patience, [this](const std::string& why) {
    count_.refused += why.empty() ? 0 : 1;
  });
}

// Whoever is turned away comes again, as a worker does.
void Links::connect(Worker& worker) {
  int error = 0;
  auto fd = start_connect(*numeric_endpoint(plan_.address, plan_.port), error);
  if (!fd) return lost(worker, std::strerror(error));
  worker.connection = Connection::make(loop_, Channel(std::move(fd), keys_), "launcher");
  worker.connection->begin(true, loop_.now() + patience, [this, &worker](const std::string& why) {
    if (why.empty()) return joined(worker);
    ++count_.again;
    loop_.at(loop_.now() + again_after, [this, &worker] { connect(worker); });
  });
}

void Links::joined(Worker& worker) {
  const auto connection = std::exchange(worker.connection, nullptr);
  worker.link = connection->make_link();
  worker.link->set_frame_limit(max_frame);
  worker.link->on_frame = [this, &worker](std::string_view payload) {
    const auto message = decode<ToWorker>(payload);
    if (!message) return lost(worker, "a message that is none");
    carry_out(worker, worker.agent.received(*message, loop_.now()));
    if (!std::exchange(worker.welcomed, worker.agent.id().has_value()) && worker.welcomed)
      ++count_.welcomed;
  };
  worker.link->on_closed = [this, &worker](const std::string& why) { lost(worker, why); };
  carry_out(worker, worker.agent.connected(loop_.now()));
  connection->listen();
}

void Links::lost(Worker& worker, const std::string& why) {
  ++count_.cut;
  if (count_.first_error.empty()) count_.first_error = why;
  if (worker.timer) loop_.cancel(*std::exchange(worker.timer, std::nullopt));
  if (worker.link) worker.link->close();
}

// Each task has ended when it starts.
void Links::carry_out(Worker& worker, Acts acts) {
  std::deque<Act> rest(std::make_move_iterator(acts.begin()), std::make_move_iterator(acts.end()));
  for (; !rest.empty(); rest.pop_front()) {
    if (auto* send = std::get_if<act::Send>(&rest.front())) {
      worker.link->send(encode(send->message));
    } else if (const auto* start = std::get_if<act::Start>(&rest.front())) {
      ++count_.tasks;
      auto more = worker.agent.finished(done(start->task.attempt), loop_.now());
      rest.insert(rest.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
    } else if (std::holds_alternative<act::Leave>(rest.front()) ||
               std::holds_alternative<act::Hang>(rest.front())) {
      return lost(worker, "told to leave");
    }
  }
  set_timer(worker);
}

void Links::set_timer(Worker& worker) {
  const auto at = worker.agent.deadline();
  if (at == worker.timer_at && worker.timer) return;
  if (worker.timer) loop_.cancel(*worker.timer);
  worker.timer.reset();
  worker.timer_at = at;
  if (!at) return;
  worker.timer = loop_.at(*at, [this, &worker] {
    worker.timer.reset();
    if (worker.link) carry_out(worker, worker.agent.tick(loop_.now()));
  });
}

void Links::leave_all() {
  for (const auto& worker : workers_) {
    if (worker->timer) loop_.cancel(*std::exchange(worker->timer, std::nullopt));
    if (!worker->link) continue;
    worker->link->on_closed = nullptr;
    worker->link->send(encode(FromWorker{Bye{"the measurement is over", {}}}));
    worker->link->close();
  }
}

}  // namespace bench
