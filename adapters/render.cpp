// The job script from its template: what every scheduler's template is given.  Pure.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "adapters/adapter.hpp"
#include "launcher/base/error.hpp"
#include "launcher/script/template.hpp"

namespace pcluster {
namespace {

ShellWords worker_command(const Adapter& adapter, const JobSpec& spec, const JobIdentity& job) {
  std::vector<std::string> words{spec.worker_binary, job.role,    "--directory", job.directory,
                                 "--cluster",        job.cluster, "--token",     job.token};
  const auto add = [&](const char* flag, const std::string& value) {
    words.insert(words.end(), {flag, value});
  };
  if (spec.slots > 0) add("--slots", std::to_string(spec.slots));
  if (!spec.local_directory.empty()) add("--local-directory", spec.local_directory);
  if (spec.ports.first > 0) add("--ports", fmt::format("{}-{}", spec.ports.first, spec.ports.last));
  for (const auto& pattern : adapter.scrub) add("--scrub", pattern);
  return {std::move(words)};
}

Fields fields_of(const Adapter& adapter, const JobSpec& spec, const JobIdentity& job) {
  Fields fields{
      {"setup", ShellLines{spec.setup}},
      {"prologue", ShellLines{spec.prologue}},
      {"epilogue", ShellLines{spec.epilogue}},
      {"worker_command", worker_command(adapter, spec, job)},
      {"many_nodes", spec.nodes > 1},
      {"nodes", ShellWord{std::to_string(spec.nodes)}},
      {"job_name", ShellWord{job.name}},
      {"cluster", ShellWord{job.cluster}},
      {"token", ShellWord{job.token}},
      {"directory", ShellWord{job.directory}},
  };
  std::vector<DirectiveValue> directives;
  for (auto& line : adapter.directives(spec, job)) directives.push_back({std::move(line)});
  fields.emplace("directives", std::move(directives));
  for (auto& [name, code] : adapter.script_words(spec, job)) fields.emplace(name, ShellCode{code});
  return fields;
}

// A template without these would give jobs that do nothing, or that we could never find again.
void check_template(const Adapter& adapter, const std::vector<std::string>& used,
                    const std::string& name) {
  const auto uses = [&](const char* field) { return std::ranges::find(used, field) != used.end(); };
  if (!uses("worker_command"))
    throw Error(
        Exit::usage,
        fmt::format("{}: `{{{{worker_command}}}}` is not in it: no worker would start", name),
        "write a line: exec {{worker_command}}");
  if (!adapter.directive_prefix.empty() && !uses("directives"))
    throw Error(
        Exit::usage,
        fmt::format("{}: `{{{{#directives}}}}` is not in it: the jobs would have no name of "
                    "ours",
                    name),
        fmt::format("write three lines: {{{{#directives}}}}, {} {{{{.}}}}, "
                    "{{{{/directives}}}}",
                    adapter.directive_prefix));
}

}  // namespace

std::vector<std::string> template_fields(const Adapter& adapter) {
  std::vector<std::string> names;
  for (const auto& [name, field] : fields_of(adapter, {}, {})) names.push_back(name);
  return names;
}

std::string render_job_script(const Adapter& adapter, const JobSpec& spec, const JobIdentity& job,
                              std::string template_name) {
  if (template_name.empty()) template_name = adapter.template_file;
  if (!spec.worker_binary.starts_with('/'))
    throw Error(Exit::usage, "the job script needs the absolute path of pcluster on the nodes",
                "it is \"" + spec.worker_binary + "\" now");
  auto script = render(spec.job_template, fields_of(adapter, spec, job), template_name);
  check_template(adapter, fields_used(spec.job_template, template_name), template_name);
  return script;
}

}  // namespace pcluster
