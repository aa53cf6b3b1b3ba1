// `pcluster-slurm submit` and `cancel`: what sbatch and scancel do, without them.
// SPDX-License-Identifier: MIT
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "adapters/slurm_api/library.hpp"
#include "adapters/slurm_api/script.hpp"
#include "launcher/base/text.hpp"

extern char** environ;

namespace pcluster::slurm_api {
namespace {

constexpr int tries = 5;  // while the controller takes no more jobs just now

Words environment() {
  Words all;
  for (char** each = environ; *each != nullptr; ++each) all.emplace_back(*each);
  return all;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw Failure{refused, "Unable to open file " + path};
  return text.str();
}

std::string current_directory() {
  char here[4096] = "";
  return getcwd(here, sizeof here) == nullptr ? "" : here;
}

// Limits of this process, which nodes give to the job where the site says so.
void add_limits(Words& all) {
  const std::pair<const char*, int> limits[] = {
      {"CPU", RLIMIT_CPU},         {"FSIZE", RLIMIT_FSIZE}, {"DATA", RLIMIT_DATA},
      {"STACK", RLIMIT_STACK},     {"CORE", RLIMIT_CORE},   {"RSS", RLIMIT_RSS},
      {"NPROC", RLIMIT_NPROC},     {"AS", RLIMIT_AS},       {"NOFILE", RLIMIT_NOFILE},
      {"MEMLOCK", RLIMIT_MEMLOCK},
  };
  for (const auto& [name, which] : limits) {
    rlimit limit{};
    if (getrlimit(static_cast<__rlimit_resource_t>(which), &limit) == 0)
      all.push_back(std::string("SLURM_RLIMIT_") + name + "=" + std::to_string(limit.rlim_cur));
  }
}

// What sbatch puts into the job's environment, above its own.
Words job_environment(const Wanted& wanted) {
  auto all = environment();
  std::erase_if(all, [](const auto& each) {
    return each.starts_with("SLURM_RLIMIT_") || each.starts_with("SLURM_SUBMIT_") ||
           each.starts_with("SLURM_PRIO_PROCESS=") || each.starts_with("SLURM_JOB_NAME=") ||
           each.starts_with("SLURM_CPUS_PER_TASK=") || each.starts_with("SLURM_NTASKS_PER_NODE=");
  });
  add_limits(all);
  char host[256] = "";
  all.push_back("SLURM_SUBMIT_DIR=" + current_directory());
  if (gethostname(host, sizeof host - 1) == 0)
    all.push_back(std::string("SLURM_SUBMIT_HOST=") + host);
  all.push_back("SLURM_PRIO_PROCESS=" + std::to_string(getpriority(PRIO_PROCESS, 0)));
  const bool said = std::getenv("SLURM_UMASK") != nullptr;
  const auto mask = umask(0);
  umask(mask);
  char octal[32];
  std::snprintf(octal, sizeof octal, "SLURM_UMASK=%04o", static_cast<unsigned>(mask));
  if (!said) all.emplace_back(octal);
  if (!wanted.name.empty()) all.push_back("SLURM_JOB_NAME=" + wanted.name);
  const auto add = [&](const char* name, const auto& value) {
    if (value) all.push_back(std::string(name) + "=" + std::to_string(*value));
  };
  add("SLURM_CPUS_PER_TASK", wanted.cores_per_task);
  add("SLURM_NTASKS_PER_NODE", wanted.tasks_per_node);
  return all;
}

// The request; it points into what is kept here.
struct Request {
  Wanted wanted;
  std::string script, path, directory, input = "/dev/null", line;
  Words variables;
  std::vector<char*> environment, arguments;
  job_desc_msg_t job{};

  static char* of(std::string& text) { return text.empty() ? nullptr : text.data(); }
  void fill_shape();
  void fill_texts();
  void fill();
};

void Request::fill_shape() {
  const std::uint32_t nodes = wanted.nodes.value_or(1),
                      per_node = wanted.tasks_per_node.value_or(1);
  const std::uint32_t cores = wanted.cores_per_task.value_or(1);
  if (wanted.nodes) job.min_nodes = job.max_nodes = nodes;
  if (wanted.tasks_per_node) {
    job.ntasks_per_node = static_cast<std::uint16_t>(per_node);
    job.num_tasks = nodes * per_node;
  }
  if (wanted.cores_per_task) job.cpus_per_task = static_cast<std::uint16_t>(cores);
  if (wanted.tasks_per_node || wanted.cores_per_task) job.min_cpus = nodes * per_node * cores;
  if (wanted.memory_mb > 0) job.pn_min_memory = wanted.memory_mb;
  if (wanted.memory_mb_per_core > 0) job.pn_min_memory = wanted.memory_mb_per_core | MEM_PER_CPU;
  if (wanted.minutes) job.time_limit = *wanted.minutes;
  if (wanted.least_minutes) job.time_min = *wanted.least_minutes;
  if (!wanted.requeue) job.requeue = 0;
  if (wanted.warning.number == 0) return;
  job.warn_signal = static_cast<std::uint16_t>(wanted.warning.number);
  job.warn_time = wanted.warning.seconds;
  if (wanted.warning.to_shell) job.warn_flags = KILL_JOB_BATCH;
}

void Request::fill_texts() {
#if SLURM_VERSION_NUMBER < SLURM_VERSION_NUM(23, 11, 0)
  const std::string gres = "gres:";
#else
  const std::string gres = "gres/";
#endif
  if (!wanted.gres.empty()) wanted.gres = gres + replace_all(wanted.gres, ",", "," + gres);
  job.name = of(wanted.name);
  job.array_inx = of(wanted.array);
  job.work_dir = of(directory);
  job.std_out = of(wanted.output);
  job.std_in = of(input);
  job.partition = of(wanted.partition);
  job.account = of(wanted.account);
  job.qos = of(wanted.qos);
  job.exc_nodes = of(wanted.exclude);
  job.tres_per_node = of(wanted.gres);
  job.script = of(script);
}

void Request::fill() {
  slurm_init_job_desc_msg(&job);
  if (!path.starts_with('/')) path = current_directory() + "/" + path;
  directory = wanted.directory.empty() ? current_directory() : wanted.directory;
  if (wanted.name.empty()) wanted.name = path.substr(path.rfind('/') + 1);
  fill_shape();
  fill_texts();
  variables = job_environment(wanted);
  for (auto& each : variables) environment.push_back(each.data());
  job.env_size = static_cast<std::uint32_t>(environment.size());
  environment.push_back(nullptr);
  job.environment = environment.data();
  arguments = {path.data(), nullptr};
  job.argc = 1;
  job.argv = arguments.data();
  line = "pcluster-slurm submit " + path;
  job.submit_line = of(line);
  job.user_id = getuid();
  job.group_id = getgid();
}

// Tries again where sbatch does: a controller that takes no more jobs just now.
Json send(Request& request) {
  submit_response_msg_t* answer = nullptr;
  for (int attempt = 1; slurm_submit_batch_job(&request.job, &answer) != SLURM_SUCCESS; ++attempt) {
    const int code = last_error();
    const bool passes = code == EAGAIN || code == ESLURM_ERROR_ON_DESC_TO_RECORD_COPY;
    if (!passes || attempt == tries) check(-1);
    sleep(static_cast<unsigned>(attempt));
  }
  Json said{{"job_id", answer->job_id}, {"message", text(answer->job_submit_user_msg)}};
  if (answer->error_code != 0)
    said["note"] = text(slurm_strerror(static_cast<int>(answer->error_code)));
  slurm_free_submit_response_response_msg(answer);
  return said;
}

}  // namespace

Json submit(const Words& words) {
  Words ignored, files;
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i] == "--ignore" && i + 1 < words.size())
      ignored = split(words[++i], ',');
    else
      files.push_back(words[i]);
  if (files.size() != 1 || files.front().starts_with("--"))
    throw Failure{usage, "submit wants one script: pcluster-slurm submit [--ignore NAME,...] FILE"};
  if (const auto name = foreign_variable(environment(), ignored); !name.empty())
    throw Failure{use_command, "the variable " + name + " is for sbatch"};
  for (const auto& name : ignored) unsetenv(name.c_str());

  Request request;
  request.path = files.front();
  request.script = read_file(request.path);
  auto script = read_script(request.script);
  if (!script.wrong.empty()) throw Failure{refused, script.wrong};
  if (!script.foreign.empty())
    throw Failure{use_command, "the directive \"" + printable(script.foreign) + "\" is for sbatch"};
  request.wanted = std::move(script.wanted);
  request.fill();
  return send(request);
}

// As scancel: a job that has ended, or that nobody knows, is no mistake.
Json cancel(const Words& ids) {
  if (ids.empty()) throw Failure{usage, "cancel wants job ids: pcluster-slurm cancel 7 12_[0-3]"};
  Json failed = Json::array();
  for (const auto& id : ids) {
    if (id.find_first_of("0123456789") != 0) throw Failure{refused, "Invalid job id " + id};
    if (slurm_kill_job2(id.c_str(), SIGKILL, 0, nullptr) == SLURM_SUCCESS) continue;
    const int code = last_error();
    if (code == ESLURM_ALREADY_DONE || code == ESLURM_INVALID_JOB_ID) continue;
    failed.push_back({{"id", id}, {"code", code}, {"words", text(slurm_strerror(code))}});
  }
  if (failed.empty()) return {{"cancelled", ids}};
  const auto& first = failed.front();
  throw Failure{refused,
                "Kill job error on job id " + first["id"].get<std::string>() + ": " +
                    first["words"].get<std::string>(),
                first["code"].get<int>()};
}

}  // namespace pcluster::slurm_api
