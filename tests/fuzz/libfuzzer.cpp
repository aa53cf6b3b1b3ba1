// Where libFuzzer comes in (./dev fuzz).
// SPDX-License-Identifier: MIT
#include "tests/fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  pcluster::fuzz::run({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
