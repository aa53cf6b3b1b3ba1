// Through workers that are home.
// SPDX-License-Identifier: MIT
#include "mpi-runtime/relay_call.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "launcher/base/error.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster {
namespace {

constexpr std::size_t at_once = 3;  // relays whose addresses are called together
constexpr Micros connect_within = 3 * second;
constexpr Micros answer_within = 7 * second;  // the relay itself calls the launcher meanwhile
constexpr Micros prove_within = 8 * second;

struct Search : std::enable_shared_from_this<Search> {
  Search(Loop& on, RelayCall what, RelayDone then)
      : loop(on), call(std::move(what)), done(std::move(then)) {}

  void next();
  void ask(LinkPtr);
  void answered(std::string_view payload);
  void failed(const std::string& error);
  void stop_waiting() {
    if (timer) loop.cancel(*std::exchange(timer, std::nullopt));
  }

  Loop& loop;
  RelayCall call;
  RelayDone done;
  std::size_t asked = 0;  // of call.relays
  std::vector<std::string> errors;
  LinkPtr relay;
  std::optional<TimerId> timer;
};

void Search::next() {
  std::vector<Address> addresses;
  for (std::size_t i = 0; i < at_once && asked < call.relays.size(); ++i, ++asked) {
    const auto& one = call.relays[asked];
    for (const auto& address : that_lead_to(one.host, one.addresses))
      addresses.push_back({address, one.port});
  }
  if (addresses.empty()) return done(nullptr, {}, std::move(errors));
  connect_tls(loop, addresses, call.key, call.cluster, Role::worker, connect_within,
              [self = shared_from_this()](LinkPtr link, const ConnectFailure& failure) {
                if (link) return self->ask(std::move(link));
                for (const auto& error : failure.errors) self->errors.push_back("relay " + error);
                self->next();
              });
}

// Any of our cluster's workers will do, if it is home: whoever listens there.
void Search::ask(LinkPtr link) {
  relay = std::move(link);
  relay->set_frame_limit(max_frame_before_hello);
  relay->on_frame = [weak = weak_from_this()](std::string_view payload) {
    if (const auto self = weak.lock()) self->answered(payload);
  };
  relay->on_closed = [weak = weak_from_this()](const std::string& reason) {
    if (const auto self = weak.lock()) self->failed(reason);
  };
  timer = loop.at(loop.now() + answer_within, [self = shared_from_this()] {
    self->timer.reset();
    self->failed("no answer");
  });
  relay->send(encode(ToPeer{Relay{}}));
}

void Search::failed(const std::string& error) {
  const auto keep = shared_from_this();
  stop_waiting();
  errors.push_back("relay " + relay->peer() + ": " + error);
  relay->close();
  loop.post([link = std::move(relay)] {});  // it may be what calls us
  next();
}

void Search::answered(std::string_view payload) {
  const auto keep = shared_from_this();
  const auto message = decode<FromPeer>(payload);
  const auto* reply = message ? std::get_if<Relayed>(&*message) : nullptr;
  if (reply == nullptr) return failed("it said what this version does not understand");
  if (!reply->refusal.empty())
    return failed(reply->worker + " on " + reply->host + ": " + reply->refusal);
  stop_waiting();
  const auto route = "through " + reply->worker + " on " + reply->host;
  auto socket = relay->take_socket();
  if (!socket) return failed("closed by the peer");
  connect_tls_over(loop, std::move(socket), route, call.key, call.cluster, Role::worker,
                   prove_within, [self = keep, route](LinkPtr link, const std::string& error) {
                     if (!link) return self->failed(error);
                     self->loop.post([old = std::move(self->relay)] {});
                     self->done(std::move(link), route, {});
                   });
}

}  // namespace

void call_through_relays(Loop& loop, RelayCall call, RelayDone done) {
  const auto search = std::make_shared<Search>(loop, std::move(call), std::move(done));
  loop.post([search] { search->next(); });
}

}  // namespace pcluster
