// What qsub refuses, and why jobs wait or end: each with its remedy.  Pure.
// A qsub's exit code is the low byte of a PBSE_ number (15001 is 153); codes and words as OpenPBS
// 23.06 gave them, Torque's words from its documentation.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "adapters/pbs.hpp"
#include "launcher/base/text.hpp"

namespace pcluster::pbs_text {
namespace {

constexpr int any = -2;
struct Refusal {
  int code;
  std::string_view words, hint;
};

// Too many jobs, of this user or of all: it passes.
constexpr std::string_view too_many[] = {"per-user limit",
                                         "Maximum number of jobs already in queue", "would exceed"};

// The first that fits counts: words that are special, then what a code says by itself.
constexpr Refusal refusals[] = {
    {any, "pbs conf variables not found",
     "this machine has no PBS configuration: use a login node of the cluster"},
    {any, "Requested node configuration is not available",
     "ask for fewer --cores, less --memory, or other nodes"},
    {any, "Unknown queue", "`qstat -Q` lists the queues: name one with --partition"},
    {any, "Queue is not enabled",
     "that queue takes no jobs now (`qstat -Q`): choose another with --partition, or wait"},
    {any, "per-user limit",
     "you have as many jobs queued as you may (`qstat -u $USER`): ask for fewer --jobs, or wait"},
    {any, "Maximum number of jobs already in queue",
     "you have as many jobs queued as you may (`qstat -u $USER`): ask for fewer --jobs, or wait"},
    {any, "would exceed", "you or your group have as much as you may: ask for less, or wait"},
    {any, "exceeds server or queue size limit",
     "the server allows no array so large (`qstat -B -f`, max_array_size): ask for fewer --jobs"},
    {any, "exceeds queue resource limits",
     "ask for less --time, --cores or --memory: `qstat -Q -f` lists each queue's resources_max"},
    {any, "violates queue and/or server resource limits",
     "ask for less --time, --cores or --memory, or another --partition: `qstat -Q -f` lists each "
     "queue's resources_max and _min"},
    {any, "Bad UID", "root may not submit jobs: do it as an ordinary user"},
    {any, "Job rejected by all possible destinations",
     "no queue behind that one takes such a job: ask for less, or name another --partition"},
    {any, "Unauthorized Request",
     "that queue is not for you (`qstat -Q -f`, acl_): choose another with --partition"},
    {any, "Invalid Account", "name your account with --account"},
    {any, "Unknown resource: ngpus",
     "this site has another resource for GPUs: leave --gpus out, and name it in --directive"},
    {any, "Unknown resource", "check the -l in your --directive: this server does not know it"},
    {any, "Job name is too long", "choose a shorter name with --cluster"},
    {any, "illegal -N value", "choose a shorter name with --cluster: this server's limit is short"},
    {any, "illegal -k value", "this PBS is older: leave it out with --drop-directive k"},
    {any, "cannot be used with",
     "the jobs ask for select: leave the other -l out of your --directive, or select with "
     "--drop-directive select"},
    {any, "Resource_List.walltime", "write --time as 90s, 5m, 1h30m or HH:MM:SS"},
    {any, "contains cr, lf", "convert the site's job_template with dos2unix"},
    {any, "script file",
     "the state directory must be readable here: check its permissions (`pcluster status`)"},
    {any, "invalid option", "this server does not know that --directive: `man qsub`"},
    {2, "", "check your --directive: `man qsub`; `pcluster submit --dry-run` shows the script"},
    {3, "", "the server allows no array so large: ask for fewer --jobs"},
    {32, "", "a rule of this site refused it: its own words say what it wants"},
    {38, "", "you have as many jobs queued as you may: ask for fewer --jobs, or wait"},
    {39, "", "you have as much queued as you may: ask for less, or wait"},
    {159, "", "that queue is not for you: choose another with --partition"},
    {166, "", "check the -l in your --directive: the value is no good for that resource"},
    {170, "", "`qstat -Q` lists the queues: name one with --partition"},
    {173, "", "that queue takes no jobs now: choose another with --partition, or wait"},
    {187, "", "check the -l in your --directive: this server does not know that resource"},
    {188, "", "ask for less --time, --cores or --memory: `qstat -Q -f` lists what queues allow"},
};

// It may have gone through all the same: looked up by name before it is repeated.
constexpr int lost_codes[] = {160, 162, 171, 183, 255};
constexpr std::string_view lost_words[] = {
    "cannot connect to server",
    "Connection refused",
    "Premature end of message",
    "Failed to recv data",
    "Connection timed out",
    "Communication failure",
    "End of File",
    "Server shutting down",
    "Batch Protocol error",
};

struct Reason {
  std::string_view pattern, hint;
  bool never = true;  // someone has to change the queue, the limits or the job
};
constexpr Reason reasons[] = {
    {"Can Never Run*",
     "no node has so much: ask for fewer --cores or less --memory (`pbsnodes -aSj`), or another "
     "--partition"},
    {"Not Running: Queue not started*",
     "that queue starts no jobs: choose another with --partition, or wait"},
    {"Hold_Types = u*", "the job is held: `qrls JOB`, or leave -h out of your --directive"},
    {"Hold_Types = s*", "it waits for another job, or an administrator holds it: `qstat -f JOB`"},
    {"Hold_Types = *", "an administrator holds the job: ask them why"},
    {"*limit*reached*", "you have as many jobs running as you may: wait, or ask for fewer --jobs",
     false},
    {"*would exceed*limit*",
     "you have as many jobs running as you may: wait, or ask for fewer --jobs", false},
    {"Not Running: Insufficient amount of*",
     "the nodes are busy: --timeout waits longer, or another --partition", false},
    {"Not Running: Not enough*",
     "the nodes are busy: --timeout waits longer, or another --partition", false},
    {"*exceeded resource walltime*", "ask for a longer --time", false},
    {"*over its walltime*", "ask for a longer --time", false},
    {"*over its memory*", "ask for more --memory", false},
    {"*what it depended on has failed*",
     "a --directive asks for a dependency that failed: leave it out", false},
};

const Reason* find_reason(std::string_view reason) {
  const auto* found = std::ranges::find_if(
      reasons, [&](const Reason& each) { return matches(reason, each.pattern); });
  return found == std::end(reasons) ? nullptr : found;
}

// What qsub says, without its own name before each line and without its usage; of Slurm's wrappers,
// what sbatch said.
std::string words_of(const CommandResult& result) {
  constexpr std::string_view begins = "and the output was:";
  std::string_view all = trim(result.err).empty() ? result.out : result.err;
  const bool sbatch = all.find(begins) != all.npos;
  if (sbatch) all.remove_prefix(all.find(begins) + begins.size());
  std::vector<std::string> said;
  for (const auto& line : lines(all)) {
    if (line.starts_with("usage:") || line.starts_with("Usage:")) break;
    std::string_view text = trim(line);
    if (sbatch && text.starts_with('\'')) text = trim(text.substr(1));
    for (const std::string_view prefix : {"qsub: ", "sbatch: ", "error: "})
      if (text.starts_with(prefix)) text = trim(text.substr(prefix.size()));
    if (!text.empty()) said.push_back(printable(text));
  }
  return join(said, "; ");
}

}  // namespace

bool is_lost(const CommandResult& result) {
  if (result.exit_code == 0 || holds(result.err, "pbs conf variables not found")) return false;
  return std::ranges::find(lost_codes, result.exit_code) != std::end(lost_codes) ||
         std::ranges::any_of(lost_words, [&](auto words) { return holds(result.err, words); });
}

SubmitAnswer refused(const CommandResult& result) {
  SubmitAnswer answer{SubmitAnswer::Kind::refused, {}, words_of(result), {}};
  if (answer.message.empty())
    answer.message = fmt::format("qsub ended with exit code {}", result.exit_code);
  const auto known = std::ranges::find_if(refusals, [&](const Refusal& each) {
    return (each.code == any || each.code == result.exit_code) && holds(answer.message, each.words);
  });
  answer.hint = known != std::end(refusals)
                    ? known->hint
                    : "these are the scheduler's own words; `pcluster submit --dry-run` shows the "
                      "script";
  answer.later =
      std::ranges::any_of(too_many, [&](auto words) { return holds(answer.message, words); });
  return answer;
}

bool never_starts(std::string_view reason) {
  const auto* known = find_reason(reason);
  return known != nullptr && known->never;
}

std::string_view remedy(std::string_view reason) {
  const auto* known = find_reason(reason);
  return known == nullptr ? std::string_view() : known->hint;
}

}  // namespace pcluster::pbs_text
