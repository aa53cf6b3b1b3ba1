// Slurm through our program over its library: its words, and its JSON read.  Pure.
// SPDX-License-Identifier: MIT
#include "adapters/slurm_lib.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "adapters/slurm_api/script.hpp"
#include "launcher/base/text.hpp"

namespace pcluster::slurm_library {
namespace {

using Json = nlohmann::json;

constexpr const char* program = "pcluster-slurm";
constexpr std::uint64_t a_year = 365 * 24 * 60;  // minutes; what Slurm makes up for "no limit"

// Null when it is none: the program was stopped, or is not there.
Json document(const CommandResult& result) {
  if (result.timed_out || result.exit_code < 0) return {};
  auto all = Json::parse(result.out, nullptr, false);
  return all.is_object() ? all : Json();
}

// Members, whatever is there; empty or 0 when it is something else.
const Json& member(const Json& object, const char* key) {
  static const Json none;
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : none;
}
std::string text(const Json& object, const char* key) {
  const auto& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}
std::uint64_t number(const Json& object, const char* key) {
  const auto& value = member(object, key);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}
std::string digits(const Json& object, const char* key) {
  const auto& value = member(object, key);
  return value.is_number_unsigned() ? std::to_string(value.get<std::uint64_t>()) : "";
}
bool flag(const Json& object, const char* key) {
  const auto& value = member(object, key);
  return value.is_boolean() && value.get<bool>();
}

// The lines of an error, as a command would print them.
std::string words_of(const Json& error) {
  std::string all;
  for (const auto& line : member(error, "library"))
    if (line.is_string()) all += line.get<std::string>() + "\n";
  return all + text(error, "words");
}

slurm_text::Listed listed(const Json& row) {
  const auto array = digits(row, "array");
  const auto minutes = number(row, "minutes");
  return {array.empty() ? digits(row, "id") : array,
          digits(row, "element"),
          text(row, "state"),
          text(row, "reason"),
          text(row, "nodes"),
          read_unix_seconds(digits(row, "end")).value_or(0),
          minutes != 0 && minutes != a_year};
}

PartitionLimits limits_of(const Json& row) {
  PartitionLimits limits;
  limits.name = text(row, "name");
  limits.is_default = flag(row, "default");
  limits.up = text(row, "state") == "UP";
  limits.max_cores = static_cast<std::uint32_t>(number(row, "max_cores_per_node"));
  limits.max_memory_mb = number(row, "max_memory_mb_per_node");
  limits.memory_mb_per_core = number(row, "default_memory_mb_per_core");
  limits.max_memory_mb_per_core = number(row, "max_memory_mb_per_core");
  limits.max_time = read_duration(digits(row, "max_minutes") + "m").value_or(0);
  limits.nodes = static_cast<std::uint32_t>(number(row, "nodes"));
  limits.node_list = text(row, "node_list");
  limits.qos = text(row, "qos");
  return limits;
}

// Whether the program takes the user's own directive; the others are sbatch's to read.
bool is_ours(const std::string& line) {
  const auto directive = line.starts_with("#SBATCH") ? line : "#SBATCH " + line;
  return slurm_api::read_script("#!/bin/sh\n" + directive + "\n").foreign.empty();
}

}  // namespace

Argv submit(const std::string& script_path, const JobSpec& spec, const JobIdentity& job) {
  if (!std::ranges::all_of(spec.directives, is_ours)) return slurm.submit(script_path, spec, job);
  return {program, "submit", "--ignore", join(slurm_text::hidden_variables(spec), ","),
          script_path};
}

SubmitAnswer submitted(const CommandResult& result, const JobIdentity& job) {
  const auto answer = document(result);
  if (answer.is_null()) return slurm_text::submitted(result, job);  // sbatch's
  if (const auto& error = member(answer, "error"); !error.is_null())
    return slurm_text::submitted({result.exit_code, false, "", words_of(error)}, job);
  return slurm_text::submitted({result.exit_code, false, digits(answer, "job_id"), result.err},
                               job);
}

Argv status(const std::string& user, std::span<const std::string> names) {
  Argv argv{program, "jobs"};
  if (user.empty()) argv.emplace_back("--me");
  if (!user.empty()) argv.insert(argv.end(), {"--user", user});
  argv.insert(argv.end(), {"--names", join(names, ",")});
  return argv;
}

std::optional<Seen> seen(const CommandResult& result) {
  const auto answer = document(result);
  const auto& rows = member(answer, "jobs");
  if (result.exit_code != 0 || !rows.is_array()) return {};
  Seen jobs;
  for (const auto& row : rows) jobs.emplace_back(text(row, "name"), job_seen(listed(row)));
  return jobs;
}

Argv cancel(std::span<const std::string> job_ids) {
  auto argv = slurm.cancel(job_ids);  // elements of an array as one word
  argv.front() = "cancel";
  argv.insert(argv.begin(), program);
  return argv;
}

Argv limits() { return {program, "partitions"}; }

std::optional<std::vector<PartitionLimits>> limits_seen(const CommandResult& result) {
  const auto answer = document(result);
  const auto& rows = member(answer, "partitions");
  if (result.exit_code != 0 || !rows.is_array()) return {};
  std::vector<PartitionLimits> all;
  for (const auto& row : rows) all.push_back(limits_of(row));
  return all;
}

LibraryFit fit(const CommandResult& result) {
  if (result.exit_code == 127 && result.out.empty())
    return {false, result.err.find("shared librar") == result.err.npos
                       ? "pcluster-slurm is not installed beside pcluster"
                       : std::string(trim(result.err))};
  if (result.timed_out) return {false, "pcluster-slurm did not answer"};
  const auto answer = document(result);
  if (const auto words = lines(words_of(member(answer, "error"))); !words.empty())
    return {false, words.back()};
  const auto& slurm = member(answer, "slurm");
  if (result.exit_code != 0 || slurm.is_null())
    return {false, "pcluster-slurm did not start: " + std::string(trim(result.err))};
  return {flag(slurm, "fits"), text(slurm, "why")};
}

}  // namespace pcluster::slurm_library
