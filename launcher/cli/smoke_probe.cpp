// What the ranks of the MPI probe said, read from their output.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include "launcher/cli/smoke_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

void add_once(std::vector<std::string>& to, std::string text) {
  if (std::ranges::find(to, text) == to.end()) to.push_back(std::move(text));
}

std::optional<std::uint64_t> number(const std::string& text) {
  const auto value = to_integer(text);
  if (!value || *value < 0) return {};
  return static_cast<std::uint64_t>(*value);
}

std::pair<std::string, std::string> halves(const std::string& text) {
  const auto at = text.find('=');
  if (at == text.npos) return {text, ""};
  return {text.substr(0, at), text.substr(at + 1)};
}

ProbePlace read_place(const std::vector<std::string>& words) {
  ProbePlace place;
  for (const auto& word : words) {
    const auto [key, value] = halves(word);
    if (key == "host") place.host = value;
    if (key == "memlock_kb") place.memlock_kb = number(value);
    if (key == "shm_mb") place.shm_mb = number(value);
    if (key == "fabric") place.fabrics.push_back(value);
    if (key == "net") place.interfaces.push_back(halves(value));
    if (key == "set") place.variables.push_back(halves(value));
  }
  return place;
}

std::optional<ProbeRank> read_rank(const std::string& line) {
  const auto at = line.find("hello from rank ");
  if (at == line.npos) return {};
  char host[257], cores[513], reach[513];
  unsigned rank = 0, ranks = 0;
  if (std::sscanf(line.c_str() + at,
                  "hello from rank %u of %u on %256[^, ], cores %512[0-9,?-] of %512[0-9,?-]",
                  &rank, &ranks, host, cores, reach) != 5)
    return {};
  return ProbeRank{rank, ranks, host, parse_cores(cores), parse_cores(reach)};
}

std::optional<PairSpeed> read_pair(const std::string& line) {
  char from[257], to[257];
  PairSpeed pair;
  const auto at = line.find("pair ");
  if (at == line.npos ||
      std::sscanf(line.c_str() + at, "pair %256s %*d %256s %*d latency_us %lf mb_s %lf", from, to,
                  &pair.latency_us, &pair.mb_per_second) != 4)
    return {};
  pair.from = from, pair.to = to;
  return pair;
}

std::string word_between(const std::string& line, std::string_view before, std::string_view after) {
  const auto at = line.find(before);
  if (at == line.npos) return {};
  const auto begin = at + before.size(), end = line.find(after, begin);
  return end == line.npos ? std::string() : line.substr(begin, end - begin);
}

// Open MPI 4 (pml and mtl: "select: component ob1 selected"; btl by bml_r2) and UCX say so when the
// probe asks them.
void read_transport(const std::string& line, ProbeOutput& output) {
  if (auto name = word_between(line, "select: component ", " selected"); !name.empty())
    add_once(output.messaging, std::move(name));
  if (auto name = word_between(line, "mca: bml: Using ", " btl for send"); !name.empty())
    add_once(output.byways, std::move(name));
  if (line.find("ep_cfg[") == line.npos) return;
  add_once(output.messaging, "ucx");
  for (const auto& lane : split(word_between(line, "tag(", ")"), ' '))
    add_once(output.byways, split(lane, '/').front());
}

}  // namespace

std::size_t ProbeOutput::hosts() const {
  std::set<std::string> names;
  for (const auto& place : places) names.insert(place.host);
  for (const auto& rank : ranks) names.insert(rank.host);
  return names.size();
}

ProbeOutput read_probe(const std::string& text) {
  ProbeOutput output;
  for (const auto& line : lines(text)) {
    if (const auto at = line.find("place host="); at != line.npos)
      output.places.push_back(read_place(split(line.substr(at), ' ')));
    if (auto rank = read_rank(line)) output.ranks.push_back(std::move(*rank));
    if (auto pair = read_pair(line)) output.pairs.push_back(std::move(*pair));
    if (line.starts_with("allreduce ok ")) output.sum = number(line.substr(13));
    read_transport(line, output);
  }
  return output;
}

std::vector<int> parse_cores(const std::string& text) {
  std::vector<int> cores;
  for (const auto& part : split(text, ',')) {
    int first = 0, last = 0;
    const int got = std::sscanf(part.c_str(), "%d-%d", &first, &last);
    if (got == 1) last = first;
    for (int core = first; got > 0 && core <= last && core < first + 65536; ++core)
      cores.push_back(core);
  }
  return cores;
}

std::string show_cores(const std::vector<int>& cores) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < cores.size();) {
    std::size_t end = i + 1;
    while (end < cores.size() && cores[end] == cores[end - 1] + 1) ++end;
    parts.push_back(end - i == 1 ? std::to_string(cores[i])
                                 : fmt::format("{}-{}", cores[i], cores[end - 1]));
    i = end;
  }
  return join(parts, ",");
}

std::string transport(const ProbeOutput& output, bool one_host) {
  // Memory that both see is taken wherever it can be, and cannot be between hosts.
  static const std::set<std::string> memory{"vader", "sm",  "smcuda", "sysv",
                                            "posix", "cma", "xpmem",  "knem"};
  std::vector<std::string> near, far;
  for (const auto& name : output.byways)
    if (name != "self") (memory.contains(name) ? near : far).push_back(name);
  const auto& over = one_host && !near.empty() ? near : far;
  if (output.messaging.empty() && over.empty()) return "transport not known";
  const auto messaging = join(output.messaging, "+");
  return over.empty() ? messaging : fmt::format("{} over {}", messaging, join(over, "+"));
}

namespace {

// Three digits of a latency in us, whatever its size.
std::string show_us(double us) {
  return fmt::format("{:.{}f}", us, us < 10 ? 2 : us < 100 ? 1 : 0);
}

}  // namespace

std::string show_pairs(const std::vector<PairSpeed>& pairs) {
  if (pairs.empty()) return "nothing was measured";
  const auto [near, far] = std::ranges::minmax_element(pairs, {}, &PairSpeed::latency_us);
  const auto [slow, fast] = std::ranges::minmax_element(pairs, {}, &PairSpeed::mb_per_second);
  if (pairs.size() == 1)
    return fmt::format("{} us, {:.0f} MB/s", show_us(near->latency_us), near->mb_per_second);
  return fmt::format("{} pairs: {} to {} us ({}-{}), {:.0f} to {:.0f} MB/s ({}-{} slowest)",
                     pairs.size(), show_us(near->latency_us), show_us(far->latency_us), far->from,
                     far->to, slow->mb_per_second, fast->mb_per_second, slow->from, slow->to);
}

}  // namespace pcluster
