// The journal's end that is written.
// SPDX-License-Identifier: MIT
#include "launcher/io/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"
#include "launcher/model/codec.hpp"

namespace pcluster {
namespace {

constexpr std::uint64_t largest_segment = 64u << 20;
constexpr std::size_t kept_capacity = 1u << 20;

std::uint64_t last_number(const std::string& directory) {
  std::uint64_t last = 0;
  for (const auto& name : list_directory(directory)) {
    if (!name.ends_with(".log")) continue;
    const auto number = to_integer(std::string_view(name).substr(0, name.size() - 4));
    if (number && *number > 0) last = std::max(last, static_cast<std::uint64_t>(*number));
  }
  return last;
}

}  // namespace

void Journal::add(const Record& record) {
  append_record(pending_, {epoch_, ++sequence_}, encode(record));
}

std::string Journal::trouble(int error) const {
  return fmt::format("{}: {}", path_.empty() ? directory_ : path_, std::strerror(error));
}

std::string Journal::open_segment() {
  try {
    if (number_ == 0) {
      make_directories(directory_);
      number_ = last_number(directory_);
    }
  } catch (const Error& error) { return error.what(); }
  // O_EXCL: another launcher's segment, should there be one after all, is never written to.
  for (int error = EEXIST; error == EEXIST;) {
    path_ = fmt::format("{}/{:08}.log", directory_, ++number_);
    file_ = Fd(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
    error = file_ ? 0 : errno;
    if (error != 0 && error != EEXIST) {
      --number_;
      return trouble(error);
    }
  }
  written_ = size_ = 0;
  named_ = false;
  return {};
}

// After an error of a sync nobody knows what of the segment is on the disk, and a second sync may
// lie. What was durable stays; what was not is written again, to a new one.
void Journal::give_up_segment() {
  file_.reset();
  if (size_ == 0) unlink(path_.c_str());
  written_ = 0;
}

std::string Journal::write_pending() {
  while (written_ < pending_.size()) {
    const auto taken =
        disk_.write(file_.get(), pending_.data() + written_, pending_.size() - written_);
    const int error = errno;
    if (taken >= 0) written_ += static_cast<std::size_t>(taken);
    if (taken > 0 || (taken < 0 && error == EINTR)) continue;
    // No room: later bytes go where these end.  Anything else: the file is not to be trusted.
    const bool full = taken == 0 || error == ENOSPC || error == EDQUOT;
    if (!full) give_up_segment();
    return trouble(taken == 0 ? ENOSPC : error);
  }
  return {};
}

std::string Journal::flush() {
  if (pending_.empty()) return {};
  if (file_ && size_ >= largest_segment) file_.reset();
  if (!file_) {
    auto wrong = open_segment();
    if (!wrong.empty()) return wrong;
  }
  auto wrong = write_pending();
  if (!wrong.empty()) return wrong;
  if (disk_.sync_data(file_.get()) != 0) {
    wrong = trouble(errno);
    give_up_segment();
    return wrong;
  }
  if (!named_) {
    const Fd directory(open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || (disk_.sync(directory.get()) != 0 && errno != EINVAL)) return trouble(errno);
    named_ = true;
  }
  size_ += pending_.size();
  pending_.capacity() > kept_capacity ? pending_ = std::string() : (pending_.clear(), pending_);
  written_ = 0;
  return {};
}

}  // namespace pcluster
