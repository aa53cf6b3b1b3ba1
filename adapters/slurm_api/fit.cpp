// `pcluster-slurm version` and `ping`: whether this library is the one of the running Slurm.
// SPDX-License-Identifier: MIT
#include <sys/stat.h>

#include <cstdio>

#include "adapters/slurm_api/library.hpp"
#include "launcher/base/text.hpp"

namespace pcluster::slurm_api {
namespace {

std::string release(unsigned long number) {  // 0x160508 is 22.05.8
  char words[32];
  std::snprintf(words, sizeof words, "%02lu.%02lu.%lu", number >> 16 & 0xff, number >> 8 & 0xff,
                number & 0xff);
  return words;
}

std::string soname(unsigned long number) {  // 0x260000 is libslurm.so.38
  return "libslurm.so." + std::to_string(number >> 16 & 0xff);
}

std::string major(const std::string& version) {  // "22.05" of "22.05.8"
  const auto parts = split(version, '.');
  return parts.size() < 2 ? version : parts[0] + "." + parts[1];
}

// What sbatch would do besides, of which the library knows nothing.
std::string beside(const slurm_conf_t& conf) {
  const std::string filters = conf.cli_filter_plugins == nullptr ? "" : conf.cli_filter_plugins;
  if (!filters.empty() && filters != "none" && filters != "cli_filter/none")
    return "sbatch has filters here (CliFilterPlugins=" + filters + ")";
  struct stat file {};
  if (conf.plugstack != nullptr && stat(conf.plugstack, &file) == 0 && file.st_size > 0)
    return std::string("sbatch has plugins here (") + conf.plugstack + ")";
  return {};
}

}  // namespace

// `fits`: the same release; `complete`: sbatch does no more than the library.
Json fit() {
  slurm_conf_t* conf = nullptr;
  check(slurm_load_ctl_conf(0, &conf));
  const auto ours = release(SLURM_VERSION_NUMBER);
  const std::string theirs = conf->version == nullptr ? "" : conf->version;
  const bool fits = major(ours) == major(theirs);
  const auto more = beside(*conf);
  Json said{{"built_for", ours},
            {"cluster", text(conf->cluster_name)},
            {"complete", more.empty()},
            {"controller", theirs},
            {"fits", fits},
            {"library", soname(static_cast<unsigned long>(slurm_api_version()))},
            {"why", fits ? more
                         : "pcluster-slurm is built for Slurm " + ours + ", and " + theirs +
                               " runs here"}};
  slurm_free_ctl_conf(conf);
  return said;
}

Json version(const Words& words) {
  if (!words.empty()) throw Failure{usage, "version takes no " + words.front()};
  return {{"pcluster", PCLUSTER_VERSION}, {"slurm", fit()}};
}

Json ping(const Words& words) {
  if (!words.empty()) throw Failure{usage, "ping takes no " + words.front()};
  check(slurm_ping(0));
  return {{"controller", "UP"}};
}

}  // namespace pcluster::slurm_api
