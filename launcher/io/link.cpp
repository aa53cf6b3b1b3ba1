// The user's handle to a connection.
// SPDX-License-Identifier: MIT
#include "launcher/io/link.hpp"

#include "launcher/io/connection.hpp"
#include "launcher/io/flush.hpp"

namespace pcluster {

Link::Link(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Link::~Link() { impl_->connection->close(); }

void Link::send(std::string_view payload) { impl_->connection->send(payload); }
void flush(Link& link) { link.impl().connection->flush(); }
void Link::close() {
  impl_->connection->close();
  on_frame = nullptr;  // they may hold this link
  on_closed = nullptr;
}
Fd Link::take_socket(std::string_view last_words) {
  on_frame = nullptr;
  on_closed = nullptr;
  return impl_->connection->take_socket(last_words);
}
std::size_t Link::queued() const { return impl_->connection->queued(); }
void Link::set_frame_limit(std::size_t bytes) { impl_->connection->set_frame_limit(bytes); }
const std::string& Link::peer() const { return impl_->connection->peer(); }

}  // namespace pcluster
