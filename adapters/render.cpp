// The job script from its template: what every scheduler's template is given.  Pure.
// SPDX-License-Identifier: MIT
#include "adapters/adapter.hpp"
#include "launcher/base/error.hpp"
#include "launcher/script/template.hpp"

namespace pcluster {
namespace {

ShellWords worker_command(const Adapter& adapter, const JobSpec& spec, const JobIdentity& job) {
  std::vector<std::string> words{spec.worker_binary, "worker",    "--directory", job.directory,
                                 "--cluster",        job.cluster, "--token",     job.token};
  const auto add = [&](const char* flag, const std::string& value) {
    words.insert(words.end(), {flag, value});
  };
  if (spec.slots > 0) add("--slots", std::to_string(spec.slots));
  if (!spec.local_directory.empty()) add("--local-directory", spec.local_directory);
  for (const auto& pattern : adapter.scrub) add("--scrub", pattern);
  return {std::move(words)};
}

}  // namespace

std::string render_job_script(const Adapter& adapter, const JobSpec& spec, const JobIdentity& job,
                              std::string template_name) {
  if (template_name.empty()) template_name = adapter.template_file;
  if (!spec.worker_binary.starts_with('/'))
    throw Error(Exit::usage, "the job script needs the absolute path of pcluster on the nodes",
                "it is \"" + spec.worker_binary + "\" now");
  Fields fields{
      {"setup", ShellLines{spec.setup}}, {"worker_command", worker_command(adapter, spec, job)},
      {"many_nodes", spec.nodes > 1},    {"nodes", ShellWord{std::to_string(spec.nodes)}},
      {"job_name", ShellWord{job.name}}, {"cluster", ShellWord{job.cluster}},
      {"token", ShellWord{job.token}},   {"directory", ShellWord{job.directory}},
  };
  std::vector<DirectiveValue> directives;
  for (auto& line : adapter.directives(spec, job)) directives.push_back({std::move(line)});
  fields.emplace("directives", std::move(directives));
  for (auto& [name, code] : adapter.script_words(spec, job)) fields.emplace(name, ShellCode{code});
  return render(spec.job_template, fields, template_name);
}

}  // namespace pcluster
