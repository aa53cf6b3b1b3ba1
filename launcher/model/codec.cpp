// MessagePack for every message and record: a struct is the array of its fields, in order; a sum is
// [tag, value].  Shorter arrays decode with defaults, longer ones drop what is new.  Pure.
// SPDX-License-Identifier: MIT
#include "launcher/model/codec.hpp"

#include <cstring>
#include <limits>
#include <msgpack.hpp>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "launcher/model/fields.hpp"

namespace pcluster {
namespace {

using Packer = msgpack::packer<msgpack::sbuffer>;
using Object = msgpack::object;

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
void pack(Packer& out, const T& value) {
  if constexpr (std::is_enum_v<T>) {
    out.pack(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_arithmetic_v<T>) {
    out.pack(value);
  } else if constexpr (std::is_same_v<T, std::string>) {  // any bytes: arguments need not be UTF-8
    out.pack_bin(static_cast<std::uint32_t>(value.size()));
    out.pack_bin_body(value.data(), static_cast<std::uint32_t>(value.size()));
  } else if constexpr (IsVector<T>::value) {
    out.pack_array(static_cast<std::uint32_t>(value.size()));
    for (const auto& element : value) pack(out, element);
  } else if constexpr (IsOptional<T>::value) {
    value ? pack(out, *value) : static_cast<void>(out.pack_nil());
  } else if constexpr (IsVariant<T>::value) {
    out.pack_array(2);
    out.pack(static_cast<std::uint32_t>(value.index()));
    std::visit([&](const auto& chosen) { pack(out, chosen); }, value);
  } else if constexpr (IsPair<T>::value) {
    out.pack_array(2);
    pack(out, value.first);
    pack(out, value.second);
  } else {
    const auto all = fields::tie(value);
    out.pack_array(static_cast<std::uint32_t>(std::tuple_size_v<decltype(all)>));
    std::apply([&](const auto&... field) { (pack(out, field), ...); }, all);
  }
}

template <class T>
std::string to_bytes(const T& value) {
  msgpack::sbuffer buffer;
  Packer out(buffer);
  pack(out, value);
  return {buffer.data(), buffer.size()};
}

// ---------------------------------------------------------------- bytes to values

template <class T>
bool unpack(const Object& in, T& value);

template <class T>
bool unpack_number(const Object& in, T& value) {
  using Limits = std::numeric_limits<T>;
  if constexpr (std::is_same_v<T, bool>) {
    if (in.type != msgpack::type::BOOLEAN) return false;
    value = in.via.boolean;
    return true;
  } else {
    if (in.type == msgpack::type::POSITIVE_INTEGER) {
      if (in.via.u64 > static_cast<std::uint64_t>(Limits::max())) return false;
      value = static_cast<T>(in.via.u64);
      return true;
    }
    if (in.type != msgpack::type::NEGATIVE_INTEGER || !Limits::is_signed) return false;
    if (in.via.i64 < static_cast<std::int64_t>(Limits::min())) return false;
    value = static_cast<T>(in.via.i64);
    return true;
  }
}

bool is_array(const Object& in) { return in.type == msgpack::type::ARRAY; }

template <class T>
bool unpack_vector(const Object& in, std::vector<T>& value) {
  if (!is_array(in)) return false;
  value.clear();
  value.resize(in.via.array.size);
  for (std::uint32_t i = 0; i < in.via.array.size; ++i)
    if (!unpack(in.via.array.ptr[i], value[i])) return false;
  return true;
}

template <class Sum, std::size_t I = 0>
bool unpack_choice(std::uint32_t tag, const Object& in, Sum& value) {
  if constexpr (I == std::variant_size_v<Sum>) {
    return false;  // a tag from a newer peer
  } else {
    if (tag != I) return unpack_choice<Sum, I + 1>(tag, in, value);
    return unpack(in, value.template emplace<I>());
  }
}

template <class T>
bool unpack_fields(const Object& in, T& value) {
  if (!is_array(in)) return false;
  const auto all = fields::tie(value);
  std::uint32_t i = 0;
  const auto take = [&](auto& field) {
    if (i >= in.via.array.size) return true;  // an older peer: the default stays
    return unpack(in.via.array.ptr[i++], field);
  };
  return std::apply([&](auto&... field) { return (take(field) && ...); }, all);
}

template <class T>
bool unpack(const Object& in, T& value) {
  if constexpr (std::is_enum_v<T>) {
    std::underlying_type_t<T> number{};
    if (!unpack_number(in, number)) return false;
    if constexpr (std::is_same_v<T, TaskState>) {
      if (number > static_cast<std::uint8_t>(TaskState::cancelled)) return false;
    }
    if constexpr (std::is_same_v<T, JobState>) {
      if (number > static_cast<std::uint8_t>(JobState::unknown)) return false;
    }
    if constexpr (std::is_same_v<T, Span>) {
      if (number > static_cast<std::uint8_t>(Span::worker)) return false;
    }
    value = static_cast<T>(number);
    return true;
  } else if constexpr (std::is_arithmetic_v<T>) {
    return unpack_number(in, value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (in.type != msgpack::type::BIN) return false;
    value.assign(in.via.bin.ptr, in.via.bin.size);
    return true;
  } else if constexpr (IsVector<T>::value) {
    return unpack_vector(in, value);
  } else if constexpr (IsOptional<T>::value) {
    if (in.type == msgpack::type::NIL) return value.reset(), true;
    return unpack(in, value.emplace());
  } else if constexpr (IsVariant<T>::value) {
    std::uint32_t tag = 0;
    if (!is_array(in) || in.via.array.size != 2 || !unpack_number(in.via.array.ptr[0], tag))
      return false;
    return unpack_choice(tag, in.via.array.ptr[1], value);
  } else if constexpr (IsPair<T>::value) {
    return is_array(in) && in.via.array.size == 2 && unpack(in.via.array.ptr[0], value.first) &&
           unpack(in.via.array.ptr[1], value.second);
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
  // Limits per kind: no length field of a hostile peer makes us allocate much more than a frame.
  constexpr std::size_t most = 1u << 20;  // elements
  const msgpack::unpack_limit limit(most, most, max_frame, max_frame, 0, 16);
  try {
    std::size_t used = 0;
    const auto handle = msgpack::unpack(bytes.data(), bytes.size(), used, nullptr, nullptr, limit);
    T value;
    if (used != bytes.size() || !unpack(handle.get(), value)) return {};
    return value;
  } catch (const msgpack::unpack_error&) {  // cut short or malformed
    return {};
  } catch (const std::bad_alloc&) {  // an array that claims more than memory
    return {};
  }
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
