// A site profile (site-configs/NAME.yaml): a computing centre's scheduler, partitions and set-up.
// Pure: text in, values out.  An unknown key is an Error with the line and the nearest key.
// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>
#include "launcher/base/units.hpp"
#include "launcher/model/spec.hpp"

namespace pcluster {

struct SitePartition {
  std::string name;
  std::optional<std::uint64_t> memory_mb;  // null: ask the live scheduler
  std::optional<std::uint32_t> cores;
  std::optional<Micros> max_time;
  std::string arch;    // empty = any
  std::string source;  // where the numbers come from
};

struct SiteProfile {
  std::string name, description, source;
  std::optional<std::string> verified_on;  // date; null until `sites check` passed there
  std::string scheduler;                   // adapter name
  std::vector<std::string>
      detect_hostnames;  // globs; all kinds of evidence that are given must hold
  std::vector<std::string> detect_paths;
  std::string mem_mode = "node";
  std::uint64_t memory_cushion_mb = 0;            // taken off a partition's memory
  std::optional<std::uint32_t> slots_per_worker;  // null: one per core
  std::string default_partition, account;
  bool account_required = false;
  std::string state_dir, local_directory;
  std::vector<std::string> setup, prologue, epilogue, directives, drop_directives;
  std::string job_template;  // file name in templates/ or beside the profile; empty = the adapter's
  std::vector<SitePartition> partitions;
  std::vector<std::string> exclude;  // partitions that workers must not use
  MpiSettings mpi;
  std::string slurm_via;  // "lib", "cli"; else auto: whether its library or its commands are asked
  std::optional<Micros> warning;  // the worker is told so long before its job's end; 0: it is not
};

std::vector<std::string> via_words();  // of `slurm_via:`
std::vector<std::string> mpi_kinds();  // the words of `mpi: {kind: ...}`

// As parse_duration, for time limits of jobs: schedulers differ on a bare number, so it needs its
// unit.
Micros parse_time_limit(std::string_view text);

// `file` is only for messages.
SiteProfile parse_site(std::string_view yaml, const std::string& file);

// Where values come from, by their keys in the configuration: "command line", "config.yaml:3".
using Origins = std::map<std::string, std::string, std::less<>>;

// The user's configuration (`--config`, ~/.config/pcluster/config.yaml): the values of `submit`.
struct Configuration {
  std::optional<std::string> site, partition, account, local_directory, cluster, pool, job_template;
  std::optional<std::uint32_t> jobs, nodes, cores, num_engines, min_workers;
  std::optional<std::uint64_t> memory_mb;
  std::optional<Micros> time, timeout, idle_timeout, orphan_timeout;
  std::vector<std::string> setup, prologue, epilogue, directives, drop_directives;
  std::optional<std::string> slurm_via;
  std::optional<Micros> time_min, warning;
  Origins origins;  // of the values that are given
};
Configuration parse_configuration(std::string_view yaml, const std::string& file);
std::vector<std::string> configuration_keys();

}  // namespace pcluster
