// `pcluster-slurm jobs`, `partitions` and `nodes`: what squeue and scontrol list.
// SPDX-License-Identifier: MIT
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "adapters/slurm_api/library.hpp"
#include "launcher/base/text.hpp"

namespace pcluster::slurm_api {
namespace {

template <class Message>
using Owned = std::unique_ptr<Message, void (*)(Message*)>;

struct Listing {
  std::optional<uid_t> user;  // nothing: everyone's
  Words names;                // none: all
};

uid_t uid_of(const std::string& name) {  // a user without an entry has a number
  if (const auto* user = getpwnam(name.c_str())) return user->pw_uid;
  const auto uid = to_integer(name);
  if (!uid || *uid < 0) throw Failure{refused, "Invalid user: " + name};
  return static_cast<uid_t>(*uid);
}

Listing read_options(const Words& words) {
  Listing listing;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool more = i + 1 < words.size();
    if (words[i] == "--me") {
      listing.user = getuid();
    } else if (words[i] == "--user" && more) {
      listing.user = uid_of(words[++i]);
    } else if (words[i] == "--names" && more) {
      listing.names = split(words[++i], ',');
    } else {
      throw Failure{usage, "jobs does not know " + words[i] +
                               ": pcluster-slurm jobs [--me | --user NAME] [--names NAME,...]"};
    }
  }
  return listing;
}

Json job_row(const slurm_job_info_t& job) {
  const auto end = job.end_time;
  Json row{{"array", job.array_job_id == 0 ? Json() : Json(job.array_job_id)},
           {"cores", job.num_cpus},
           {"element", number(job.array_task_id)},
           {"end", end == 0 ? Json() : Json(end)},
           {"id", job.job_id},
           {"minutes", number(job.time_limit)},
           {"name", text(job.name)},
           {"nodes", text(job.nodes)},
           {"partition", text(job.partition)},
           {"reason", text(job.state_desc != nullptr ? job.state_desc
                                                     : slurm_api_job_reason(job.state_reason))},
           {"state", text(slurm_api_job_state(job.job_state))},
           {"user", job.user_id}};
  const int status = static_cast<int>(job.exit_code);  // as wait() gives it
  row["exit_code"] = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  row["signal"] = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return row;
}

// Elements of an array that have not started share one record, "0-3,7,10-20:2%4".
std::vector<std::uint32_t> elements(const std::string& expression) {
  std::vector<std::uint32_t> all;
  for (const auto& part : split(expression.substr(0, expression.find('%')), ',')) {
    const auto step_at = part.find(':');
    const auto ends = split(part.substr(0, step_at), '-');
    const auto first = to_integer(ends.front()), last = to_integer(ends.back());
    const auto step =
        step_at == part.npos ? std::optional(1LL) : to_integer(part.substr(step_at + 1));
    if (!first || !last || !step || *step < 1)
      throw Failure{use_command, "an array's elements, as nobody writes them: " + expression};
    for (auto i = *first; i <= *last; i += *step) all.push_back(static_cast<std::uint32_t>(i));
  }
  return all;
}

void add_job(Json& all, const slurm_job_info_t& job) {
  auto row = job_row(job);
  const std::string rest = job.array_task_str == nullptr ? "" : job.array_task_str;
  if (job.array_task_id != NO_VAL || rest.empty()) return all.push_back(std::move(row));
  for (const auto element : elements(rest)) {
    row["element"] = element;
    all.push_back(row);
  }
}

const char* partition_state(std::uint16_t state) {
  switch (state) {
    case PARTITION_UP: return "UP";
    case PARTITION_DOWN: return "DOWN";
    case PARTITION_DRAIN: return "DRAIN";
    case PARTITION_INACTIVE: return "INACTIVE";
    default: return "UNKNOWN";
  }
}

// A limit on memory is one per core or one per node; 0 = none.
Json memory(std::uint64_t mb, bool per_core) {
  const bool is_per_core = (mb & MEM_PER_CPU) != 0 && mb != NO_VAL64 && mb != INFINITE64;
  mb = is_per_core ? mb & ~MEM_PER_CPU : mb;
  return mb == 0 || is_per_core != per_core ? Json() : number(mb);
}

Json partition_row(const partition_info_t& each) {
  return {
      {"cores", each.total_cpus},
      {"default", (each.flags & PART_FLAG_DEFAULT) != 0},
      {"default_memory_mb_per_core", memory(each.def_mem_per_cpu, true)},
      {"default_memory_mb_per_node", memory(each.def_mem_per_cpu, false)},
      {"max_cores_per_node", each.max_cpus_per_node == 0 ? Json() : number(each.max_cpus_per_node)},
      {"max_memory_mb_per_core", memory(each.max_mem_per_cpu, true)},
      {"max_memory_mb_per_node", memory(each.max_mem_per_cpu, false)},
      {"max_minutes", number(each.max_time)},
      {"name", text(each.name)},
      {"node_list", text(each.nodes)},
      {"nodes", each.total_nodes},
      {"qos", text(each.qos_char)},
      {"state", partition_state(each.state_up)}};
}

Json node_row(const node_info_t& node) {
  return {{"address", text(node.node_addr)},
          {"cores", node.cpus},
          {"features", text(node.features)},
          {"free_memory_mb", number(node.free_mem)},
          {"gres", text(node.gres)},
          {"memory_mb", node.real_memory},
          {"name", text(node.name)},
          {"reason", text(node.reason)},
          {"state", text(slurm_api_node_state(node.node_state))}};
}

void no_words(const Words& words, const char* verb) {
  if (!words.empty()) throw Failure{usage, std::string(verb) + " takes no " + words.front()};
}

}  // namespace

Json jobs(const Words& words) {
  const auto listing = read_options(words);
  setenv("SLURM_BITSTR_LEN", "0", 1);  // else long lists of elements end in "..."
  job_info_msg_t* message = nullptr;
  check(listing.user ? slurm_load_job_user(&message, *listing.user, SHOW_ALL)
                     : slurm_load_jobs(0, &message, SHOW_ALL));
  const Owned<job_info_msg_t> owner(message, slurm_free_job_info_msg);
  Json all = Json::array();
  for (std::uint32_t i = 0; i < message->record_count; ++i) {
    const auto& job = message->job_array[i];
    const std::string name = job.name == nullptr ? "" : job.name;
    if (listing.names.empty() || std::ranges::find(listing.names, name) != listing.names.end())
      add_job(all, job);
  }
  return {{"jobs", all}};
}

Json partitions(const Words& words) {
  no_words(words, "partitions");
  partition_info_msg_t* message = nullptr;
  check(slurm_load_partitions(0, &message, SHOW_ALL));
  const Owned<partition_info_msg_t> owner(message, slurm_free_partition_info_msg);
  Json all = Json::array();
  for (std::uint32_t i = 0; i < message->record_count; ++i)
    all.push_back(partition_row(message->partition_array[i]));
  return {{"partitions", all}, {"slurm", fit()}};
}

Json nodes(const Words& words) {
  no_words(words, "nodes");
  node_info_msg_t* message = nullptr;
  check(slurm_load_node(0, &message, SHOW_ALL | SHOW_MIXED));
  const Owned<node_info_msg_t> owner(message, slurm_free_node_info_msg);
  Json all = Json::array();
  for (std::uint32_t i = 0; i < message->record_count; ++i)
    if (message->node_array[i].name != nullptr) all.push_back(node_row(message->node_array[i]));
  return {{"nodes", all}};
}

}  // namespace pcluster::slurm_api
