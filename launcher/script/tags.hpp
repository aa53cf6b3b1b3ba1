// The {{tags}} of a template and the places they stand in, as a shell would see them.  Pure.
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pcluster {

enum class Place : std::uint8_t {
  code,           // plain shell: the only place where a quoted word holds
  double_quotes,  // the shell still expands our own code here
  directive,      // a line that starts with `#`
  unsafe,         // '...', `...`, after a backslash, in a comment, from a here-document on
};

struct Tag {
  char kind = 'v';  // v: a value; otherwise `#` `^` `/`
  std::string name;
  std::size_t line = 0;
  Place place = Place::code;
  bool alone = false;  // nothing else on its line
};

// In order; sections are known to be balanced.  Throws Error on what we do not allow in templates.
std::vector<Tag> find_tags(std::string_view text, const std::string& file);

}  // namespace pcluster
