// The head's side of gangs: mpiexec's remote-start agent calls here, and each call goes on to the
// worker that it is for.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/gang_head.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/io/file.hpp"
#include "launcher/io/state.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster {
namespace {

constexpr Micros connect_within = 10 * second;
constexpr Micros start_within = 35 * second;  // the worker itself gives up a little earlier
// mpiexec hears of a loss from its agent, and may clean up by itself; Hydra would hang.
constexpr Micros term_after = second / 4;
constexpr Micros kill_after = 2 * second;
constexpr std::size_t most_relayed = 4 << 20;  // bytes that an agent has not taken; then it is cut

std::string who(const GangPart& part) {
  return fmt::format("worker {} ({})", to_string(part.worker), part.host);
}

}  // namespace

// One run of the agent program, and what it has us do.
struct GangHead::Call {
  LinkPtr agent, worker;
  StartPart order;
  GangPart part;
  std::optional<TimerId> limit;
  bool over = false;
};

GangHead::GangHead(Loop& loop, Signal signal) : loop_(loop), signal_(std::move(signal)) {}

GangHead::~GangHead() {
  *alive_ = false;
  for (const auto& call : std::set<CallPtr>(calls_)) drop(call);
  for (auto& [attempt, gang] : gangs_)
    if (gang.end) loop_.cancel(*gang.end);
}

// In the worker's own directory, which only its user can enter.
void GangHead::listen(const WorkerFacts& worker) {
  const std::string &directory = worker.local_directory, agent = directory + "/mpi-agent";
  if (directory.find_first_of(" \t:") != directory.npos)
    throw Error(Exit::ours,
                "mpiexec cannot start ranks on other workers: its remote-start agent lies in \"" +
                    directory + "\", and it takes no blank or colon there",
                "name another directory with --local-directory");
  cluster_ = worker.cluster;
  state_directory_ = worker.state_directory;
  const std::string program = worker.program.empty() ? own_binary() : worker.program;
  if (symlink(program.c_str(), agent.c_str()) != 0 && errno != EEXIST)
    throw Error(Exit::ours, "cannot make " + agent + ": " + std::strerror(errno),
                "is there room in that directory? Else name another with --local-directory");
  listener_ = listen_unix(loop_, directory + "/mpi.sock",
                          [this](LinkPtr link) { accepted(std::move(link)); });
}

void GangHead::open(const WorkerFacts& worker, const TaskStart& start) {
  if (!listener_) listen(worker);
  gangs_[start.attempt] = {start.gang, {}, {}};
}

const GangHead::Loss& GangHead::loss(const AttemptId& attempt) const {
  static const Loss none;
  const auto gang = gangs_.find(attempt);
  return gang == gangs_.end() ? none : gang->second.loss;
}

void GangHead::close(const AttemptId& attempt) {
  for (const auto& call : std::set<CallPtr>(calls_))
    if (call->order.attempt == attempt) drop(call);
  const auto gang = gangs_.find(attempt);
  if (gang == gangs_.end()) return;
  if (gang->second.end) loop_.cancel(*gang->second.end);
  gangs_.erase(gang);
}

// ---------------------------------------------------------------- calls

void GangHead::accepted(LinkPtr link) {
  auto call = std::make_shared<Call>();
  call->agent = std::move(link);
  call->agent->set_frame_limit(max_frame);
  call->agent->on_frame = [this, weak = std::weak_ptr(call)](std::string_view payload) {
    if (const auto one = weak.lock()) asked(one, payload);
  };
  call->agent->on_closed = [this, weak = std::weak_ptr(call)](const std::string&) {
    if (const auto one = weak.lock()) drop(one);
  };
  calls_.insert(std::move(call));
}

// The agent knows the attempt from its environment, where no epoch stands.
void GangHead::asked(const CallPtr& call, std::string_view payload) {
  const auto message = decode<ToPeer>(payload);
  const auto* order = message ? std::get_if<StartPart>(&*message) : nullptr;
  if (order == nullptr || call->worker || call->limit) return drop(call);
  call->order = *order;
  const auto gang = std::find_if(gangs_.begin(), gangs_.end(), [&](const auto& one) {
    return one.first.task == order->attempt.task && one.first.number == order->attempt.number;
  });
  if (gang == gangs_.end()) return answer(call, {255, "its task does not run here (any more)"});
  call->order.attempt = gang->first;
  const auto& parts = gang->second.parts;
  const auto part = std::find_if(parts.begin(), parts.end(), [&](const GangPart& one) {
    return to_string(one.worker) == order->worker;
  });
  if (part == parts.end())
    return answer(call, {255, "no worker of its task is called " + order->worker});
  call->part = *part;
  try {
    dial(call);
  } catch (const Error& error) { lost(call, std::string(error.what()) + "; " + error.hint()); }
}

void GangHead::dial(const CallPtr& call) {
  std::vector<Address> addresses;
  for (const auto& host : that_lead_to(call->part.host, call->part.addresses))
    addresses.push_back({host, call->part.port});
  const auto key = read_key(StateDirectory{state_directory_}.key());
  wait(call, connect_within + second, "no answer");
  connect_tls(loop_, addresses, key, cluster_, Role::worker, connect_within,
              [this, alive = alive_, call](LinkPtr link, const ConnectFailure& failure) {
                if (*alive && !call->over) connected(call, std::move(link), failure.errors);
              });
}

void GangHead::connected(const CallPtr& call, LinkPtr link,
                         const std::vector<std::string>& errors) {
  if (!link) return lost(call, "no way to it: " + join(errors, "; "));
  call->worker = std::move(link);
  call->worker->set_frame_limit(max_frame);
  call->worker->on_frame = [this, weak = std::weak_ptr(call)](std::string_view payload) {
    if (const auto one = weak.lock()) heard(one, payload);
  };
  call->worker->on_closed = [this, weak = std::weak_ptr(call)](const std::string& reason) {
    if (const auto one = weak.lock()) lost(one, reason);
  };
  call->worker->send(encode(ToPeer{call->order}));
  wait(call, start_within, "it did not start its part within " + show_duration(start_within));
}

// The first frame says that it has been started.
void GangHead::heard(const CallPtr& call, std::string_view payload) {
  const auto message = decode<FromPeer>(payload);
  if (!message) return lost(call, "it sent what this version does not understand");
  if (call->limit) loop_.cancel(*std::exchange(call->limit, std::nullopt));
  const auto* ended = std::get_if<PartEnded>(&*message);
  if (ended != nullptr && !ended->message.empty()) return lost(call, ended->message);
  if (ended != nullptr) {
    if (ended->exit_code == 126 || ended->exit_code == 127)
      gangs_[call->order.attempt].loss.no_daemon = fmt::format(
          "MPI's daemon cannot be run on {}: is the same MPI there, on the task's PATH?",
          who(call->part));
    return answer(call, *ended);
  }
  if (call->agent->queued() > most_relayed)
    return lost(call, "mpiexec does not read what its part there prints");
  call->agent->send(payload);
}

// ---------------------------------------------------------------- ends

void GangHead::wait(const CallPtr& call, Micros time, const std::string& else_why) {
  if (call->limit) loop_.cancel(*call->limit);
  call->limit = loop_.at(loop_.now() + time, [this, weak = std::weak_ptr(call), else_why] {
    if (const auto one = weak.lock()) lost(one, else_why);
  });
}

void GangHead::lost(const CallPtr& call, const std::string& why) {
  if (call->over) return;
  const auto gang = gangs_.find(call->order.attempt);
  if (gang != gangs_.end()) {
    auto& loss = gang->second.loss;
    loss.workers.push_back(call->part.worker);
    if (loss.message.empty()) loss.message = who(call->part) + " was lost: " + why;
    if (!gang->second.end) end(gang->first, SIGTERM, term_after);
  }
  answer(call, {255, "lost " + who(call->part) + ": " + why});
}

void GangHead::end(const AttemptId& attempt, int signal, Micros after) {
  gangs_[attempt].end = loop_.at(loop_.now() + after, [this, attempt, signal] {
    signal_(attempt, signal);
    if (signal == SIGTERM && gangs_.contains(attempt)) end(attempt, SIGKILL, kill_after);
  });
}

void GangHead::answer(const CallPtr& call, const PartEnded& end) {
  call->agent->send(encode(FromPeer{end}));
  drop(call);
}

// Closing the worker's link ends what runs there.  Links may be what calls us: they go later.
void GangHead::drop(const CallPtr& call) {
  if (std::exchange(call->over, true)) return;
  if (call->limit) loop_.cancel(*call->limit);
  for (const auto& link : {call->agent, call->worker})
    if (link) link->close();
  calls_.erase(call);
  if (*alive_) loop_.post([call] {});
}

}  // namespace pcluster
