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
  static std::optional<Client> connect_if_there(const Session&);

  void send(const Request&);
  struct Got {
    enum class Kind { reply, timeout, interrupted, closed } kind;
    Reply reply;
  };
  Got receive(Micros timeout);

  // One request and its reply of type T; a Refusal becomes an Error.  Progress that comes between
  // is passed over.
  template <class T>
  T ask(const Request& request, Micros timeout = 60 * second) {
    send(request);
    for (;;) {
      auto reply = await(timeout);
      if (auto* wanted = std::get_if<T>(&reply)) return std::move(*wanted);
    }
  }

 private:
  explicit Client(ClientSocket socket) : socket_(std::move(socket)) {}
  Reply await(Micros timeout);  // throws on Refusal, silence, a closed connection
  ClientSocket socket_;
};

[[noreturn]] void refuse(const Refusal&);  // as an Error

}  // namespace pcluster
