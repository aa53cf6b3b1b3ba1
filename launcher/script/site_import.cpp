// Snakemake's partition files into ours.  Pure.
// SPDX-License-Identifier: MIT
#include "launcher/script/site_import.hpp"

#include "launcher/base/error.hpp"
#include "launcher/script/yaml_values.hpp"

namespace pcluster {
namespace {

void read_mb(const Value& value, std::optional<std::uint64_t>& to) {
  std::uint32_t mb = 0;
  read(value, mb);
  if (mb > 0) to = mb;
}

// A bare number is minutes there.
void read_runtime(const Value& value, SitePartition& partition) {
  const auto number = to_integer(scalar(value, "a number of minutes, or a duration"));
  if (number && *number <= 0) return;
  if (number)
    partition.max_time = *number * 60 * second;
  else
    read(value, Duration{partition.max_time.emplace()});
}

// Both limit the cores of a task: the smaller counts.
void read_cores(const Value& value, SitePartition& partition) {
  std::uint32_t cores = 0;
  read(value, cores);
  if (cores > 0) partition.max_cores = std::min(cores, partition.max_cores.value_or(cores));
}

const Key<SitePartition> known[] = {
    {"max_runtime", read_runtime},
    {"max_mem_mb", [](auto& v, auto& p) { read_mb(v, p.max_memory_mb); }},
    {"max_mem_mb_per_cpu", [](auto& v, auto& p) { read_mb(v, p.max_memory_mb_per_core); }},
    {"max_cpus_per_task", read_cores},
    {"max_threads", read_cores},
    {"max_nodes", [](auto& v, auto& p) { read(v, p.max_nodes); }},
    {"max_gpu", [](auto& v, auto& p) { read(v, p.gpus); }},
};

std::string one_line(const YAML::Node& node) {
  YAML::Emitter text;
  text.SetSeqFormat(YAML::Flow);
  text.SetMapFormat(YAML::Flow);
  text << node;
  return text.c_str();
}

void take(const Entry& field, SitePartition& partition, std::vector<std::string>& notes) {
  if (field.value.node.IsNull()) return;
  const auto key =
      std::ranges::find_if(known, [&](auto& each) { return field.value.key == each.name; });
  if (key != std::end(known)) return key->take(field.value, partition);
  notes.push_back(fmt::format("{}.{}: {}", partition.name, printable(field.value.key),
                              printable(one_line(field.value.node))));
}

}  // namespace

ImportedSite import_partitions(std::string_view yaml, const std::string& file) {
  ImportedSite imported;
  const Value all{file, "the file", load_yaml(yaml, file)};
  bool found = false;
  for (const auto& [name, value] : entries_of(all)) {
    if (name.key != "partitions") {
      imported.notes.push_back(printable(name.key));
      continue;
    }
    found = true;
    for (const auto& [partition_name, fields] : entries_of(value)) {
      SitePartition partition;
      partition.name = partition_name.key;
      partition.source = file;
      if (!fields.node.IsNull())
        for (const auto& field : entries_of(fields)) take(field, partition, imported.notes);
      imported.site.partitions.push_back(std::move(partition));
    }
  }
  if (!found)
    all.fail("no `partitions:` in it", "it maps names to limits: max_runtime, max_mem_mb");
  imported.site.file = imported.site.source = file;
  return imported;
}

}  // namespace pcluster
