// What Slurm refuses, and why jobs wait or end: each with its remedy.  Pure.
// Messages and reasons: as Slurm 22.05 prints them; man squeue, "JOB REASON CODES".
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <iterator>

#include "adapters/slurm.hpp"
#include "launcher/base/text.hpp"

namespace pcluster::slurm_text {
namespace {

struct Remedy {
  std::string_view words, hint;
};

// Of sbatch.  The first that is found counts: special ones before the line that follows them all.
constexpr Remedy refusals[] = {
    {"invalid partition", "`sinfo -s` lists the partitions: name one with --partition"},
    {"Required partition not available",
     "that partition takes no jobs now (`sinfo -s`): choose another with --partition, or wait"},
    {"Requested partition configuration not available",
     "that partition takes no jobs of this shape now (`sinfo -s`): choose another with "
     "--partition, or wait"},
    {"group not permitted to use this partition",
     "choose another one with --partition; `sinfo -s` lists them"},
    {"Invalid account",
     "name your account with --account; `sacctmgr show associations user=$USER "
     "format=Account,Partition` lists yours"},
    {"Invalid qos",
     "name a QOS that your account may use: --directive \"--qos=NAME\"; `sacctmgr show "
     "associations user=$USER format=Account,QOS` lists them"},
    {"MaxSubmit",
     "you have as many jobs queued as you may (`squeue --me`): ask for fewer --jobs, or wait"},
    {"GrpSubmit", "your group has as many jobs queued as it may: ask for fewer --jobs, or wait"},
    {"MaxMemory", "ask for less --memory: your QOS or account allows no more for one job"},
    {"MaxCpu", "ask for fewer --cores: your QOS or account allows no more for one job"},
    {"MaxNode", "ask for fewer --nodes: your QOS or account allows no more for one job"},
    {"MaxWall", "ask for a shorter --time: your QOS or account allows no longer one"},
    {"accounting/QOS policy", "ask for less --memory, --cores, --time or fewer --jobs"},
    {"time limit is invalid",
     "give a --time that the partition allows: `sinfo -o \"%P %l\"` lists its longest"},
    {"Invalid --time", "write --time as 90s, 5m, 1h30m, HH:MM:SS or D-HH:MM:SS"},
    {"Invalid --mem", "write memory as 8000M or 8G in that --directive"},
    {"Node count specification invalid", "ask for fewer --nodes per job"},
    {"More processors requested", "ask for fewer --cores or --nodes"},
    {"CPU count per node can not be satisfied",
     "no node has so many: ask for fewer --cores (`sinfo -o \"%P %c\"`)"},
    {"Memory specification can not be satisfied",
     "no node has so much: ask for less --memory (`sinfo -o \"%P %m\"`, in MB)"},
    {"node configuration is not available", "ask for fewer --cores, less --memory, or other nodes"},
    {"Invalid job array specification",
     "that is more than MaxArraySize (`scontrol show config`): ask for fewer --jobs"},
    {"Invalid node name", "check the --nodelist in your --directive: `sinfo -N` lists the nodes"},
    {"Invalid feature", "check the --constraint in your --directive: `sinfo -o \"%P %f\"`"},
    {"Invalid license", "check the --licenses in your --directive: `scontrol show licenses`"},
    {"generic resource", "check the --gres in your --directive: `sinfo -o \"%P %G\"`"},
    {"Requested reservation is invalid",
     "check the --reservation in your --directive: `scontrol show reservations`"},
    {"Access denied to requested reservation",
     "that reservation is not for you: `scontrol show reservations` says whose it is"},
    {"unrecognized option", "this Slurm does not know that --directive: `sbatch --help`"},
    {"Invalid --", "check that --directive: `sbatch --help`"},
    {"Unable to open file", "the state directory must be readable here: check its permissions"},
    {"Batch script is empty", "the site's job_template renders to nothing: correct it"},
    {"does not look like a batch script", "the site's job_template must begin with #!/bin/bash"},
    {"DOS line breaks", "convert the site's job_template with dos2unix"},
    {"Pathname of a file, directory or other parameter too long",
     "the state directory's path is too long: choose another with PCLUSTER_DIR"},
    {"Slurm temporarily unable to accept job",
     "the queue is full for the moment: try again later (`scontrol show config`, MaxJobCount)"},
    {"Invalid user id", "Slurm does not know this user: ask your administrators for an account"},
    {"authentication", "munge on this machine does not work: tell your administrators"},
    {"configuration source", "this machine has no Slurm configuration: use a login node"},
};

// Too many jobs, of this user, of the group or of all: it passes.
constexpr std::string_view too_many[] = {"MaxSubmit", "GrpSubmit",
                                         "Slurm temporarily unable to accept job"};

struct Reason {
  std::string_view pattern, hint;
  bool never = true;  // someone has to change the partition, the limits or the job
};

// Limits on what runs at once (QOSMaxJobsPerUserLimit, ...Grp...) pass by themselves, and so may
// "Nodes required for job are DOWN, DRAINED or reserved ...", which a busy site says of many jobs.
constexpr Reason reasons[] = {
    {"PartitionDown", "that partition is down: choose another with --partition, or wait"},
    {"PartitionInactive", "that partition takes no jobs: choose another with --partition"},
    {"PartitionTimeLimit",
     "ask for a shorter --time: `sinfo -o \"%P %l\"` lists the longest of each partition"},
    {"PartitionNodeLimit", "ask for fewer --nodes: the partition allows no more for one job"},
    {"PartitionConfig", "ask for fewer --cores or less --memory: the partition allows no more"},
    {"BadConstraints",
     "no node has all that is asked for: fewer --cores, less --memory, or "
     "check your --directive"},
    {"DependencyNeverSatisfied", "a --directive asks for a dependency that failed: leave it out"},
    {"JobHeldUser", "the job is held: `scontrol release JOB`, or leave --hold out"},
    {"JobHeldAdmin", "an administrator holds the job: ask them why"},
    {"AccountNotAllowed", "the partition is not for that account: name another with --account"},
    {"QOSNotAllowed", "the partition is not for that QOS: --directive \"--qos=NAME\""},
    {"InvalidAccount",
     "name your account with --account; `sacctmgr show associations user=$USER` "
     "lists yours"},
    {"InvalidQOS", "name a QOS that you may use: --directive \"--qos=NAME\""},
    {"ReservationDeleted", "the reservation is gone: leave it out of your --directive"},
    {"*MaxMem*PerJob*", "ask for less --memory: your QOS or account allows no more"},
    {"MaxMemPerLimit", "ask for less --memory: the partition allows no more"},
    {"*MaxCpu*PerJob*", "ask for fewer --cores: your QOS or account allows no more"},
    {"*MaxNode*PerJob*", "ask for fewer --nodes: your QOS or account allows no more"},
    {"*MaxWall*", "ask for a shorter --time: your QOS or account allows no longer one"},
    {"QOSTimeLimit", "ask for a shorter --time: your QOS allows no longer one"},
    {"AssociationTimeLimit", "ask for a shorter --time: your account allows no longer one"},
    {"QOSMin*", "your QOS wants larger jobs: ask for more --cores, --nodes or --memory"},
    {"QOSMax*PerJob*", "ask for less: your QOS allows no more for one job"},
    {"QOSMax*PerNode*", "ask for fewer --cores or less --memory: your QOS allows no more"},
    {"AssocMax*PerJob*", "ask for less: your account allows no more for one job"},
    {"AssocMax*PerNode*", "ask for fewer --cores or less --memory: your account allows no more"},
    {"ReqNodeNotAvail*UnavailableNodes:?*",
     "nodes that it asks for are down or drained (`sinfo -R` says why): choose others, or wait"},
    {"ReqNodeNotAvail*",
     "its nodes are reserved, or the job would run into a maintenance: ask for "
     "a shorter --time (`scontrol show reservations`)",
     false},
    {"*DOWN, DRAINED or reserved*",
     "`sinfo -R` says which nodes are down and why: choose another --partition, or wait", false},
    {"*MaxJobsPerUser*", "you have as many jobs running as you may: wait, or ask for fewer --jobs",
     false},
    {"*MaxJobsLimit*", "you have as many jobs running as you may: wait, or ask for fewer --jobs",
     false},
    {"*Grp*", "your group uses all that it may: wait", false},
    {"Resources", "the nodes are busy: --timeout waits longer, or another --partition", false},
    {"Priority", "others are first: --timeout waits longer, or another --partition", false},
    {"JobArrayTaskLimit", "a --directive limits how many jobs run at once", false},
    {"BeginTime", "a --directive names a later start, or the job was put back in the queue", false},
    {"Licenses", "the licences of your --directive are all in use: wait", false},
};

const Reason* find_reason(std::string_view reason) {
  const auto* found = std::ranges::find_if(
      reasons, [&](const Reason& each) { return matches(reason, each.pattern); });
  return found == std::end(reasons) ? nullptr : found;
}

// What sbatch says, without its own name before each line.
std::string words_of(const CommandResult& result) {
  std::vector<std::string> said;
  for (const auto& line : lines(trim(result.err).empty() ? result.out : result.err)) {
    std::string_view text = trim(line);
    for (const std::string_view prefix :
         {"sbatch: ", "error: ", "fatal: ", "Batch job submission failed: "})
      if (text.starts_with(prefix)) text = text.substr(prefix.size());
    if (!text.empty()) said.push_back(printable(text));
  }
  return join(said, "; ");
}

}  // namespace

SubmitAnswer refused(const CommandResult& result) {
  SubmitAnswer answer{SubmitAnswer::Kind::refused, {}, words_of(result), {}};
  if (answer.message.empty())
    answer.message = "sbatch ended with exit code " + std::to_string(result.exit_code);
  const auto known = std::ranges::find_if(
      refusals, [&](const auto& refusal) { return holds(answer.message, refusal.words); });
  answer.hint = known != std::end(refusals)
                    ? known->hint
                    : "these are Slurm's own words; `pcluster submit --dry-run` shows the script";
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

}  // namespace pcluster::slurm_text
