// MessagePack for every message and record: a struct is the array of its fields, in order; a sum is
// [tag, value].  Shorter arrays decode with defaults, longer ones drop what is new.  Pure.
// SPDX-License-Identifier: MIT
#include "launcher/model/codec.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "launcher/model/fields.hpp"
#include "launcher/model/message_pack.hpp"

namespace pcluster {
namespace {

using message_pack::Reader;
using message_pack::Writer;

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVariant : std::false_type {};
template <class... T>
struct IsVariant<std::variant<T...>> : std::true_type {};
template <class T>
struct IsPair : std::false_type {};
template <class A, class B>
struct IsPair<std::pair<A, B>> : std::true_type {};

// ---------------------------------------------------------------- values to bytes

template <class T>
void pack(Writer& out, const T& value) {
  if constexpr (std::is_enum_v<T>) {
    out.number(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_same_v<T, bool>) {
    out.boolean(value);
  } else if constexpr (std::is_arithmetic_v<T>) {
    out.number(value);
  } else if constexpr (std::is_same_v<T, std::string>) {  // any bytes: arguments need not be UTF-8
    out.bytes(value);
  } else if constexpr (IsVector<T>::value) {
    out.array(static_cast<std::uint32_t>(value.size()));
    for (const auto& element : value) pack(out, element);
  } else if constexpr (IsOptional<T>::value) {
    value ? pack(out, *value) : out.nil();
  } else if constexpr (IsVariant<T>::value) {
    out.array(2);
    out.number(value.index());
    std::visit([&](const auto& chosen) { pack(out, chosen); }, value);
  } else if constexpr (IsPair<T>::value) {
    out.array(2);
    pack(out, value.first);
    pack(out, value.second);
  } else {
    const auto all = fields::tie(value);
    out.array(static_cast<std::uint32_t>(std::tuple_size_v<decltype(all)>));
    std::apply([&](const auto&... field) { (pack(out, field), ...); }, all);
  }
}

constexpr std::size_t usual_size = 120;  // of a result's record

template <class T>
std::string to_bytes(const T& value) {
  std::string bytes;
  bytes.reserve(usual_size);
  Writer out(bytes);
  pack(out, value);
  return bytes;
}

// ---------------------------------------------------------------- bytes to values

constexpr std::uint32_t most_elements = 1u << 20;  // of one array

template <class T>
bool unpack(Reader& in, T& value);

// No array that a hostile peer claims makes us allocate much more than it has sent.
template <class T>
bool unpack_vector(Reader& in, std::vector<T>& value) {
  constexpr std::size_t at_once = 256;
  std::uint32_t size = 0;
  if (!in.array(size) || size > most_elements || size > in.left()) return false;
  value.clear();
  value.reserve(std::min<std::size_t>(size, at_once));
  for (std::uint32_t i = 0; i < size; ++i)
    if (!unpack(in, value.emplace_back())) return false;
  return true;
}

template <class Sum, std::size_t I = 0>
bool unpack_choice(std::uint32_t tag, Reader& in, Sum& value) {
  if constexpr (I == std::variant_size_v<Sum>) {
    return false;  // a tag from a newer peer
  } else {
    if (tag != I) return unpack_choice<Sum, I + 1>(tag, in, value);
    return unpack(in, value.template emplace<I>());
  }
}

template <class T>
bool unpack_fields(Reader& in, T& value) {
  std::uint32_t there = 0;
  if (!in.array(there)) return false;
  const auto all = fields::tie(value);
  const auto take = [&](auto& field) {
    if (there == 0) return true;  // an older peer: the default stays
    --there;
    return unpack(in, field);
  };
  if (!std::apply([&](auto&... field) { return (take(field) && ...); }, all)) return false;
  for (; there > 0; --there)  // a newer peer's
    if (!in.skip()) return false;
  return true;
}

template <class T>
bool unpack_enum(Reader& in, T& value) {
  std::underlying_type_t<T> number{};
  if (!in.number(number)) return false;
  value = static_cast<T>(number);
  if constexpr (std::is_same_v<T, TaskState>) return value <= TaskState::cancelled;
  if constexpr (std::is_same_v<T, JobState>) return value <= JobState::unknown;
  if constexpr (std::is_same_v<T, Span>) return value <= Span::worker;
  return true;
}

template <class T>
bool unpack(Reader& in, T& value) {
  if constexpr (std::is_enum_v<T>) {
    return unpack_enum(in, value);
  } else if constexpr (std::is_same_v<T, bool>) {
    return in.boolean(value);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return in.number(value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    std::string_view bytes;
    if (!in.bytes(bytes)) return false;
    value = bytes;
    return true;
  } else if constexpr (IsVector<T>::value) {
    return unpack_vector(in, value);
  } else if constexpr (IsOptional<T>::value) {
    if (in.is_nil()) return value.reset(), in.nil();
    return unpack(in, value.emplace());
  } else if constexpr (IsVariant<T>::value) {
    std::uint32_t size = 0, tag = 0;
    return in.array(size) && size == 2 && in.number(tag) && unpack_choice(tag, in, value);
  } else if constexpr (IsPair<T>::value) {
    std::uint32_t size = 0;
    return in.array(size) && size == 2 && unpack(in, value.first) && unpack(in, value.second);
  } else {
    return unpack_fields(in, value);
  }
}

}  // namespace

std::string encode(const FromWorker& message) { return to_bytes(message); }
std::string encode(const ToWorker& message) { return to_bytes(message); }
std::string encode(const Request& message) { return to_bytes(message); }
std::string encode(const Reply& message) { return to_bytes(message); }
std::string encode(const Record& record) { return to_bytes(record); }
std::string encode(const ToPeer& message) { return to_bytes(message); }
std::string encode(const FromPeer& message) { return to_bytes(message); }

template <class T>
std::optional<T> decode(std::string_view bytes) {
  Reader in(bytes);
  std::optional<T> value(std::in_place);
  if (!unpack(in, *value) || !in.at_end()) value.reset();
  return value;
}

template std::optional<FromWorker> decode(std::string_view);
template std::optional<ToWorker> decode(std::string_view);
template std::optional<Request> decode(std::string_view);
template std::optional<Reply> decode(std::string_view);
template std::optional<Record> decode(std::string_view);
template std::optional<ToPeer> decode(std::string_view);
template std::optional<FromPeer> decode(std::string_view);

std::optional<std::string_view> Framer::next() {
  if (taken_ > 0) {
    // Moving the rest to the front once per frame would be quadratic: only when half is used up.
    if (taken_ == buffer_.size())
      buffer_.clear(), taken_ = 0;
    else if (taken_ > buffer_.size() / 2)
      buffer_.erase(0, taken_), taken_ = 0;
  }
  if (broken_ || buffer_.size() - taken_ < 4) return {};
  const auto* bytes = reinterpret_cast<const unsigned char*>(buffer_.data() + taken_);
  const std::size_t length = (std::size_t{bytes[0]} << 24) | (std::size_t{bytes[1]} << 16) |
                             (std::size_t{bytes[2]} << 8) | bytes[3];
  if (length == 0 || length > limit_) return broken_ = true, std::nullopt;
  if (buffer_.size() - taken_ - 4 < length) return {};
  const std::string_view payload(buffer_.data() + taken_ + 4, length);
  taken_ += 4 + length;
  return payload;
}

std::string frame(std::string_view payload) {
  const auto n = static_cast<std::uint32_t>(payload.size());
  std::string bytes{static_cast<char>(n >> 24), static_cast<char>(n >> 16),
                    static_cast<char>(n >> 8), static_cast<char>(n)};
  return bytes.append(payload);
}

}  // namespace pcluster
