// Where calls to other hosts end, in words.  Pure: text only.
// SPDX-License-Identifier: MIT
#include "launcher/io/hops.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

constexpr std::string_view beginning = "no way to the launcher: ";

// In the order of what tells most; the words are those of the kernel, the resolver and our TLS.
constexpr std::pair<std::string_view, std::string_view> kinds[] = {
    {"refused", "refused"},
    {"No route to host", "no route"},
    {"unreachable", "unreachable"},
    {"timed out", "timed out"},
    {"no answer", "timed out"},
    {"took too long", "timed out"},
    {"cannot resolve", "name unknown"},
    {"key", "wrong key"},
    {"another protocol", "wrong key"},
    {"TLS", "wrong key"},
    {"closed", "cut off"},
    {"reset by peer", "cut off"},
};

bool is_loopback(std::string_view error) {
  return error.starts_with("127.") || error.starts_with("[::1]");
}

}  // namespace

std::string_view failure_kind(std::string_view error) {
  for (const auto& [words, kind] : kinds)
    if (error.find(words) != error.npos) return kind;
  return "failed";
}

std::vector<std::string> telling_errors(const std::vector<std::string>& errors) {
  std::vector<std::string> telling;
  for (const auto& error : errors)
    if (!is_loopback(error)) telling.push_back(error);
  return telling.empty() ? errors : telling;
}

std::string no_way_text(const std::string& host, const std::vector<std::string>& all) {
  const auto errors = telling_errors(all);
  using Count = std::pair<std::string_view, int>;
  std::vector<Count> counts;
  for (const auto& error : errors) {
    const auto kind = failure_kind(error);
    const auto known = std::ranges::find(counts, kind, &Count::first);
    if (known == counts.end())
      counts.emplace_back(kind, 1);
    else
      ++known->second;
  }
  std::ranges::stable_sort(counts, std::ranges::greater{}, &Count::second);
  std::vector<std::string> words;
  for (const auto& [kind, count] : counts) words.push_back(fmt::format("{} {}", count, kind));
  return fmt::format("{}{} address{} tried from {}: {} ({})", beginning, errors.size(),
                     errors.size() == 1 ? "" : "es", host, join(words, ", "), join(errors, "; "));
}

std::string obstacle_text(const std::string& host, const std::string& why) {
  return fmt::format("{}from {}: {}", beginning, host, why);
}

std::optional<std::string> no_way_in(std::string_view log) {
  const auto at = log.rfind(beginning);
  if (at == log.npos) return {};
  auto sentence = log.substr(at + beginning.size());
  sentence = sentence.substr(0, sentence.find('\n'));
  return printable(trim(sentence.substr(0, sentence.find(" ("))));
}

}  // namespace pcluster
