// How large a worker is.  Pure: no clock, no I/O (measure.cpp looks at the machine).
// SPDX-License-Identifier: MIT
#include "mpi-runtime/size.hpp"

#include <algorithm>
#include <cmath>

#include "launcher/base/text.hpp"

namespace pcluster {
namespace {

constexpr std::uint64_t mb = 1 << 20;
constexpr std::uint64_t no_limit = std::uint64_t{1} << 50;  // v1 says 2^63 minus a page

template <class T>
void at_most(T& value, std::optional<T> limit) {
  if (limit) value = std::min(value, *limit);
}
template <class T>
void at_most(std::optional<T>& value, std::optional<T> limit) {
  if (limit) value = std::min(value.value_or(*limit), *limit);
}

std::optional<std::uint64_t> positive(std::string_view text) {
  auto number = to_integer(trim(text));
  if (!number || *number <= 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

// "2" is a number of gpus; "0,3" and "GPU-1f..,GPU-2a.." are their names.
std::vector<std::string> gpu_names(std::string_view text) {
  std::vector<std::string> names;
  for (const auto& part : split(text, ','))
    if (auto name = trim(part); !name.empty() && name != "-1" && name != "NoDevFiles")
      names.emplace_back(name);
  return names;
}

std::vector<std::string> gpus_from(const SizeFacts& facts) {
  std::optional<std::vector<std::string>> names;
  if (facts.visible_gpus) names = gpu_names(*facts.visible_gpus);
  if (trim(facts.job_gpus).empty()) return names.value_or(std::vector<std::string>{});
  if (auto count = to_integer(trim(facts.job_gpus))) {
    auto wanted = static_cast<std::size_t>(std::clamp(*count, 0LL, 1024LL));
    if (!names) {
      names.emplace();
      for (std::size_t i = 0; i < wanted; ++i) names->push_back(std::to_string(i));
    }
    names->resize(std::min(names->size(), wanted));
    return *names;
  }
  return names ? *names : gpu_names(facts.job_gpus);
}

// Where the group of `controller` ("" = version 2) lies: its mount and its path below it.
struct GroupPlace {
  std::string mount, path;
};

std::optional<std::string> mount_of(std::string_view mountinfo, std::string_view controller) {
  for (const auto& line : lines(mountinfo)) {
    auto halves = line.find(" - ");  // "... ROOT MOUNT OPTIONS ... - TYPE SOURCE SUPEROPTIONS"
    if (halves == std::string::npos) continue;
    auto left = split(std::string_view(line).substr(0, halves), ' ');
    auto right = split(std::string_view(line).substr(halves + 3), ' ');
    if (left.size() < 5 || right.size() < 3) continue;
    if (controller.empty() ? right[0] == "cgroup2" : right[0] == "cgroup") {
      auto options = split(right[2], ',');
      bool has = std::find(options.begin(), options.end(), controller) != options.end();
      if (controller.empty() || has) return left[4];
    }
  }
  return std::nullopt;
}

std::optional<GroupPlace> place_of(std::string_view groups, std::string_view mountinfo,
                                   std::string_view controller) {
  auto mount = mount_of(mountinfo, controller);
  if (!mount) return std::nullopt;
  for (const auto& line : lines(groups)) {  // "4:memory:/slurm/job_3", "0::/user.slice"
    auto fields = split(line, ':');
    if (fields.size() < 3) continue;
    auto names = split(fields[1], ',');
    bool ours = controller.empty()
                    ? fields[0] == "0" && fields[1].empty()
                    : std::find(names.begin(), names.end(), controller) != names.end();
    if (!ours) continue;
    std::string path = line.substr(fields[0].size() + fields[1].size() + 2);
    return GroupPlace{*mount, path == "/" ? "" : path};
  }
  return std::nullopt;
}

// `each` for the group's directory and all above it, up to the mount.
void walk_up(const GroupPlace& place, const std::function<void(const std::string&)>& each) {
  std::string path = place.path;
  for (;;) {
    each(place.mount + path);
    if (path.empty()) return;
    path.erase(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

}  // namespace

std::optional<double> parse_cpu_quota(std::string_view quota, std::string_view period) {
  auto allowed = positive(quota), of = positive(period);  // quota -1: no limit
  if (!allowed || !of) return std::nullopt;
  return static_cast<double>(*allowed) / static_cast<double>(*of);
}

std::optional<double> parse_cpu_max(std::string_view text) {
  auto words = split(trim(text), ' ');
  return words.size() == 2 ? parse_cpu_quota(words[0], words[1]) : std::nullopt;
}

std::optional<std::uint64_t> parse_memory_limit(std::string_view text) {
  auto bytes = positive(text);
  if (!bytes || *bytes >= no_limit) return std::nullopt;
  return std::max<std::uint64_t>(*bytes / mb, 1);
}

std::uint64_t parse_mem_total(std::string_view meminfo) {
  constexpr std::string_view key = "MemTotal:";
  for (const auto& line : lines(meminfo)) {
    if (!line.starts_with(key)) continue;
    auto words = split(trim(std::string_view(line).substr(key.size())), ' ');
    return positive(words.front()).value_or(0) / 1024;
  }
  return 0;
}

GroupLimits group_limits(const ReadFile& read) {
  GroupLimits limits;
  auto groups = read("/proc/self/cgroup"), mounts = read("/proc/self/mountinfo");
  if (!groups || !mounts) return limits;
  if (auto place = place_of(*groups, *mounts, ""))
    walk_up(*place, [&](const std::string& directory) {
      if (auto text = read(directory + "/cpu.max")) at_most(limits.cpus, parse_cpu_max(*text));
      if (auto text = read(directory + "/memory.max"))
        at_most(limits.memory_mb, parse_memory_limit(*text));
    });
  if (auto place = place_of(*groups, *mounts, "cpu"))
    walk_up(*place, [&](const std::string& directory) {
      auto quota = read(directory + "/cpu.cfs_quota_us");
      auto period = read(directory + "/cpu.cfs_period_us");
      if (quota && period) at_most(limits.cpus, parse_cpu_quota(*quota, *period));
    });
  if (auto place = place_of(*groups, *mounts, "memory"))
    walk_up(*place, [&](const std::string& directory) {
      if (auto text = read(directory + "/memory.limit_in_bytes"))
        at_most(limits.memory_mb, parse_memory_limit(*text));
    });
  return limits;
}

// Version 1 has it where the controller is mounted: then version 2 has none.
std::optional<MemoryPlace> memory_place(const ReadFile& read) {
  const auto groups = read("/proc/self/cgroup"), mounts = read("/proc/self/mountinfo");
  if (!groups || !mounts) return {};
  if (const auto place = place_of(*groups, *mounts, "memory"))
    return MemoryPlace{1, place->mount + place->path, place->mount};
  if (const auto place = place_of(*groups, *mounts, ""))
    return MemoryPlace{2, place->mount + place->path, place->mount};
  return {};
}

WorkerSize size_from(const SizeFacts& facts) {
  WorkerSize size;
  auto job_cores = positive(facts.job_cores);
  std::uint64_t cores = facts.mask.size();
  at_most(cores, job_cores);
  if (facts.group_cpus)  // half a core is still one that tasks can be run on
    cores = std::min(cores, static_cast<std::uint64_t>(std::ceil(*facts.group_cpus - 0.01)));
  size.resources.cores = static_cast<std::uint32_t>(std::max<std::uint64_t>(cores, 1));
  size.resources.memory_mb = facts.host_memory_mb;
  at_most(size.resources.memory_mb, facts.group_memory_mb);
  size.group_memory_mb = facts.group_memory_mb.value_or(0);
  at_most(size.resources.memory_mb, positive(facts.job_memory_mb));
  size.gpus = gpus_from(facts);
  size.resources.gpus = static_cast<std::uint32_t>(size.gpus.size());
  // Without the job's word nobody can tell whether the mask is shared.
  size.confined = job_cores && !facts.mask.empty() && facts.mask.size() <= *job_cores &&
                  facts.mask.size() < facts.host_cpus;
  if (size.confined) size.cores = facts.mask;
  return size;
}

}  // namespace pcluster
