// Finds the tags of a template.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/script/tags.hpp"

#include <fmt/format.h>

#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

// Follows shell quoting through the template's text, as far as it matters to values set in there.
// Where it cannot know (here-documents), it says `unsafe`, so that it errs only towards refusing.
class Quoting {
 public:
  void line_starts(std::string_view line) {
    directive_ = state_ == State::code && line.starts_with('#');
    comment_ = escaped_ = false;
    word_starts_ = true;
  }

  void see(char c, std::string_view rest) {
    if (directive_ || comment_ || state_ == State::document) return;
    if (escaped_) {
      escaped_ = word_starts_ = false;
      return;
    }
    if (c == '\\' && state_ != State::single) {
      escaped_ = true;
      return;
    }
    switch (state_) {
      case State::single: state_ = c == '\'' ? State::code : state_; break;
      case State::twice: state_ = c == '"' ? State::code : state_; break;
      case State::back: state_ = c == '`' ? State::code : state_; break;
      case State::document: break;
      case State::code: see_code(c, rest); break;
    }
  }

  void see_tag() { word_starts_ = false; }

  Place place() const {
    if (directive_) return Place::directive;
    if (comment_ || escaped_) return Place::unsafe;
    if (state_ == State::code) return Place::code;
    return state_ == State::twice ? Place::double_quotes : Place::unsafe;
  }

 private:
  enum class State { code, single, twice, back, document };

  void see_code(char c, std::string_view rest) {
    if (c == '#' && word_starts_) comment_ = true;
    if (c == '\'') state_ = State::single;
    if (c == '"') state_ = State::twice;
    if (c == '`') state_ = State::back;
    if (c == '<' && before_ == '<') state_ = rest.starts_with('<') ? state_ : State::document;
    before_ = c == '<' && before_ == '<' ? '\0' : c;
    word_starts_ = std::string_view(" \t;&|()").find(c) != std::string_view::npos;
  }

  State state_ = State::code;
  bool directive_ = false, comment_ = false, escaped_ = false, word_starts_ = true;
  char before_ = '\0';
};

class Scan {
 public:
  explicit Scan(const std::string& file) : file_(file) {}

  void line(std::string_view line) {
    ++number_;
    if (line.starts_with("##")) return;
    quoting_.line_starts(line);
    for (std::size_t at = 0; at < line.size();) {
      if (!line.substr(at).starts_with("{{")) {
        quoting_.see(line[at], line.substr(at + 1));
        ++at;
        continue;
      }
      const auto end = line.find("}}", at);
      if (end == line.npos) fail("a `{{` without its `}}` on the same line");
      take(line.substr(at + 2, end - at - 2),
           trim(line.substr(0, at)).empty() && trim(line.substr(end + 2)).empty());
      at = end + 2;
    }
  }

  std::vector<Tag> finish() {
    if (!open_.empty()) {
      number_ = open_.back().line;
      fail(fmt::format("section `{}` is never closed", open_.back().name));
    }
    return std::move(tags_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(Exit::usage, fmt::format("{}:{}: {}", file_, number_, what));
  }

  void take(std::string_view inside, bool alone) {
    const std::string_view content = trim(inside);
    const char first = content.empty() ? '\0' : content.front();
    if (inside.starts_with('{') || first == '&')
      fail("`{{{x}}}` and `{{&x}}` are refused: every value is quoted for its place");
    if (first == '>' || first == '=') fail("partials and other delimiters are not supported");
    if (first == '!') return;
    const bool section = first == '#' || first == '^' || first == '/';
    Tag tag{section ? first : 'v', std::string(trim(content.substr(section ? 1 : 0))), number_,
            quoting_.place(), alone};
    if (tag.name.empty()) fail("a tag without a name");
    if (tag.kind == '#' || tag.kind == '^') open_.push_back(tag);
    if (tag.kind == '/') close(tag);
    if (tag.kind == 'v') quoting_.see_tag();
    tags_.push_back(std::move(tag));
  }

  void close(const Tag& tag) {
    if (open_.empty() || open_.back().name != tag.name)
      fail(fmt::format("`{{{{/{}}}}}` closes a section that is not open", tag.name));
    open_.pop_back();
  }

  const std::string& file_;
  std::size_t number_ = 0;
  Quoting quoting_;
  std::vector<Tag> tags_, open_;
};

}  // namespace

std::vector<Tag> find_tags(std::string_view text, const std::string& file) {
  Scan scan(file);
  for (const auto& line : split(text, '\n')) scan.line(line);
  return scan.finish();
}

}  // namespace pcluster
