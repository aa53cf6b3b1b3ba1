// Profiles of sites, configurations, and partitions as others list them: values, or an Error.
// SPDX-License-Identifier: MIT
#include <string>

#include "launcher/base/error.hpp"
#include "launcher/script/site.hpp"
#include "launcher/script/site_import.hpp"
#include "tests/fuzz/target.hpp"

namespace pcluster::fuzz {
namespace {

template <class Parse>
void read(Parse parse) {
  try {
    static_cast<void>(parse());
  } catch (const Error& error) { must(error.what()[0] != '\0', "an error says something"); }
}

}  // namespace

void run(std::string_view input) {
  read([&] { return parse_site(input, "fuzz.yaml"); });
  read([&] { return parse_configuration(input, "fuzz.yaml"); });
  read([&] { return import_partitions(input, "fuzz.yaml"); });
}

}  // namespace pcluster::fuzz
