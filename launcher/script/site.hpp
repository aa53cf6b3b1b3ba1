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
  // What a worker there has unless more or less is said; null: ask the live scheduler.
  std::optional<std::uint64_t> memory_mb;
  std::optional<std::uint32_t> cores;
  std::optional<Micros> max_time;
  std::string arch;    // empty = any
  std::string source;  // where the numbers come from
  // What a job there may have at most, and must ask for at least; null: not known, or no limit.
  std::optional<std::uint64_t> max_memory_mb = {}, min_memory_mb = {}, max_memory_mb_per_core = {};
  std::optional<std::uint32_t> max_cores = {}, min_cores = {}, max_nodes = {}, gpus = {};
  std::optional<Micros> min_time = {};
  std::string qos = {};  // of jobs there; empty = the site's
};

// How many cores go with so much memory, where the partition does not say.
struct CoresRule {
  bool round = false;  // to the nearest; else down
  // By architecture, where the live scheduler does not tell a core's share.
  std::map<std::string, std::uint64_t> memory_mb_per_core;
};

struct SiteProfile {
  std::string file;  // where it was read from
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
  std::optional<Micros> warning;    // the worker is told so long before its job's end; 0: it is not
  bool time_required = false;       // no default there: a job must say its time
  std::string qos;                  // of jobs; empty = the account's
  std::vector<std::string> prefer;  // globs: which of equally large partitions routing takes
  SitePartition limits;             // of every partition, where it says nothing itself
  CoresRule cores_rule;             // cores of memory
  PortRange ports;                  // where the launcher and workers may listen; 0 = any
  std::vector<std::string> interface;  // names or address globs: only those are told to workers
  SchedulerManners manners;
  std::optional<Micros> timeout;                     // how long `submit` waits for workers
  std::map<std::string, std::string> worker_binary;  // path of pcluster by architecture
  std::vector<std::string> login;                    // hosts that nodes may call with ssh
  std::vector<std::string> notes;                    // for people who use the site
};

std::vector<std::string> via_words();  // of `slurm_via:`
std::vector<std::string> mpi_kinds();  // the words of `mpi: {kind: ...}`

// As parse_duration, for time limits of jobs: schedulers differ on a bare number, so it needs its
// unit.
Micros parse_time_limit(std::string_view text);
PortRange parse_ports(std::string_view text);  // "60001-63000"
std::string show_ports(PortRange);             // the same; empty = any

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
  std::optional<std::string> qos;
  std::optional<std::uint32_t> gpus;  // per node
  std::optional<std::string> worker_binary;
  std::optional<PortRange> ports;
  std::vector<std::string> interface, exclude_nodes;
};
Configuration parse_configuration(std::string_view yaml, const std::string& file);
std::vector<std::string> configuration_keys();

}  // namespace pcluster
