// Site profiles from YAML.  Pure.
// SPDX-License-Identifier: MIT
#include "launcher/script/site.hpp"

#include <cctype>

#include "launcher/base/error.hpp"
#include "launcher/script/yaml_values.hpp"

namespace pcluster {
namespace {

const Key<SitePartition> partition_keys[] = {
    {"memory", [](auto& v, auto& p) { read(v, Memory{p.memory_mb.emplace()}); }},
    {"cores", [](auto& v, auto& p) { read(v, p.cores); }},
    {"max_time", [](auto& v, auto& p) { read(v, Duration{p.max_time.emplace()}); }},
    {"max_memory", [](auto& v, auto& p) { read(v, Memory{p.max_memory_mb.emplace()}); }},
    {"min_memory", [](auto& v, auto& p) { read(v, Memory{p.min_memory_mb.emplace()}); }},
    {"max_memory_per_core",
     [](auto& v, auto& p) { read(v, Memory{p.max_memory_mb_per_core.emplace()}); }},
    {"max_cores", [](auto& v, auto& p) { read(v, p.max_cores); }},
    {"min_cores", [](auto& v, auto& p) { read(v, p.min_cores); }},
    {"max_nodes", [](auto& v, auto& p) { read(v, p.max_nodes); }},
    {"gpus", [](auto& v, auto& p) { read(v, p.gpus); }},
    {"min_time", [](auto& v, auto& p) { read(v, Duration{p.min_time.emplace()}); }},
    {"qos", [](auto& v, auto& p) { read(v, p.qos); }},
    {"arch", [](auto& v, auto& p) { read(v, p.arch); }},
    {"source", [](auto& v, auto& p) { read(v, p.source); }},
};

const Key<SiteProfile> detect_keys[] = {
    {"hostname", [](auto& v, auto& s) { read(v, s.detect_hostnames); }},
    {"path", [](auto& v, auto& s) { read(v, s.detect_paths); }},
};

void read_detect(const Value& value, SiteProfile& site) { read_map(value, site, detect_keys); }

void read_partitions(const Value& value, SiteProfile& site) {
  if (!value.node.IsMap()) value.must_be("a map from names to what each offers");
  for (const auto& entry : value.node) {
    const YAML::Node &name = entry.first, &node = entry.second;
    SitePartition partition;
    partition.name = scalar({value.file, "name of a partition", name}, "a text");
    const auto same = [&](auto& other) { return other.name == partition.name; };
    if (std::ranges::any_of(site.partitions, same))
      Value{value.file, partition.name, name}.fail(
          fmt::format("partition `{}` is given twice", partition.name));
    if (!node.IsNull())
      read_map(Value{value.file, partition.name, node}, partition, partition_keys);
    site.partitions.push_back(std::move(partition));
  }
}

const Key<SitePartition> limit_keys[] = {
    {"max_memory", [](auto& v, auto& p) { read(v, Memory{p.max_memory_mb.emplace()}); }},
    {"max_cores", [](auto& v, auto& p) { read(v, p.max_cores); }},
    {"max_nodes", [](auto& v, auto& p) { read(v, p.max_nodes); }},
    {"max_time", [](auto& v, auto& p) { read(v, Duration{p.max_time.emplace()}); }},
    {"gpus", [](auto& v, auto& p) { read(v, p.gpus); }},
};

template <class T, class Read>
void read_by_name(const Value& value, std::map<std::string, T>& to, Read each) {
  for (const auto& [name, entry] : entries_of(value))
    if (!entry.node.IsNull()) each(entry, to[name.key]);
}

const Key<CoresRule> cores_rule_keys[] = {
    {"rounding",
     [](auto& v, auto& r) {
       std::string word;
       read_choice(v, word, {"down", "nearest"});
       r.round = word == "nearest";
     }},
    {"memory_per_core",
     [](auto& v, auto& r) {
       read_by_name(v, r.memory_mb_per_core, [](const Value& e, auto& mb) { read(e, Memory{mb}); });
     }},
};

void read_binaries(const Value& value, std::map<std::string, std::string>& to) {
  read_by_name(value, to, [](const Value& entry, std::string& path) {
    read(entry, path);
    if (!path.starts_with('/')) entry.must_be("a path from the root");
  });
}

void read_mem_mode(const Value& value, SiteProfile& site) {
  read_choice(value, site.mem_mode, {"node", "cpu", "none"});
}

void read_mpiexec(const Value& value, MpiSettings& mpi) {
  read(value, mpi.mpiexec);
  if (mpi.mpiexec.find('/') != std::string::npos && mpi.mpiexec.front() != '/')
    value.must_be("a program's name, or its path from the root");
}

// Words, each as mpiexec gets it: one text of several would be one word, and a riddle there.
void read_words(const Value& value, MpiSettings& mpi) {
  if (!value.node.IsSequence()) value.must_be("a list of words");
  read(value, mpi.arguments);
}

bool is_variable_name(const std::string& name) {
  return !name.empty() && name.find_first_of("0123456789") != 0 &&
         std::ranges::all_of(name, [](unsigned char c) { return c == '_' || std::isalnum(c); });
}

void read_variables(const Value& value, MpiSettings& mpi) {
  for (const auto& [name, text] : entries_of(value)) {
    if (!is_variable_name(name.key))
      name.fail(fmt::format("`{}` is no name of a variable", printable(name.key)));
    if (!text.node.IsNull()) read(text, mpi.environment.emplace_back(name.key, "").second);
  }
}

const Key<MpiSettings> mpi_keys[] = {
    {"mpiexec", read_mpiexec},
    {"kind", [](auto& v, auto& m) { read_choice(v, m.kind, mpi_kinds()); }},
    {"arguments", read_words},
    {"environment", read_variables},
    {"span_jobs", [](auto& v, auto& m) { read(v, m.span_jobs); }},
};

const Key<SiteProfile> site_keys[] = {
    {"site", [](auto& v, auto& s) { read(v, s.name); }},
    {"description", [](auto& v, auto& s) { read(v, s.description); }},
    {"source", [](auto& v, auto& s) { read(v, s.source); }},
    {"verified_on", [](auto& v, auto& s) { read(v, s.verified_on); }},
    {"scheduler", [](auto& v, auto& s) { read(v, s.scheduler); }},
    {"detect", read_detect},
    {"mem_mode", read_mem_mode},
    {"memory_cushion", [](auto& v, auto& s) { read(v, Memory{s.memory_cushion_mb}); }},
    {"slots_per_worker", [](auto& v, auto& s) { read(v, s.slots_per_worker); }},
    {"default_partition", [](auto& v, auto& s) { read(v, s.default_partition); }},
    {"account", [](auto& v, auto& s) { read(v, s.account); }},
    {"account_required", [](auto& v, auto& s) { read(v, s.account_required); }},
    {"state_dir", [](auto& v, auto& s) { read(v, s.state_dir); }},
    {"local_directory", [](auto& v, auto& s) { read(v, s.local_directory); }},
    {"setup", [](auto& v, auto& s) { read(v, s.setup); }},
    {"prologue", [](auto& v, auto& s) { read(v, s.prologue); }},
    {"epilogue", [](auto& v, auto& s) { read(v, s.epilogue); }},
    {"directives", [](auto& v, auto& s) { read(v, s.directives); }},
    {"drop_directives", [](auto& v, auto& s) { read(v, s.drop_directives); }},
    {"job_template", [](auto& v, auto& s) { read(v, s.job_template); }},
    {"mpi", [](auto& v, auto& s) { read_map(v, s.mpi, mpi_keys); }},
    {"warning", [](auto& v, auto& s) { read(v, Duration{s.warning.emplace()}); }},
    {"partitions", read_partitions},
    {"exclude", [](auto& v, auto& s) { read(v, s.exclude); }},
    {"slurm_via", [](auto& v, auto& s) { read_choice(v, s.slurm_via, via_words()); }},
    {"time_required", [](auto& v, auto& s) { read(v, s.time_required); }},
    {"qos", [](auto& v, auto& s) { read(v, s.qos); }},
    {"prefer", [](auto& v, auto& s) { read(v, s.prefer); }},
    {"limits", [](auto& v, auto& s) { read_map(v, s.limits, limit_keys); }},
    {"cores_rule", [](auto& v, auto& s) { read_map(v, s.cores_rule, cores_rule_keys); }},
    {"ports", [](auto& v, auto& s) { read(v, s.ports); }},
    {"interface", [](auto& v, auto& s) { read(v, s.interface); }},
    {"max_jobs", [](auto& v, auto& s) { read(v, s.manners.max_jobs); }},
    {"max_array", [](auto& v, auto& s) { read(v, s.manners.max_array); }},
    {"submit_every", [](auto& v, auto& s) { read(v, Duration{s.manners.submit_every}); }},
    {"poll", [](auto& v, auto& s) { read(v, Duration{s.manners.poll}); }},
    {"timeout", [](auto& v, auto& s) { read(v, Duration{s.timeout.emplace()}); }},
    {"worker_binary", [](auto& v, auto& s) { read_binaries(v, s.worker_binary); }},
    {"login", [](auto& v, auto& s) { read(v, s.login); }},
    {"notes", [](auto& v, auto& s) { read(v, s.notes); }},
};

}  // namespace

std::vector<std::string> via_words() { return {"auto", "lib", "cli"}; }
std::vector<std::string> mpi_kinds() { return {"openmpi4", "openmpi5", "mpich", "intel"}; }

SiteProfile parse_site(std::string_view yaml, const std::string& file) {
  SiteProfile site;
  site.file = file;
  read_map(Value{file, "the profile", load_yaml(yaml, file)}, site, site_keys);
  for (const auto& [key, value] : {std::pair{"site", site.name}, {"scheduler", site.scheduler}})
    if (value.empty()) throw Error(Exit::usage, fmt::format("{}: key `{}` is missing", file, key));
  if (site.slots_per_worker == 0)
    throw Error(Exit::usage, fmt::format("{}: `slots_per_worker` must be at least 1", file),
                "null means one slot per core");
  return site;
}

}  // namespace pcluster
