// `#PBS` lines: those that PBS and Torque share, and the user's own among them.  Pure.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "adapters/pbs.hpp"
#include "launcher/base/error.hpp"
#include "launcher/base/text.hpp"

namespace pcluster::pbs_text {
namespace {

// "-l walltime=1:00:00,mem=4gb" is walltime and mem; "-W umask=22" is umask; "-q small" is q; and
// so are the bare names that people drop.
std::vector<std::string> names_of(std::string_view line) {
  line = trim(line);
  const bool option = line.starts_with('-');
  line.remove_prefix(std::min(line.find_first_not_of('-'), line.size()));
  if (line.empty()) return {};
  const bool list =
      line.size() > 1 && (line[0] == 'l' || line[0] == 'W') && (option || line[1] == ' ');
  if (!list) {
    const auto bare = std::string(line.substr(0, line.find_first_of("= \t")));
    return {option ? bare.substr(0, 1) : bare};
  }
  std::vector<std::string> names;
  for (const auto& part : split(trim(line.substr(1)), ','))
    names.emplace_back(trim(part).substr(0, trim(part).find_first_of("= \t")));
  return names;
}

bool among(const std::string& name, const std::vector<std::string>& names) {
  return std::ranges::find(names, name) != names.end();
}

void drop(std::vector<Directive>& all, std::string_view dropped, const Rules& rules) {
  for (const auto& name : names_of(dropped)) {
    if (!among(name, rules.ours))
      throw Error(Exit::usage,
                  fmt::format("\"{}\" is none of the directives that pcluster writes{}",
                              printable(dropped), did_you_mean(name, rules.ours)),
                  "they are " + join(rules.ours, ", "));
    std::erase_if(all, [&](const auto& directive) { return directive.name == name; });
  }
}

std::string add_users(std::vector<Directive>& all, std::string_view line, const Rules& rules) {
  line = trim(line);
  if (line.starts_with("#PBS")) line = trim(line.substr(4));
  const auto names = names_of(line);
  if (!line.starts_with('-') || names.empty() || names.front().empty())
    throw Error(Exit::usage, fmt::format("\"{}\" is not a directive of PBS", printable(line)),
                "write it as in a job script: --directive \"-l place=excl\"");
  for (const auto& name : names) {
    if (among(name, rules.kept))
      throw Error(Exit::usage,
                  fmt::format("pcluster sets -{} itself: it finds its jobs by it", name),
                  "leave that directive out; --jobs says how many jobs there are");
    const bool ruled =
        std::ranges::any_of(all, [&](const auto& d) { return d.name == rules.rule; });
    if (ruled && among(name, rules.beside))
      throw Error(Exit::usage, fmt::format("-l {} cannot stand beside -l {}", name, rules.rule),
                  fmt::format("give the whole of it: --directive \"-l {}=...\"; or leave ours out "
                              "with --drop-directive {}",
                              rules.rule, rules.rule));
    std::erase_if(all, [&](const auto& directive) { return directive.name == name; });
  }
  return std::string(line);
}

}  // namespace

// Within quotes, qsub takes everything as it is, up to the same quote.
std::string quoted(const std::string& value, std::string_view what) {
  if (value.find_first_of(" \t\"'\\#") == value.npos) return value;
  for (const char quote : {'"', '\''})
    if (value.find(quote) == value.npos) return quote + value + quote;
  throw Error(Exit::usage,
              fmt::format("the {} {} holds both kinds of quotes, which #PBS lines cannot carry",
                          what, printable(value)),
              "choose another name");
}

std::string output_path(const JobIdentity& job, std::string_view ending) {
  return fmt::format("{}/jobs/{}{}", job.directory, job.token, ending);
}

std::map<std::string, std::string> end_words(const JobSpec& spec) {
  const auto end = spec.time == 0
                       ? std::string("0")
                       : fmt::format("$((${{PCLUSTER_JOB_STARTED%.*}} + {}))", spec.time / second);
  return {{"job_end", end},
          {"job_warning", std::to_string((spec.warning + second - 1) / second)},
          {"job_signal", ""}};
}

// -r n: a restarted worker would have lost its tasks anyway.  The umask is the tasks', too, and 077
// if nobody says.
std::vector<Directive> common_directives(const JobSpec& spec, const JobIdentity& job) {
  std::vector<Directive> all{{"N", "-N " + job.name}};
  if (!spec.partition.empty()) {
    if (spec.partition.find('@') != spec.partition.npos)
      throw Error(Exit::usage,
                  fmt::format("{} is a queue of another server", printable(spec.partition)),
                  "log in where that server is this machine's own: jobs elsewhere are not listed");
    all.push_back({"q", "-q " + quoted(spec.partition, "partition")});
  }
  if (!spec.account.empty()) all.push_back({"A", "-A " + quoted(spec.account, "account")});
  all.push_back({"r", "-r n"});
  all.push_back({"umask", "-W umask=022"});
  if (spec.time > 0) all.push_back({"walltime", "-l walltime=" + show_clock(spec.time)});
  if (spec.time_min > 0)
    throw Error(Exit::usage,
                "--time-min: PBS gives a job the time that it asks for; what shortens jobs there "
                "has not been tried with pcluster",
                "leave it out, and ask for a shorter --time");
  return all;
}

std::vector<std::string> with_users(std::vector<Directive> ours, const JobSpec& spec,
                                    const Rules& rules) {
  for (const auto& dropped : spec.drop_directives) drop(ours, dropped, rules);
  std::vector<std::string> users, all;
  for (const auto& line : spec.directives) users.push_back(add_users(ours, line, rules));
  for (auto& directive : ours) all.push_back(std::move(directive.text));
  all.insert(all.end(), users.begin(), users.end());
  return all;
}

}  // namespace pcluster::pbs_text
