// A verb's connection to the launcher: one request, one reply, or a stream of them.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <variant>

#include "launcher/base/error.hpp"
#include "launcher/cli/session.hpp"
#include "launcher/io/link.hpp"
#include "launcher/model/messages.hpp"

namespace pcluster {

class Client {
 public:
  // A launcher that does not answer within `moment` counts as there: it is slow.
  static std::optional<Client> connect_if_there(const Session&, Micros moment = second);

  void send(const Request&);
  struct Got {
    enum class Kind { reply, timeout, interrupted, closed, ready } kind;
    Reply reply;
  };
  Got receive(Micros timeout, int also = -1);              // ready: there is something at `also`
  int descriptor() const { return socket_.descriptor(); }  // once receive has found nothing

  // One request and its reply of type T; a Refusal becomes an Error.  Progress that comes between
  // is passed over.
  template <class T>
  T ask(const Request& request, Micros timeout = 60 * second) {
    send(request);
    const bool adds =
        std::holds_alternative<AddWorkload>(request) || std::holds_alternative<SubmitJobs>(request);
    for (;;) {
      auto reply = await(timeout, adds);
      if (auto* wanted = std::get_if<T>(&reply)) return std::move(*wanted);
    }
  }

 private:
  Client(ClientSocket socket, bool quiet) : socket_(std::move(socket)), quiet_(quiet) {}
  bool may_be_answered(Micros moment);  // false: the other end closes without a word
  // Throws on Refusal, silence, a closed connection.  `adds`: a first Ctrl-C does not end it, so
  // that the caller learns what to cancel.
  Reply await(Micros timeout, bool adds);
  ClientSocket socket_;
  bool quiet_;
};

[[noreturn]] void refuse(const Refusal&);  // as an Error

}  // namespace pcluster
