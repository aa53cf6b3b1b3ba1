// Answers of PBS and Torque: ids and listings.  Pure.
// States: as OpenPBS 23.06 prints them (man qstat); C is Torque's.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "adapters/pbs.hpp"
#include "launcher/base/text.hpp"

namespace pcluster::pbs_text {
namespace {

struct State {
  std::string_view letter;
  JobState state;
  std::string_view word;
};
constexpr State states[] = {
    {"Q", JobState::pending, "queued"},    {"H", JobState::pending, "held"},
    {"W", JobState::pending, "waiting"},   {"T", JobState::pending, "in transit"},
    {"R", JobState::running, "running"},   {"S", JobState::running, "suspended"},
    {"U", JobState::running, "suspended"}, {"E", JobState::running, "exiting"},
    {"B", JobState::running, "begun"},     {"X", JobState::ended, "finished"},
    {"F", JobState::ended, "finished"},    {"M", JobState::ended, "moved"},
    {"C", JobState::ended, "completed"},
};

// Exit_status of a job that ran, where it is no exit code: src/include/job.h of OpenPBS.
struct Status {
  std::string_view number, words;
};
constexpr Status statuses[] = {
    {"-29", "over its walltime"},      {"-28", "over its CPU time"},
    {"-27", "over its memory"},        {"-26", "over its vmem"},
    {"-25", "over its ncpus"},         {"-24", "over its ncpus"},
    {"-20", "its node was lost"},      {"-4", "its node restarted"},
    {"-3", "it could not be started"}, {"-2", "it could not be started"},
    {"-1", "it could not be started"}, {"265", "killed"},
    {"271", "ended by qdel"},
};

// The line that is an id: sites print banners before.
std::string id_of(const std::string& out) {
  const auto all = lines(trim(out));
  if (all.empty()) return {};
  const auto line = trim(all.back());
  const auto digits = std::min(line.find_first_not_of("0123456789"), line.size());
  const auto rest = line.substr(digits);
  const bool good = digits > 0 && line.find(' ') == line.npos &&
                    (rest.empty() || rest[0] == '.' || rest.starts_with("[]"));
  return good ? plain_id(line) : std::string();
}

// "pbsn1/0*2+pbsn2/0*2"
std::string hosts_of(std::string_view exec_host) {
  std::vector<std::string> hosts;
  for (const auto& place : split(exec_host, '+')) {
    auto host = place.substr(0, place.find('/'));
    if (!host.empty() && std::ranges::find(hosts, host) == hosts.end()) hosts.push_back(host);
  }
  return join(hosts, ",");
}

std::string waits_for(const Record& record) {
  const auto comment = record["comment"];
  // Of its array, and no reason to wait.
  if (!comment.empty() && !comment.starts_with("Job Array Began")) return std::string(comment);
  const auto hold = record["Hold_Types"];
  if (record["job_state"] != "H" || hold.empty()) return {};
  return fmt::format("Hold_Types = {}", hold);
}

// Without Exit_status it never ran.  With one it need not have: an element of an array that is
// deleted has its array's, and no host.
std::string ended_as(const Record& record) {
  auto status = record["Exit_status"];
  if (status.empty()) status = record["exit_status"];  // Torque
  std::string reason(record["comment"]);
  const auto add = [&](std::string_view words) {
    reason += (reason.empty() ? "" : "; ") + std::string(words);
  };
  const auto known = std::ranges::find(statuses, status, &Status::number);
  if (status.empty() && record["job_state"] != "C")
    add(record["substate"] == "91" ? "it never ran: deleted while it waited"
                                   : "it never ran: what it depended on has failed");
  else if (known != std::end(statuses) && !record["exec_host"].empty())
    add(known->words);
  return reason;
}

JobSeen read_job(const Record& record) {
  JobSeen job;
  job.job_id = plain_id(record.id);
  const auto known = std::ranges::find(states, record["job_state"], &State::letter);
  job.word = known == std::end(states) ? record["job_state"] : known->word;
  if (known != std::end(states)) job.state = known->state;
  job.nodes = hosts_of(record["exec_host"]);
  if (job.state == JobState::pending) job.reason = waits_for(record);
  if (job.state == JobState::ended) job.reason = ended_as(record);
  job.never = job.state == JobState::pending && never_starts(job.reason);
  const auto limit = clock_time(record["Resource_List.walltime"]), began = unix_of(record["stime"]);
  if (job.word == "running" && limit > 0 && began > 0) job.end_unix = began + limit;
  return job;
}

constexpr std::size_t longest_output = 4u << 20;  // of a CommandResult: there is no more of it

}  // namespace

SubmitAnswer submitted(const CommandResult& result, const JobIdentity& job) {
  using Kind = SubmitAnswer::Kind;
  if (result.exit_code == 127)
    return {Kind::refused,
            {},
            "qsub is not on PATH here",
            "use a login node of the cluster, or load the module that brings PBS's commands"};
  if (result.exit_code == 126)
    return {Kind::refused,
            {},
            std::string(trim(result.err)),
            "this host could not start qsub: look at its memory, and at `ulimit -u` and -n"};
  if (result.timed_out || result.exit_code < 0 || is_lost(result)) return {};
  if (result.exit_code != 0) return refused(result);
  auto id = id_of(result.out);
  // A bare number for several jobs does not tell their ids: the listing will.
  if (id.empty() || is_array(id) != (job.count > 1)) return {};
  SubmitAnswer answer{Kind::accepted, {}, {}, {}};
  if (job.count == 1) answer.job_ids.push_back(std::move(id));
  for (std::uint32_t i = 0; job.count > 1 && i < job.count; ++i)
    answer.job_ids.push_back(fmt::format("{}[{}]", id.substr(0, id.find('[')), i));
  return answer;
}

std::optional<Seen> seen(const CommandResult& result) {
  if (result.exit_code != 0 || result.timed_out || result.out.size() >= longest_output) return {};
  const auto all = records(result.out);
  // rc 0 and nothing on stdout: what a server without history says to -x.
  if (all.empty() && (!trim(result.out).empty() || holds(result.err, "job history"))) return {};
  Seen jobs;
  std::map<std::string, bool> arrays;  // that have not ended: are their jobs listed, too?
  for (const auto& record : all) {
    if (record.kind != "Job Id") continue;
    auto job = read_job(record);
    const auto array = job.job_id.substr(0, job.job_id.find('['));
    if (!is_array(job.job_id)) {
      arrays[array] = true;
      jobs.emplace_back(record["Job_Name"], std::move(job));
    } else if (job.state != JobState::ended) {
      arrays.emplace(array, false);
    }
  }
  if (std::ranges::any_of(arrays, [](const auto& array) { return !array.second; })) return {};
  return jobs;
}

}  // namespace pcluster::pbs_text
