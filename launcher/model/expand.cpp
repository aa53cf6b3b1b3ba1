// What braces in the words of a task stand for.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/model/expand.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pcluster {
namespace {

constexpr std::array<std::string_view, 4> forms{"/.", "//", "/", "."};  // longer ones first

constexpr std::array<std::string_view, 16> our_variables{
    "PCLUSTER_CLUSTER", "PCLUSTER_WORKLOAD",  "PCLUSTER_TASK",   "PCLUSTER_TRIAL",
    "PCLUSTER_INDEX",   "PCLUSTER_ATTEMPT",   "PCLUSTER_WORKER", "PCLUSTER_CORES",
    "PCLUSTER_MEM_MB",  "PCLUSTER_LOCAL_DIR", "PCLUSTER_RESULT", "PCLUSTER_DIR",
    "PCLUSTER_SHARE",   "PCLUSTER_SITE",      "PCLUSTER_JOB_ID", "PCLUSTER_CHANNEL"};

std::pair<std::string_view, std::string_view> split_form(std::string_view inner) {
  for (const auto form : forms)
    if (inner.ends_with(form)) return {inner.substr(0, inner.size() - form.size()), form};
  return {inner, {}};
}

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string_view directory_of(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// A dot that begins the last part hides the file and begins no extension.
std::string_view without_extension(std::string_view path) {
  const auto name = last_part(path);
  const auto dot = name.rfind('.');
  const bool has_one = dot != name.npos && dot > 0;
  return has_one ? path.substr(0, path.size() - (name.size() - dot)) : path;
}

std::string in_form(std::string_view form, const std::string& value) {
  if (form == ".") return std::string(without_extension(value));
  if (form == "/") return std::string(last_part(value));
  if (form == "//") return std::string(directory_of(value));
  if (form == "/.") return std::string(without_extension(last_part(value)));
  return value;
}

bool is_name(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./").find(c) != std::string_view::npos;
  });
}

// What `{{name}}` is at the beginning of `rest`; nothing: it is not that.
std::optional<std::string_view> escaped_name(std::string_view rest) {
  if (!rest.starts_with("{{")) return {};
  const auto end = rest.find_first_of("{}", 2);
  if (end == rest.npos || !rest.substr(end).starts_with("}}")) return {};
  const auto name = rest.substr(2, end - 2);
  return is_name(name) ? std::optional(name) : std::nullopt;
}

// The word in order: `text` gets what stays, `braced` what stands between braces; when that says
// no, they stay, too.  `{{name}}` is the text {name}, if `may_mean` says that {name} could mean
// something; all other braces are the program's (JSON, awk), and `${...}` is a shell's own.
template <class Text, class Each, class May>
void walk(std::string_view word, Text text, Each braced, May may_mean) {
  std::size_t at = 0;
  while (at < word.size()) {
    const auto next = std::min(word.find('{', at), word.size());
    text(word.substr(at, next - at));
    if (next == word.size()) return;
    const auto rest = word.substr(next);
    std::size_t length = 1;
    if (const auto name = escaped_name(rest); name && may_mean(*name)) {
      length = name->size() + 4;
      text(rest.substr(1, length - 2));
    } else {
      const auto end = rest.find_first_of("{}", 1);
      const bool closed = end != rest.npos && rest[end] == '}';
      const bool after_dollar = next > 0 && word[next - 1] == '$';
      if (closed) length = end + 1;
      if (!closed || after_dollar || !braced(rest.substr(1, end - 1))) text(rest.substr(0, length));
    }
    at = next + length;
  }
}

}  // namespace

TrialText::TrialText(const std::vector<std::string>& columns, std::string_view trial,
                     std::uint32_t index)
    : columns_(columns),
      trial_(trial),
      index_(index),
      first_(!columns.empty() && columns.front() == "index" ? 1 : 0) {
  values_.reserve(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto tab = i + 1 < columns.size() ? trial.find('\t') : trial.npos;
    values_.push_back(trial.substr(0, tab));
    trial = tab == trial.npos ? std::string_view() : trial.substr(tab + 1);
  }
}

const std::string_view* TrialText::column(std::string_view name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  return found == columns_.end() ? nullptr
                                 : &values_[static_cast<std::size_t>(found - columns_.begin())];
}

std::string TrialText::number(std::size_t at) const { return std::to_string(at - first_ + 1); }

std::optional<std::string> TrialText::value() const {
  if (const auto* one = column("trial")) return std::string(*one);
  std::optional<std::string> all;
  for (auto i = first_; i < columns_.size() && columns_[i] == number(i); ++i)
    all = all ? *all + " " + std::string(values_[i]) : std::string(values_[i]);
  return all;
}

std::string TrialText::index() const {
  return first_ > 0 ? std::string(values_.front()) : std::to_string(index_);
}

std::string TrialText::whole() const {
  return columns_.empty() ? std::string(trial_) : value().value_or(index());
}

std::optional<std::string> TrialText::named(std::string_view name) const {
  if (name.empty()) return value();
  if (const auto* one = column(name)) return std::string(*one);
  if (name == "trial") return whole();
  if (name == "index") return index();
  for (auto i = first_; i < columns_.size(); ++i)
    if (name == number(i)) return std::string(values_[i]);
  return {};
}

std::optional<std::string> TrialText::find(std::string_view braced) const {
  if (auto found = named(braced)) return found;
  const auto [name, form] = split_form(braced);
  if (form.empty() || columns_.empty()) return {};
  auto found = named(name);
  if (found) *found = in_form(form, *found);
  return found;
}

bool TrialText::may_mean(std::string_view name) const {
  return !columns_.empty() || name == "trial" || name == "index";
}

std::string expand(const std::string& word, const TrialText& trial) {
  std::string out;
  walk(
      word, [&](std::string_view text) { out += text; },
      [&](std::string_view inner) {
        const auto found = trial.find(inner);
        if (found) out += *found;
        return found.has_value();
      },
      [&](std::string_view name) { return trial.may_mean(name); });
  return out;
}

std::vector<std::string> expand(const std::vector<std::string>& argv, const TrialText& trial) {
  std::vector<std::string> words;
  words.reserve(argv.size());
  for (const auto& word : argv) words.push_back(expand(word, trial));
  return words;
}

std::vector<std::string_view> braced_in(std::string_view word) {
  std::vector<std::string_view> all;
  walk(
      word, [](std::string_view) {},
      [&](std::string_view inner) {
        all.push_back(inner);
        return true;
      },
      [](std::string_view) { return true; });
  return all;
}

std::string_view name_of_braced(std::string_view inner) { return split_form(inner).first; }

std::string column_variable(std::string_view column) {
  std::string name = "PCLUSTER_";
  for (const char c : column) {
    const bool lower = c >= 'a' && c <= 'z';
    const bool plain = lower || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += lower ? static_cast<char>(c - 'a' + 'A') : plain ? c : '_';
  }
  const bool ours =
      std::find(our_variables.begin(), our_variables.end(), name) != our_variables.end();
  return ours ? std::string() : name;
}

}  // namespace pcluster
