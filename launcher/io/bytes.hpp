// Fixed-size numbers in files, little-endian on every host.  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace pcluster {

template <class T>
void put_at(char* place, T value) {
  auto rest = static_cast<std::make_unsigned_t<T>>(value);
  for (std::size_t i = 0; i < sizeof(T); ++i, rest = static_cast<decltype(rest)>(rest >> 7 >> 1))
    place[i] = static_cast<char>(rest & 0xff);
}

template <class T>
void put(std::string& bytes, T value) {
  char text[sizeof(T)];
  put_at(text, value);
  bytes.append(text, sizeof text);
}

// Takes a number off the front; the caller has checked that it is there.
template <class T>
T take(std::string_view& bytes) {
  std::make_unsigned_t<T> value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<decltype(value)>(
        value | static_cast<decltype(value)>(static_cast<unsigned char>(bytes[i])) << (8 * i));
  bytes.remove_prefix(sizeof(T));
  return static_cast<T>(value);
}

}  // namespace pcluster
