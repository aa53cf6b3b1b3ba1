// Bytes <-> messages and records: MessagePack, and the framing of links (4 bytes length,
// big-endian, then the message).  Pure.  Decoding never trusts: what does not fit gives nothing.
// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include "launcher/model/messages.hpp"
#include "launcher/model/peers.hpp"
#include "launcher/model/records.hpp"

namespace pcluster {

std::string encode(const FromWorker&);
std::string encode(const ToWorker&);
std::string encode(const Request&);
std::string encode(const Reply&);
std::string encode(const Record&);
std::string encode(const ToPeer&);
std::string encode(const FromPeer&);

// T is one of the sums above.  Nothing on bytes that are not one whole, well-formed T.
template <class T>
std::optional<T> decode(std::string_view bytes);

// Cuts a stream of bytes into frames.
class Framer {
 public:
  explicit Framer(std::size_t limit = max_frame) : limit_(limit) {}
  void set_limit(std::size_t limit) { limit_ = limit; }
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // The next whole frame; valid until the next call.  Nothing: feed more, or broken().
  std::optional<std::string_view> next();
  bool broken() const { return broken_; }  // a length of 0 or above the limit

 private:
  std::size_t limit_, taken_ = 0;
  std::string buffer_;
  bool broken_ = false;
};
std::string frame(std::string_view payload);  // payload with its length in front

}  // namespace pcluster
