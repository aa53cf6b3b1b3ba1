// The text of `qstat -f`: records, sizes, times.  Pure.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "adapters/pbs.hpp"
#include "launcher/base/text.hpp"

namespace pcluster::pbs_text {
namespace {

constexpr std::array<std::string_view, 3> kinds{"Job Id", "Queue", "Server"};

// "Job Id: 12.server"; null when the line opens no record.
const std::string_view* kind_of(std::string_view line) {
  const auto found = std::ranges::find_if(kinds, [&](std::string_view kind) {
    return line.starts_with(kind) && line.substr(kind.size()).starts_with(':');
  });
  return found == kinds.end() ? nullptr : &*found;
}

struct Reader {
  std::vector<Record> all;
  bool tabs = false;            // "Job Id:<tab>5": Slurm's wrappers, whose attributes have a tab
  std::string* open = nullptr;  // the value that a next line may go on with

  void begin(std::string_view kind, std::string_view line) {
    const auto rest = line.substr(kind.size() + 1);
    tabs = rest.starts_with('\t');
    all.push_back({std::string(kind), std::string(trim(rest)), {}});
    open = nullptr;
  }

  void attribute(std::string_view line, std::size_t equals) {
    open = nullptr;
    const auto name = trim(line.substr(0, equals));
    auto& fields = all.back().fields;
    fields.emplace_back(name, line.substr(equals + 3));
    open = &fields.back().second;
  }

  void read(const std::string& line) {
    if (const auto* kind = kind_of(line)) return begin(*kind, line);
    if (all.empty()) return;
    const std::string_view indent = tabs ? "\t" : "    ";
    const auto equals = line.find(" = ");
    const bool names = equals != line.npos && line.starts_with(indent) &&
                       trim(line.substr(0, equals)).find(' ') == std::string_view::npos;
    if (names)
      attribute(line, equals);
    else if (open != nullptr && line.starts_with('\t'))
      *open += line.substr(1);
  }
};

}  // namespace

std::string_view Record::operator[](std::string_view name) const {
  const auto found = std::ranges::find_if(fields, [&](const auto& f) { return f.first == name; });
  return found == fields.end() ? std::string_view() : trim(found->second);
}

std::vector<Record> records(std::string_view text) {
  Reader reader;
  for (const auto& line : lines(text)) reader.read(line);
  return std::move(reader.all);
}

std::uint64_t size_mb(std::string_view text) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = to_integer(text.substr(0, digits));
  if (!number || *number <= 0 || *number > 1LL << 50) return 0;
  auto unit = text.substr(digits);
  const std::uint64_t word = unit.ends_with('w') ? 8 : 1;  // of 8 bytes
  const auto power =
      unit.empty() ? std::string_view::npos : std::string_view("kmgtp").find(unit[0]);
  const auto shift =
      power == std::string_view::npos ? 0u : 10u * (static_cast<unsigned>(power) + 1);
  const auto count = static_cast<std::uint64_t>(*number) * word;
  return shift >= 20 ? count << (shift - 20) : count >> (20 - shift);
}

Micros clock_time(std::string_view text) {
  constexpr long long most = 1'000'000'000;
  const auto parts = split(text, ':');
  Micros seconds = 0;
  for (const auto& part : parts) {
    const auto number = to_integer(part);
    if (!number || *number < 0 || *number > most || parts.size() > 3) return 0;
    seconds = seconds * 60 + *number;
  }
  return seconds > most ? 0 : seconds * second;
}

std::string show_clock(Micros time) {
  const auto seconds = (time + second - 1) / second;  // never less than was asked for
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

Micros unix_of(std::string_view utc) {
  auto words = split(utc, ' ');  // "Sun Nov  1 ...": two blanks
  std::erase(words, "");
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  constexpr std::array<int, 12> before{0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  if (words.size() != 5 || words[1].size() != 3) return 0;
  const auto month = months.find(words[1]);
  const auto day = to_integer(words[2]), year = to_integer(words[4]);
  if (month >= months.size() || month % 3 != 0 || !day || !year) return 0;
  if (*day < 1 || *day > 31 || *year < 1970 || *year > 9999) return 0;
  const auto leaps = [](long long to) { return to / 4 - to / 100 + to / 400; };
  const bool after_february = month > 3;
  const auto days = 365 * (*year - 1970) + leaps(after_february ? *year : *year - 1) - leaps(1969) +
                    before[month / 3] + *day - 1;
  return days * 86400 * second + clock_time(words[3]);
}

std::string plain_id(std::string_view id) { return std::string(id.substr(0, id.find('.'))); }

bool is_array(std::string_view plain) { return plain.ends_with("[]"); }

}  // namespace pcluster::pbs_text
