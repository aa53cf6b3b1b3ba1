// MessagePack, as much of it as the codec needs: numbers in their shortest form, bytes, arrays,
// nil, booleans.  Written and read in place, without a tree between.  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace pcluster::message_pack {

template <std::unsigned_integral T>
T big_endian(T value) {
  if constexpr (std::endian::native == std::endian::big || sizeof(T) == 1) return value;
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
}

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void nil() { out_ += '\xc0'; }
  void boolean(bool value) { out_ += value ? '\xc3' : '\xc2'; }
  void number(std::unsigned_integral auto value) { positive(value); }
  void number(std::signed_integral auto value) {
    value < 0 ? negative(value) : positive(static_cast<std::uint64_t>(value));
  }
  void bytes(std::string_view value) {
    const auto size = static_cast<std::uint32_t>(value.size());
    if (size <= 0xff)
      tagged(0xc4, static_cast<std::uint8_t>(size));
    else if (size <= 0xffff)
      tagged(0xc5, static_cast<std::uint16_t>(size));
    else
      tagged(0xc6, size);
    out_.append(value);
  }
  void array(std::uint32_t size) {
    if (size < 16)
      out_ += static_cast<char>(0x90 | size);
    else if (size <= 0xffff)
      tagged(0xdc, static_cast<std::uint16_t>(size));
    else
      tagged(0xdd, size);
  }

 private:
  void positive(std::uint64_t value) {
    if (value < 0x80)
      out_ += static_cast<char>(value);
    else if (value <= 0xff)
      tagged(0xcc, static_cast<std::uint8_t>(value));
    else if (value <= 0xffff)
      tagged(0xcd, static_cast<std::uint16_t>(value));
    else if (value <= 0xffff'ffff)
      tagged(0xce, static_cast<std::uint32_t>(value));
    else
      tagged(0xcf, value);
  }
  void negative(std::int64_t value) {
    if (value >= -32)
      out_ += static_cast<char>(value);
    else if (std::in_range<std::int8_t>(value))
      tagged(0xd0, static_cast<std::uint8_t>(value));
    else if (std::in_range<std::int16_t>(value))
      tagged(0xd1, static_cast<std::uint16_t>(value));
    else if (std::in_range<std::int32_t>(value))
      tagged(0xd2, static_cast<std::uint32_t>(value));
    else
      tagged(0xd3, static_cast<std::uint64_t>(value));
  }
  template <class T>
  void tagged(unsigned tag, T value) {
    char text[1 + sizeof value];
    text[0] = static_cast<char>(tag);
    value = big_endian(value);
    std::memcpy(text + 1, &value, sizeof value);
    out_.append(text, sizeof text);
  }

  std::string& out_;
};

// Every call says whether that stood there; what did not fit is not to be read on.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }

  bool is_nil() const { return !rest_.empty() && rest_.front() == '\xc0'; }
  bool nil() { return is_nil() && drop(1); }
  bool boolean(bool& value) {
    if (rest_.empty() || (peek() != 0xc2 && peek() != 0xc3)) return false;
    value = peek() == 0xc3;
    return drop(1);
  }
  template <std::integral T>
  bool number(T& value) {
    if (rest_.empty()) return false;
    const unsigned tag = peek();
    if (tag < 0x80) return drop(1) && fits(std::uint64_t{tag}, value);
    if (tag >= 0xe0) return drop(1) && fits(static_cast<std::int64_t>(tag) - 0x100, value);
    switch (tag) {
      case 0xcc: return wide<std::uint8_t>(value);
      case 0xcd: return wide<std::uint16_t>(value);
      case 0xce: return wide<std::uint32_t>(value);
      case 0xcf: return wide<std::uint64_t>(value);
      case 0xd0: return wide<std::int8_t>(value);
      case 0xd1: return wide<std::int16_t>(value);
      case 0xd2: return wide<std::int32_t>(value);
      case 0xd3: return wide<std::int64_t>(value);
      default: return false;
    }
  }
  bool bytes(std::string_view& value) {
    std::uint32_t size = 0;
    if (rest_.empty() || peek() < 0xc4 || peek() > 0xc6 || !length(peek() - 0xc4u, size))
      return false;
    if (size > rest_.size()) return false;
    value = rest_.substr(0, size);
    return drop(size);
  }
  bool array(std::uint32_t& size) { return sized(0x90, 0xdc, size); }

  // One value of any kind, and all that is in it.
  bool skip();

 private:
  unsigned char peek() const { return static_cast<unsigned char>(rest_.front()); }
  bool drop(std::size_t count) {
    if (count > rest_.size()) return false;
    rest_.remove_prefix(count);
    return true;
  }
  template <class T>
  bool plain(T& value) {  // behind its tag
    if (rest_.size() < 1 + sizeof(T)) return false;
    std::make_unsigned_t<T> raw;
    std::memcpy(&raw, rest_.data() + 1, sizeof raw);
    value = static_cast<T>(big_endian(raw));
    return drop(1 + sizeof(T));
  }
  template <class Stored, class T>
  bool wide(T& value) {
    Stored stored{};
    return plain(stored) && fits(stored, value);
  }
  template <class Stored, class T>
  static bool fits(Stored stored, T& value) {
    value = static_cast<T>(stored);
    return std::in_range<T>(stored);
  }
  // One, two or four bytes of length: width 0, 1, 2.
  bool length(unsigned width, std::uint32_t& size) {
    std::uint8_t one = 0;
    std::uint16_t two = 0;
    if (width == 2) return plain(size);
    const bool there = width == 1 ? plain(two) : plain(one);
    size = width == 1 ? two : one;
    return there;
  }
  bool sized(unsigned fixed, unsigned wide_tag, std::uint32_t& size) {
    if (rest_.empty()) return false;
    const unsigned tag = peek();
    if ((tag & 0xf0) == fixed) return size = tag & 0x0f, drop(1);
    return (tag == wide_tag || tag == wide_tag + 1) && length(tag - wide_tag + 1, size);
  }

  std::string_view rest_;
};

// Without recursion: how deep a stranger nests does not matter.
inline bool Reader::skip() {
  constexpr unsigned char fixed_sizes[] = {5, 9, 2, 3, 5, 9, 2, 3, 5, 9, 3, 4, 6, 10, 18};
  for (std::uint64_t values = 1; values > 0; --values) {
    if (rest_.empty()) return false;
    const unsigned tag = peek();
    std::uint32_t size = 0;
    bool there = true;
    if (tag < 0x80 || tag >= 0xe0 || tag == 0xc0 || tag == 0xc2 || tag == 0xc3) {
      drop(1);
    } else if (tag < 0x90 || tag == 0xde || tag == 0xdf) {
      there = sized(0x80, 0xde, size);
      values += 2 * std::uint64_t{size};
    } else if (tag < 0xa0 || tag == 0xdc || tag == 0xdd) {
      there = sized(0x90, 0xdc, size);
      values += size;
    } else if (tag < 0xc0) {
      there = drop(1 + (tag & 0x1f));
    } else if (tag >= 0xca && tag <= 0xd8) {  // numbers, fixed extensions
      there = drop(fixed_sizes[tag - 0xca]);
    } else if (tag >= 0xd9) {  // texts
      there = length(tag - 0xd9, size) && drop(size);
    } else if (tag >= 0xc4) {  // bytes; extensions have a byte more
      const bool extension = tag >= 0xc7;
      there = length(tag - (extension ? 0xc7 : 0xc4), size) && drop(std::size_t{size} + extension);
    } else {
      there = false;  // 0xc1 is never used
    }
    if (!there) return false;
  }
  return true;
}

}  // namespace pcluster::message_pack
